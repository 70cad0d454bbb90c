#include "http/client.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "http/client_connection.h"

namespace holdfast {

using http_detail::ClientConnection;
using http_detail::ErrorCode;
using http_detail::ExchangeEnd;
using http_detail::ExchangeFailed;
using http_detail::SentSoFar;
using http_detail::SteadyTimer;
using http_detail::TlsContext;

namespace {

using Connection = std::shared_ptr<ClientConnection>;

// A server that closes every kept connection in the same moment must not be tried for ever.
constexpr int kAttemptsMax = 3;

struct Call {
  Call(boost::asio::io_context& context, HttpCall wanted)
      : http(std::move(wanted)), timer(context) {}

  HttpCall http;
  SteadyTimer timer;
  std::function<void(HttpExchange)> done;
  /** While its exchange is under way. */
  Connection connection;
  int attempts = 0;
  bool timed_out = false;
};
using SharedCall = std::shared_ptr<Call>;

/** The connections to one origin, and who waits for one. */
struct Pool {
  Url url;
  std::vector<Connection> connections;
  std::size_t connecting = 0;
  std::deque<SharedCall> waiting;

  void remove(const Connection& connection) { std::erase(connections, connection); }
};

bool is_one_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c != 0x7f; });
}

std::string wire_of(const HttpCall& call) {
  CHECK(call.method != HttpMethod::unknown && is_one_line(call.content_type) &&
        is_one_line(call.url.target));
  std::string wire;
  // In one piece, so that growing leaves no copy of the token behind.
  wire.reserve(call.body.size() + call.url.target.size() + call.content_type.size() +
               call.url.host.size() + (call.bearer_token ? call.bearer_token->size() : 0) + 256);
  auto out = std::back_inserter(wire);
  fmt::format_to(out, "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: holdfast\r\nAccept: */*\r\n",
                 name_of(call.method), call.url.target, call.url.host_field());
  if (call.method == HttpMethod::post) {
    fmt::format_to(out, "Content-Type: {}\r\nContent-Length: {}\r\n", call.content_type,
                   call.body.size());
  }
  if (call.bearer_token) {
    wire += "Authorization: Bearer ";
    wire += call.bearer_token->text();
    wire += "\r\n";
  }
  wire += "\r\n";
  if (call.method == HttpMethod::post) wire += call.body;
  return wire;
}

Error about(const Url& url, ErrorKind kind, std::string_view what) {
  return Error{kind, fmt::format("{}: {}", url.origin(), what)};
}

}  // namespace

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  Impl(boost::asio::io_context& io, HttpClientSettings wanted)
      : context(io), settings(std::make_shared<HttpClientSettings>(std::move(wanted))) {}

  void submit(HttpCall http, std::function<void(HttpExchange)> done);
  void dispatch(Pool& pool);
  void open(Pool& pool);
  std::shared_ptr<TlsContext> tls_context();
  void begin(Pool& pool, const Connection& connection, const SharedCall& call);
  void on_end(Pool& pool, const SharedCall& call, bool was_used, ExchangeEnd end);
  void on_timeout(Pool& pool, const SharedCall& call);
  void finish(const SharedCall& call, HttpExchange exchange);
  void close();

  boost::asio::io_context& context;
  std::shared_ptr<const HttpClientSettings> settings;
  std::shared_ptr<TlsContext> tls;
  std::unordered_map<std::string, Pool> pools;
  bool closed = false;
};

void HttpClient::Impl::submit(HttpCall http, std::function<void(HttpExchange)> done) {
  if (closed) {
    return done(NotSent{about(http.url, ErrorKind::unavailable, "the client is shutting down")});
  }
  Pool& pool = pools[http.url.origin()];
  if (pool.waiting.size() >= settings->waiting_max) {
    return done(NotSent{about(http.url, ErrorKind::overloaded, "too many requests are waiting")});
  }
  pool.url = http.url;
  const auto call = std::make_shared<Call>(context, std::move(http));
  call->done = std::move(done);
  call->timer.expires_after(call->http.timeout);
  call->timer.async_wait([weak = weak_from_this(), &pool, call](const ErrorCode& error) {
    const auto self = weak.lock();
    if (!error && self && call->done) self->on_timeout(pool, call);
  });
  pool.waiting.push_back(call);
  dispatch(pool);
}

void HttpClient::Impl::dispatch(Pool& pool) {
  while (!pool.waiting.empty()) {
    // A copy, because a connection that turns out to be dead leaves the pool.
    const std::vector<Connection> connections = pool.connections;
    const auto usable = std::find_if(connections.begin(), connections.end(),
                                     [](const Connection& each) { return each->is_usable(); });
    if (usable == connections.end() || pool.waiting.empty()) break;
    const SharedCall call = pool.waiting.front();
    pool.waiting.pop_front();
    begin(pool, *usable, call);
  }
  while (!closed && pool.connecting < pool.waiting.size() &&
         pool.connections.size() < settings->connections_max) {
    open(pool);
  }
}

