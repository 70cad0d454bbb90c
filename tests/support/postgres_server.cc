#include "support/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>

namespace holdfast::test {
namespace {

constexpr auto kStartLimit = std::chrono::seconds(60);

/** Where Debian and others keep the server's programs. */
std::string server_program(const std::string& name) {
  std::vector<std::string> folders;
  const std::filesystem::path debian = "/usr/lib/postgresql";
  if (std::filesystem::exists(debian)) {
    for (const auto& version : std::filesystem::directory_iterator(debian)) {
      folders.push_back((version.path() / "bin").string());
    }
  }
  folders.insert(folders.end(), {"/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin"});
  for (const std::string& folder : folders) {
    const std::string path = folder + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  throw std::runtime_error(name + " was not found: install postgresql");
}

/** Whom the server runs as: it refuses to run as root. */
const passwd* server_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres");
  return user;
}

/** Starts a program as the server's user, its output into `log`; it dies with its parent. */
pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* user = server_user();
  const uid_t uid = user != nullptr ? user->pw_uid : ::geteuid();
  const gid_t gid = user != nullptr ? user->pw_gid : ::getegid();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid > 0) return pid;
  // In the child only calls that are safe after fork.
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  if (user != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(125);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string make_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "holdfast-pg-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  const passwd* user = server_user();
  if (user != nullptr && ::chown(pattern.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("chown of " + pattern + " failed");
  }
  return pattern;
}

pid_t parent_of(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return -1;
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  pid_t parent = -1;
  rest >> state >> parent;
  return parent;
}

}  // namespace

PostgresServer::PostgresServer(PostgresOptions options)
    : options_(std::move(options)), directory_(make_directory()) {
  const pid_t made =
      spawn({server_program("initdb"), "-D", directory_ + "/data", "-U", "postgres", "-E", "UTF8",
             "--locale=C", "--auth=trust", "--no-sync", "--no-instructions"},
            directory_ + "/log");
  int status = 0;
  if (::waitpid(made, &status, 0) != made || status != 0) {
    throw std::runtime_error("initdb failed: " + log_tail());
  }
  port_ = free_port();
  start();
}

PostgresServer::~PostgresServer() {
  if (pid_ > 0) {
    resume();
    signal_all(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void PostgresServer::launch() {
  std::vector<std::string> command = {server_program("postgres"), "-D", directory_ + "/data"};
  std::map<std::string, std::string> settings = {
      {"listen_addresses", "127.0.0.1"},
      {"port", std::to_string(port_)},
      {"unix_socket_directories", directory_},
      {"fsync", options_.fsync ? "on" : "off"},
      {"max_connections", std::to_string(options_.max_connections)},
      {"TimeZone", options_.time_zone},
      {"log_timezone", "UTC"},
      {"superuser_reserved_connections", "0"},
      {"shared_buffers", "32MB"},
      // A crash of the server's processes is all that a test makes it survive.
      {"full_page_writes", options_.fsync ? "on" : "off"},
      {"wal_level", "minimal"},
      {"max_wal_senders", "0"},
      {"autovacuum", "off"},
  };
  for (const auto& [name, value] : options_.settings) settings[name] = value;
  for (const auto& [name, value] : settings) {
    command.push_back("-c");
    command.push_back(name + "=" + value);
  }
  pid_ = spawn(command, directory_ + "/log");
}

void PostgresServer::start() {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  launch();
  for (;;) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      // After a crash the old processes may need a moment to let go of the directory.
      if (std::chrono::steady_clock::now() > deadline) {
        pid_ = -1;
        throw std::runtime_error("postgres ended at its start: " + log_tail());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      launch();
      continue;
    }
    if (PQping(url("postgres", "connect_timeout=2").c_str()) == PQPING_OK) return;
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("postgres does not answer: " + log_tail());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresServer::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGINT);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void PostgresServer::kill() {
  if (pid_ <= 0) return;
  const std::vector<pid_t> all = processes();
  for (const pid_t process : all) ::kill(process, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  // The children were inherited by init; they are gone when their /proc entries are.
  for (const pid_t process : all) {
    while (::kill(process, 0) == 0 && parent_of(std::to_string(process)) > 1) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  pid_ = -1;
}

void PostgresServer::pause() {
  signal_all(SIGSTOP);
}

void PostgresServer::resume() {
  signal_all(SIGCONT);
}

void PostgresServer::become_replica() {
  stop();
  std::ofstream(directory_ + "/data/standby.signal").close();
  start();
}

std::vector<pid_t> PostgresServer::processes() const {
  std::vector<pid_t> found = {pid_};
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (parent_of(name) == pid_) found.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return found;
}

void PostgresServer::signal_all(int signal_number) const {
  if (pid_ <= 0) return;
  // The parent first when stopping, so that no new child is started meanwhile.
  for (const pid_t process : processes()) ::kill(process, signal_number);
}

std::string PostgresServer::log_tail() const {
  std::ifstream file(directory_ + "/log");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string all = text.str();
  return all.size() > 2000 ? all.substr(all.size() - 2000) : all;
}

std::string PostgresServer::url(std::string_view database, std::string_view parameters) const {
  std::string text = "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/";
  text += database;
  if (!parameters.empty()) {
    text += '?';
    text += parameters;
  }
  return text;
}

std::string PostgresServer::fresh_database(std::string_view parameters) {
  static std::atomic<int> counter{0};
  const std::string name = "duties_" + std::to_string(++counter);
  run_sql(url("postgres"), "CREATE DATABASE " + name);
  return url(name, parameters);
}

PostgresServer& shared_postgres() {
  static PostgresServer server;
  return server;
}

std::vector<std::vector<std::string>> run_sql(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()),
                                                                &PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    std::vector<std::string>& cells = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      cells.emplace_back(PQgetisnull(result.get(), row, column) != 0
                             ? "(null)"
                             : PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

std::string sql_value(const std::string& url, const std::string& sql) {
  const auto rows = run_sql(url, sql);
  if (rows.empty() || rows[0].empty()) throw std::runtime_error("no row: " + sql);
  return rows[0][0];
}

}  // namespace holdfast::test
