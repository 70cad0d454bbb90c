// Internal to this room: one connection of a client. Only .cc files include it.
//
// It always reads: what comes while it is idle (the server's end, or bytes that nobody asked for)
// closes it, so that a dead connection is rarely given a request. It lives as long as something
// waits for it; close() makes that end soon.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "http/client.h"
#include "http/tls_context.h"
#include "http/transport.h"

namespace holdfast::http_detail {

using SteadyTimer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

/** How far an exchange had come when it failed. The worst is zero. */
enum class SentSoFar : std::uint8_t {
  /** A byte of the answer came, or the answer cannot be used. */
  answer_begun = 0,
  /** At least one byte of the request may have been sent. */
  request_begun,
  nothing,
};

struct ExchangeFailed {
  SentSoFar sent = SentSoFar::answer_begun;
  Error error;
};
using ExchangeEnd = std::variant<ExchangeFailed, HttpAnswer>;

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  struct Events {
    /** Once: connected and idle, or the reason why not. */
    std::function<void(Result<void>)> connected;
    /** Once, later: it cannot be used any more. Not called by close(). */
    std::function<void()> lost;
  };

  /** `tls` is null for http. */
  ClientConnection(boost::asio::io_context& context,
                   std::shared_ptr<const HttpClientSettings> settings, Url url,
                   std::shared_ptr<TlsContext> tls);

  void connect(Events events);

  /** Idle, and the server has not closed it as far as this machine knows. */
  bool is_usable();

  /** Whether it has had an exchange before, so that the server may have grown tired of it. */
  bool was_used() const noexcept { return exchanges_ > 0; }

  /** Writes the request and reads its answer. `done` is called once, never before this returns;
      afterwards the connection is idle again or lost. Only when it is usable. */
  void exchange(std::string wire, HttpMethod method, std::function<void(ExchangeEnd)> done);

  /** An exchange under way ends with an error; `lost` is not called. */
  void close(const Error& reason);

 private:
  enum class State : std::uint8_t { closed = 0, connecting, idle, busy };
  using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;

  using Resolver = boost::asio::ip::basic_resolver<boost::asio::ip::tcp, Executor>;

  void open(const Resolver::results_type& endpoints);
  void handshake();
  void established();
  void connect_failed(ErrorKind kind, std::string_view what);
  void become_idle();
  void read();
  void on_read(const ErrorCode& error, std::size_t size);
  void on_written(const ErrorCode& error, std::size_t size);
  void begin_parse();
  void parse();
  void on_end_of_stream(const ErrorCode& error);
  void answered();
  void fail(SentSoFar sent, ErrorKind kind, std::string_view what);
  void lose();
  void shut();
  Error error_about(ErrorKind kind, std::string_view what) const;

  std::shared_ptr<const HttpClientSettings> settings_;
  Url url_;
  std::shared_ptr<TlsContext> tls_;
  Resolver resolver_;
  SteadyTimer timer_;
  Transport transport_;
  State state_ = State::closed;
  Events events_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::string wire_;
  HttpMethod method_ = HttpMethod::unknown;
  SentSoFar sent_ = SentSoFar::nothing;
  bool writing_ = false;
  /** What ended the stream while the request was still being written. */
  std::optional<ErrorCode> end_of_stream_;
  std::size_t exchanges_ = 0;
  std::function<void(ExchangeEnd)> done_;
};

}  // namespace holdfast::http_detail