void HttpClient::Impl::open(Pool& pool) {
  const auto connection = std::make_shared<ClientConnection>(
      context, settings, pool.url, pool.url.scheme == UrlScheme::https ? tls_context() : nullptr);
  pool.connections.push_back(connection);
  ++pool.connecting;
  ClientConnection::Events events;
  // The connection itself is found by its address: an owning capture would be a cycle.
  events.connected = [weak = weak_from_this(), &pool,
                      raw = std::weak_ptr<ClientConnection>(connection)](Result<void> result) {
    const auto self = weak.lock();
    if (!self) return;
    --pool.connecting;
    if (result) return self->dispatch(pool);
    pool.remove(raw.lock());
    SharedCall failed;
    if (!pool.waiting.empty()) {
      failed = pool.waiting.front();
      pool.waiting.pop_front();
    }
    self->dispatch(pool);
    if (failed) self->finish(failed, NotSent{std::move(result).error()});
  };
  events.lost = [weak = weak_from_this(), &pool,
                 raw = std::weak_ptr<ClientConnection>(connection)] {
    if (const auto self = weak.lock()) pool.remove(raw.lock());
  };
  connection->connect(std::move(events));
}

// Reading the system's authorities takes a tenth of a second, which http alone should not cost. It
// cannot fail; files that are named in the settings were read by create().
std::shared_ptr<TlsContext> HttpClient::Impl::tls_context() {
  if (!tls) {
    Result<std::shared_ptr<TlsContext>> made = http_detail::make_client_context(settings->tls);
    CHECK(made.has_value());
    tls = *std::move(made);
  }
  return tls;
}

void HttpClient::Impl::begin(Pool& pool, const Connection& connection, const SharedCall& call) {
  ++call->attempts;
  call->connection = connection;
  const bool was_used = connection->was_used();
  connection->exchange(wire_of(call->http), call->http.method,
                       [weak = weak_from_this(), &pool, call, was_used](ExchangeEnd end) {
                         if (const auto self = weak.lock()) {
                           self->on_end(pool, call, was_used, std::move(end));
                         }
                       });
}

void HttpClient::Impl::on_end(Pool& pool, const SharedCall& call, bool was_used, ExchangeEnd end) {
  call->connection = nullptr;
  if (HttpAnswer* const answer = std::get_if<HttpAnswer>(&end)) {
    dispatch(pool);
    return finish(call, std::move(*answer));
  }
  ExchangeFailed& failed = std::get<ExchangeFailed>(end);
  const bool may_repeat =
      failed.sent == SentSoFar::nothing ||
      (failed.sent == SentSoFar::request_begun && call->http.repeat == Repeat::harmless);
  if (may_repeat && was_used && call->attempts < kAttemptsMax && !call->timed_out && !closed) {
    pool.waiting.push_front(call);
    return dispatch(pool);
  }
  if (!closed) dispatch(pool);
  if (failed.sent == SentSoFar::nothing) {
    finish(call, NotSent{std::move(failed.error)});
  } else {
    finish(call, NoAnswer{std::move(failed.error)});
  }
}

void HttpClient::Impl::on_timeout(Pool& pool, const SharedCall& call) {
  call->timed_out = true;
  if (const Connection connection = call->connection) {
    pool.remove(connection);
    return connection->close(
        about(call->http.url, ErrorKind::in_doubt, "no answer within the time allowed"));
  }
  std::erase(pool.waiting, call);
  finish(call, NotSent{about(call->http.url, ErrorKind::timeout,
                             "no connection was free within the time allowed")});
}

void HttpClient::Impl::finish(const SharedCall& call, HttpExchange exchange) {
  call->timer.cancel();
  const auto done = std::exchange(call->done, nullptr);
  if (done) done(std::move(exchange));
}

void HttpClient::Impl::close() {
  closed = true;
  for (auto& [origin, pool] : pools) {
    const auto waiting = std::exchange(pool.waiting, {});
    const auto connections = std::exchange(pool.connections, {});
    const Error reason = about(pool.url, ErrorKind::unavailable, "the client is shutting down");
    for (const Connection& connection : connections) connection->close(reason);
    for (const SharedCall& call : waiting) finish(call, NotSent{reason});
  }
}

HttpClient::HttpClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpClient>> HttpClient::create(IoRuntime& runtime,
                                                       HttpClientSettings settings) {
  CHECK(settings.connections_max > 0);
  const auto impl = std::make_shared<Impl>(runtime.context(), std::move(settings));
  const TlsClientSettings& files = impl->settings->tls;
  if (!files.ca_file.empty() || !files.certificate_file.empty()) {
    auto tls = http_detail::make_client_context(files);
    if (!tls) return std::move(tls).error().within("TLS");
    impl->tls = *std::move(tls);
  }
  return std::make_unique<HttpClient>(impl);
}

HttpClient::~HttpClient() {
  close();
}

Task<HttpExchange> HttpClient::send(HttpCall call) {
  auto begin = [impl = impl_, call = std::move(call)](auto done) mutable {
    impl->submit(std::move(call), std::move(done));
  };
  HttpExchange exchange = co_await from_callback<HttpExchange>(std::move(begin));
  co_return std::move(exchange);
}

void HttpClient::close() {
  impl_->close();
}

}  // namespace holdfast
