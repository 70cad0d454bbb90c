#include "http/server_connection.h"

#include <exception>
#include <iterator>
#include <utility>

#include <boost/asio/ssl/stream_base.hpp>
#include <fmt/format.h>

#include "base/check.h"

namespace holdfast::http_detail {
namespace {

namespace beast = boost::beast;
namespace asio = boost::asio;
using beast::http::field;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kAnswerKept = 64 * 1024;
// How long a client that was refused may take to read why.
constexpr std::chrono::milliseconds kDrainTime{2'000};

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

HttpMethod method_of(beast::http::verb verb) {
  if (verb == beast::http::verb::post) return HttpMethod::post;
  if (verb == beast::http::verb::get) return HttpMethod::get;
  if (verb == beast::http::verb::head) return HttpMethod::head;
  return HttpMethod::unknown;
}

bool has_line_end(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

ServerConnection::ServerConnection(Socket socket, std::shared_ptr<ServerShared> shared)
    : shared_(std::move(shared)), transport_(std::move(socket), shared_->tls.get()) {
  ErrorCode error;
  const auto peer = transport_.socket().remote_endpoint(error);
  if (!error) {
    const std::string host = peer.address().to_string();
    peer_ = peer.address().is_v6() ? fmt::format("[{}]:{}", host, peer.port())
                                   : fmt::format("{}:{}", host, peer.port());
  }
}

void ServerConnection::enter(Phase phase, std::chrono::milliseconds limit) {
  phase_ = phase;
  deadline_ = std::chrono::steady_clock::now() + limit;
}

void ServerConnection::start() {
  transport_.set_no_delay();
  if (transport_.is_tls()) {
    handshake();
  } else {
    next_request();
  }
}

void ServerConnection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  transport_.close();
  const auto self = shared_from_this();
  shared_->connections.erase(this);
  shared_->stats.connections_open = shared_->connections.size();
  if (shared_->on_closed) shared_->on_closed();
}

void ServerConnection::finish() {
  after_ = After::close;
  if (phase_ == Phase::idle || phase_ == Phase::handshaking) close();
}

void ServerConnection::handshake() {
  enter(Phase::handshaking, shared_->settings.read_timeout);
  transport_.tls().async_handshake(
      asio::ssl::stream_base::server, [self = shared_from_this()](const ErrorCode& error) {
        if (self->phase_ == Phase::closed) return;
        if (error) {
          ++self->shared_->stats.handshakes_failed;
          return self->close();
        }
        self->client_certificate_ = peer_subject(self->transport_.tls().native_handle());
        self->next_request();
      });
}

void ServerConnection::next_request() {
  parser_.emplace();
  parser_->header_limit(shared_->settings.header_bytes_max);
  parser_->body_limit(shared_->settings.body_bytes_max);
  // One large answer must not hold its memory for as long as the connection lives.
  if (answer_.capacity() > kAnswerKept) answer_ = std::string();
  header_checked_ = false;
  head_only_ = false;
  after_ = shared_->stopping ? After::close : After::keep;
  if (buffer_.size() > 0) {
    enter(Phase::reading, shared_->settings.read_timeout);
    return parse();
  }
  enter(Phase::idle, shared_->settings.idle_timeout);
  if (shared_->stopping) return close();
  read();
}

void ServerConnection::read() {
  // Only a header, a chunk's header or a trailer stays in the buffer unparsed, and none of them
  // may be longer than a header.
  if (buffer_.size() > shared_->settings.header_bytes_max + kReadBytes) {
    return refuse(431, "header_too_large", "the request's header or a chunk's header is too long");
  }
  transport_.read_some(buffer_.prepare(kReadBytes),
                       [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
                         if (self->phase_ == Phase::closed) return;
                         if (error) return self->close();
                         if (self->phase_ == Phase::idle) {
                           self->enter(Phase::reading, self->shared_->settings.read_timeout);
                         }
                         self->buffer_.commit(size);
                         self->parse();
                       });
}

void ServerConnection::parse() {
  ErrorCode error;
  bool invite = false;
  while (!parser_->is_done() && buffer_.size() > 0) {
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == beast::http::error::need_more) break;
    if (error) return refuse_parse_error(error);
    if (parser_->is_header_done() && !header_checked_) {
      header_checked_ = true;
      if (refuse_header()) return;
      invite = parser_->get().find(field::expect) != parser_->get().end();
    }
  }
  if (parser_->is_done()) return handle();
  if (invite) return send_continue();
  read();
}

bool ServerConnection::refuse_header() {
  const auto& message = parser_->get();
  const auto refused = [this](unsigned status, std::string_view name, std::string_view why) {
    refuse(status, name, why);
    return true;
  };
  const HttpMethod method = method_of(message.method());
  head_only_ = method == HttpMethod::head;
  if (method == HttpMethod::unknown) {
    return refused(405, "method_not_allowed", "GET, HEAD and POST are served");
  }
  if (!view_of(message.target()).starts_with('/')) {
    return refused(400, "bad_request", "the request's target does not begin with /");
  }
  const auto count = [&message](field name) {
    const auto range = message.equal_range(name);
    return std::distance(range.first, range.second);
  };
  const auto hosts = count(field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    return refused(400, "bad_request", "the request must have one Host field");
  }
  if (count(field::authorization) > 1) {
    return refused(400, "bad_request", "the request has several Authorization fields");
  }
  const auto encoding = message.find(field::transfer_encoding);
  if (encoding != message.end() &&
      (count(field::transfer_encoding) > 1 || !beast::iequals(encoding->value(), "chunked"))) {
    return refused(501, "transfer_encoding", "no transfer encoding but chunked is supported");
  }
  if (encoding != message.end() && message.version() < 11) {
    return refused(400, "bad_request", "HTTP/1.0 has no transfer encodings");
  }
  const auto expect = message.find(field::expect);
  if (expect != message.end() &&
      (count(field::expect) > 1 || !beast::iequals(expect->value(), "100-continue"))) {
    return refused(417, "expectation_failed", "no expectation but 100-continue is supported");
  }
  if (shared_->settings.web_pages == WebPages::refuse && count(field::origin) > 0) {
    return refused(403, "web_page", "requests from web pages (Origin) are not served");
  }
  return false;
}

void ServerConnection::send_continue() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  transport_.write_all(asio::buffer(kContinue.data(), kContinue.size()),
                       [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                         if (self->phase_ == Phase::closed) return;
                         if (error) return self->close();
                         self->read();
                       });
}

void ServerConnection::handle() {
  auto& message = parser_->get();
  if (!message.keep_alive()) after_ = After::close;
  HttpRequest request;
  request.method = method_of(message.method());
  const std::string_view target = view_of(message.target());
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  request.authorization = view_of(message[field::authorization]);
  request.content_type = view_of(message[field::content_type]);
  request.accept = view_of(message[field::accept]);
  request.body = std::move(message.body());
  request.peer = peer_;
  request.client_certificate = client_certificate_;
  ++shared_->stats.requests;
  // The handler bounds its own time.
  enter(Phase::handling, std::chrono::hours(24 * 365));
  try {
    holdfast::start(shared_->handler(std::move(request)),
                    [self = shared_from_this()](const HttpResponse& response) {
                      if (self->phase_ == Phase::handling) self->respond(response);
                    });
  } catch (const std::exception&) {
    refuse(500, "internal_error", "the request could not be handled");
  }
}

void ServerConnection::respond(const HttpResponse& response) {
  if (shared_->stopping) after_ = After::close;
  answer_.clear();
  auto out = std::back_inserter(answer_);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nContent-Length: {}\r\n", response.status,
                 reason_of_status(response.status), response.body.size());
  if (!response.content_type.empty()) {
    CHECK(!has_line_end(response.content_type));
    fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
  }
  for (const HttpField& more : response.fields) {
    CHECK(!has_line_end(more.name) && !has_line_end(more.value));
    fmt::format_to(out, "{}: {}\r\n", more.name, more.value);
  }
  if (after_ == After::close) {
    answer_ += "Connection: close\r\n";
  } else if (parser_->get().version() < 11) {
    answer_ += "Connection: keep-alive\r\n";
  }
  answer_ += "\r\n";
  if (!head_only_) answer_ += response.body;
  write_answer();
}

