// A throw-away PostgreSQL cluster for tests: its own directory, a free port on 127.0.0.1 and a
// Unix socket, run as the user postgres when the tests run as root. It ends with this object, or
// with the test program, however that ends.
//
// Failures throw std::runtime_error with the end of the server's log.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::test {

struct PostgresOptions {
  /** Off by default: tests that kill the server's processes do not need the disk. */
  bool fsync = false;
  int max_connections = 100;
  /** The server's default time zone. */
  std::string time_zone = "UTC";
  /** Further settings, as in postgresql.conf. */
  std::map<std::string, std::string> settings;
};

class PostgresServer {
 public:
  explicit PostgresServer(PostgresOptions options = {});
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  /** An empty database of its own, as a URL over TCP. `parameters` are added to the URL, e.g.
      "sslmode=disable". */
  std::string fresh_database(std::string_view parameters = "");
  /** The URL of a database that exists. */
  std::string url(std::string_view database, std::string_view parameters = "") const;

  int port() const noexcept { return port_; }
  const std::string& socket_directory() const noexcept { return directory_; }

  /** Starts it after stop() or kill(), on the same port, and waits until it answers. */
  void start();
  /** A fast shutdown: sessions are ended, what was committed is kept. */
  void stop();
  /** SIGKILL to the server and all of its processes: a crash. */
  void kill();
  /** SIGSTOP to all of its processes: sockets stay open and nothing answers. */
  void pause();
  void resume();

  /** Restarts it as a replica that waits for a primary: in recovery, read-only. */
  void become_replica();

 private:
  void launch();
  std::vector<pid_t> processes() const;
  void signal_all(int signal_number) const;
  std::string log_tail() const;

  PostgresOptions options_;
  std::string directory_;
  int port_ = 0;
  pid_t pid_ = -1;
};

/** One server for all tests of the program that do not disturb it. */
PostgresServer& shared_postgres();

/** Runs SQL on its own connection and gives all rows as text; NULL is "(null)". */
std::vector<std::vector<std::string>> run_sql(const std::string& url, const std::string& sql);

/** The first column of the first row. */
std::string sql_value(const std::string& url, const std::string& sql);

}  // namespace holdfast::test
