#include "http/client_connection.h"

#include <errno.h>
#include <sys/socket.h>

#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "os/secret.h"

namespace holdfast::http_detail {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

constexpr std::size_t kReadBytes = 16 * 1024;

}  // namespace

ClientConnection::ClientConnection(asio::io_context& context,
                                   std::shared_ptr<const HttpClientSettings> settings, Url url,
                                   std::shared_ptr<TlsContext> tls)
    : settings_(std::move(settings)),
      url_(std::move(url)),
      tls_(std::move(tls)),
      resolver_(context),
      timer_(context),
      transport_(Socket(context), tls_.get()) {}

Error ClientConnection::error_about(ErrorKind kind, std::string_view what) const {
  return Error{kind, fmt::format("{}: {}", url_.origin(), what)};
}

void ClientConnection::connect(Events events) {
  events_ = std::move(events);
  state_ = State::connecting;
  timer_.expires_after(settings_->connect_timeout);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (error || self->state_ != State::connecting) return;
    self->connect_failed(ErrorKind::timeout, "no connection within the connect time-out");
  });
  const std::string port = std::to_string(url_.port);
  ErrorCode error;
  const auto address = asio::ip::make_address(url_.host, error);
  if (!error) {
    const tcp::endpoint endpoint(address, url_.port);
    return open(Resolver::results_type::create(endpoint, url_.host, port));
  }
  resolver_.async_resolve(url_.host, port,
                          [self = shared_from_this()](const ErrorCode& failed,
                                                      const Resolver::results_type& endpoints) {
                            if (self->state_ != State::connecting) return;
                            if (failed) {
                              return self->connect_failed(
                                  ErrorKind::unavailable,
                                  "the host's address cannot be found: " + failed.message());
                            }
                            self->open(endpoints);
                          });
}

void ClientConnection::open(const Resolver::results_type& endpoints) {
  asio::async_connect(transport_.socket(), endpoints,
                      [self = shared_from_this()](const ErrorCode& error, const tcp::endpoint&) {
                        if (self->state_ != State::connecting) return;
                        if (error) {
                          return self->connect_failed(ErrorKind::unavailable,
                                                      "cannot connect: " + error.message());
                        }
                        self->transport_.set_no_delay();
                        if (!self->transport_.is_tls()) return self->established();
                        self->handshake();
                      });
}

void ClientConnection::handshake() {
  if (!expect_server(transport_.tls().native_handle(), url_.host)) {
    return connect_failed(ErrorKind::invalid_input, "TLS cannot verify this host name");
  }
  transport_.tls().async_handshake(
      asio::ssl::stream_base::client, [self = shared_from_this()](const ErrorCode& error) {
        if (self->state_ != State::connecting) return;
        if (!error) return self->established();
        const long verdict = SSL_get_verify_result(self->transport_.tls().native_handle());
        const std::string why =
            verdict == X509_V_OK ? error.message() : X509_verify_cert_error_string(verdict);
        self->connect_failed(ErrorKind::unavailable, "TLS: " + why);
      });
}

void ClientConnection::connect_failed(ErrorKind kind, std::string_view what) {
  Error error = error_about(kind, what);
  shut();
  const auto connected = std::exchange(events_, {}).connected;
  connected(std::move(error));
}

void ClientConnection::established() {
  become_idle();
  read();
  const auto connected = std::exchange(events_.connected, {});
  connected(Result<void>());
}

void ClientConnection::become_idle() {
  state_ = State::idle;
  timer_.expires_after(settings_->idle_timeout);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& error) {
    // A timer that was set again meanwhile may have left this call behind.
    const bool over = self->timer_.expiry() <= std::chrono::steady_clock::now();
    if (!error && over && self->state_ == State::idle) self->lose();
  });
}