void ServerConnection::refuse(unsigned status, std::string_view name, std::string_view message) {
  ++shared_->stats.requests_refused;
  after_ = After::close;
  HttpResponse response;
  response.status = status;
  response.body = fmt::format(R"({{"error":"{}","message":"{}"}})", name, message);
  if (status == 405) response.fields.push_back({"Allow", "GET, HEAD, POST"});
  respond(response);
}

void ServerConnection::refuse_parse_error(const ErrorCode& error) {
  if (error == beast::http::error::body_limit) {
    return refuse(413, "body_too_large",
                  fmt::format("the request's body is longer than {} bytes",
                              shared_->settings.body_bytes_max));
  }
  if (error == beast::http::error::header_limit) {
    return refuse(431, "header_too_large",
                  fmt::format("the request's header is longer than {} bytes",
                              shared_->settings.header_bytes_max));
  }
  refuse(400, "bad_request", "this is not a valid HTTP/1.1 request");
}

void ServerConnection::write_answer() {
  enter(Phase::writing, shared_->settings.write_timeout);
  transport_.write_all(asio::buffer(answer_),
                       [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                         if (self->phase_ == Phase::closed) return;
                         if (error) return self->close();
                         if (self->after_ == After::keep) return self->next_request();
                         self->drain();
                       });
}

// Closing a socket with unread bytes resets the connection, and the client would lose the answer.
// So the end is announced, and what the client still sends is dropped until it closes too.
void ServerConnection::drain() {
  enter(Phase::draining, kDrainTime);
  buffer_.consume(buffer_.size());
  if (!transport_.is_tls()) {
    ErrorCode ignored;
    transport_.socket().shutdown(Socket::shutdown_send, ignored);
    return discard();
  }
  transport_.tls().async_shutdown([self = shared_from_this()](const ErrorCode&) {
    if (self->phase_ == Phase::closed) return;
    ErrorCode ignored;
    self->transport_.socket().shutdown(Socket::shutdown_send, ignored);
    self->discard();
  });
}

void ServerConnection::discard() {
  transport_.socket().async_read_some(
      buffer_.prepare(kReadBytes),
      [self = shared_from_this()](const ErrorCode& error, std::size_t) {
        if (self->phase_ == Phase::closed) return;
        if (error) return self->close();
        self->discard();
      });
}

}  // namespace holdfast::http_detail
