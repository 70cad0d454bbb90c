// Internal to this room: one accepted connection and what all connections of a server share. Only
// .cc files include it.
//
// A connection lives as long as something waits for it: each waiting operation and each request in
// flight holds it. close() makes all of them end soon.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/server.h"
#include "http/tls_context.h"
#include "http/transport.h"

namespace holdfast::http_detail {

class ServerConnection;
using SteadyTime = std::chrono::steady_clock::time_point;

/** What the connections of one server share. */
struct ServerShared {
  HttpServerSettings settings;
  HttpHandler handler;
  std::shared_ptr<TlsContext> tls;
  HttpServerStats stats;
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections;
  bool stopping = false;
  /** Called after a connection has left `connections`. */
  std::function<void()> on_closed;
};

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(Socket socket, std::shared_ptr<ServerShared> shared);

  void start();
  /** At once, whatever it is doing. */
  void close();
  /** No further request: an idle connection is closed now, another after its answer. */
  void finish();

  bool is_idle() const noexcept { return phase_ == Phase::idle; }
  /** When what it is doing must be over. */
  SteadyTime deadline() const noexcept { return deadline_; }

 private:
  enum class Phase : std::uint8_t {
    closed = 0,
    handshaking,
    idle,
    reading,
    handling,
    writing,
    draining,
  };
  enum class After : std::uint8_t { close = 0, keep };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void enter(Phase phase, std::chrono::milliseconds limit);
  void handshake();
  void next_request();
  void read();
  void parse();
  /** Answers and true when the request must not go on. */
  bool refuse_header();
  void send_continue();
  void handle();
  void respond(const HttpResponse& response);
  void refuse(unsigned status, std::string_view name, std::string_view message);
  void refuse_parse_error(const ErrorCode& error);
  void write_answer();
  void drain();
  void discard();

  std::shared_ptr<ServerShared> shared_;
  Transport transport_;
  Phase phase_ = Phase::handshaking;
  SteadyTime deadline_{};
  std::string peer_;
  std::string client_certificate_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool header_checked_ = false;
  bool head_only_ = false;
  After after_ = After::close;
  std::string answer_;
};

}  // namespace holdfast::http_detail