bool ClientConnection::is_usable() {
  if (state_ != State::idle) return false;
  char byte = 0;
  const ssize_t got =
      ::recv(transport_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  const bool open = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
  // TLS sends messages of its own, which the waiting read takes.
  const bool usable = open || (got > 0 && transport_.is_tls());
  if (!usable) lose();
  return usable;
}

void ClientConnection::exchange(std::string wire, HttpMethod method,
                                std::function<void(ExchangeEnd)> done) {
  CHECK(state_ == State::idle && !writing_);
  state_ = State::busy;
  timer_.cancel();
  ++exchanges_;
  wire_ = std::move(wire);
  method_ = method;
  done_ = std::move(done);
  end_of_stream_.reset();
  begin_parse();
  // From here on a byte may be on its way at any moment.
  sent_ = SentSoFar::request_begun;
  writing_ = true;
  transport_.write_all(asio::buffer(wire_),
                       [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                         self->on_written(error, size);
                       });
}

void ClientConnection::on_written(const ErrorCode& error, std::size_t size) {
  writing_ = false;
  wipe(wire_);
  if (state_ != State::busy) return;
  if (error) {
    // A TLS stream reports no byte even when part of a record was sent.
    const bool nothing = size == 0 && !transport_.is_tls() && sent_ == SentSoFar::request_begun;
    return fail(nothing ? SentSoFar::nothing : sent_, ErrorKind::unavailable,
                "the request could not be written: " + error.message());
  }
  if (end_of_stream_) on_end_of_stream(*end_of_stream_);
}

void ClientConnection::read() {
  transport_.read_some(buffer_.prepare(kReadBytes),
                       [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                         self->on_read(error, size);
                       });
}

void ClientConnection::on_read(const ErrorCode& error, std::size_t size) {
  if (state_ == State::closed) return;
  if (state_ == State::idle) return lose();
  if (error) {
    // Whether anything of the request went out is known when its writing has ended.
    if (!writing_) return on_end_of_stream(error);
    end_of_stream_ = error;
    return;
  }
  sent_ = SentSoFar::answer_begun;
  buffer_.commit(size);
  parse();
}

void ClientConnection::begin_parse() {
  parser_.emplace();
  parser_->header_limit(settings_->header_bytes_max);
  parser_->body_limit(settings_->body_bytes_max);
  parser_->skip(method_ == HttpMethod::head);
}

void ClientConnection::parse() {
  ErrorCode error;
  while (buffer_.size() > 0) {
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == beast::http::error::need_more) break;
    if (error == beast::http::error::body_limit) {
      return fail(SentSoFar::answer_begun, ErrorKind::in_doubt,
                  fmt::format("the answer is longer than {} bytes", settings_->body_bytes_max));
    }
    if (error) {
      return fail(SentSoFar::answer_begun, ErrorKind::in_doubt,
                  "the answer is not valid HTTP: " + error.message());
    }
    if (!parser_->is_done()) continue;
    if (parser_->get().result_int() >= 200) return answered();
    // An interim answer (100 Continue); the real one follows.
    begin_parse();
  }
  if (buffer_.size() > settings_->header_bytes_max + kReadBytes) {
    return fail(SentSoFar::answer_begun, ErrorKind::in_doubt, "the answer's header is too long");
  }
  read();
}

void ClientConnection::on_end_of_stream(const ErrorCode& error) {
  const bool until_end = error == asio::error::eof && parser_->is_header_done() &&
                         parser_->need_eof() && sent_ == SentSoFar::answer_begun;
  if (until_end) {
    ErrorCode ignored;
    parser_->put_eof(ignored);
    if (!ignored && parser_->is_done()) return answered();
  }
  fail(sent_, ErrorKind::in_doubt,
       sent_ == SentSoFar::answer_begun
           ? "the answer broke off: " + error.message()
           : "the connection ended before the answer: " + error.message());
}

void ClientConnection::answered() {
  auto& message = parser_->get();
  HttpAnswer answer;
  answer.status = message.result_int();
  const auto content_type = message[beast::http::field::content_type];
  answer.content_type.assign(content_type.data(), content_type.size());
  answer.body = std::move(message.body());
  const bool keep = message.keep_alive() && !parser_->need_eof() && buffer_.size() == 0 &&
                    !writing_ && !end_of_stream_;
  const auto done = std::exchange(done_, nullptr);
  if (keep) {
    become_idle();
    read();
  } else {
    lose();
  }
  done(ExchangeEnd(std::move(answer)));
}

void ClientConnection::fail(SentSoFar sent, ErrorKind kind, std::string_view what) {
  ExchangeFailed failed{sent, error_about(kind, what)};
  const auto done = std::exchange(done_, nullptr);
  lose();
  done(ExchangeEnd(std::move(failed)));
}

void ClientConnection::shut() {
  state_ = State::closed;
  resolver_.cancel();
  timer_.cancel();
  transport_.close();
}

void ClientConnection::lose() {
  shut();
  const auto lost = std::exchange(events_, {}).lost;
  if (lost) lost();
}

void ClientConnection::close(const Error& reason) {
  if (state_ == State::closed) return;
  events_ = {};
  shut();
  const auto done = std::exchange(done_, nullptr);
  if (done) done(ExchangeFailed{sent_, reason});
}

}  // namespace holdfast::http_detail
