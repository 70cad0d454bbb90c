#include "http/server.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "http/server_connection.h"

namespace holdfast {

using boost::asio::ip::tcp;
using http_detail::ErrorCode;
using http_detail::Executor;
using http_detail::ServerConnection;
using http_detail::ServerShared;
using http_detail::Socket;

namespace {

using Acceptor = boost::asio::basic_socket_acceptor<tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<
    std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr std::chrono::milliseconds kAcceptRetry{100};

/** How often deadlines are looked at: finely enough for the shortest of them. */
std::chrono::milliseconds sweep_interval(const HttpServerSettings& settings) {
  const auto shortest =
      std::min({settings.read_timeout, settings.idle_timeout, settings.write_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(1'000));
}

struct Listener {
  Listener(boost::asio::io_context& context) : acceptor(context), retry(context) {}
  Acceptor acceptor;
  Timer retry;
  ListenAddress address;
  bool accepting = false;
};

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(boost::asio::io_context& io, HttpServerSettings settings, HttpHandler handler)
      : context(io), sweep_timer(io), grace_timer(io), shared(std::make_shared<ServerShared>()) {
    shared->settings = std::move(settings);
    shared->handler = std::move(handler);
  }

  Result<void> listen(const ListenAddress& address);
  void accept(const std::shared_ptr<Listener>& listener);
  void on_accept(const std::shared_ptr<Listener>& listener, const ErrorCode& error, Socket socket);
  void accept_later(const std::shared_ptr<Listener>& listener);
  bool is_full() const { return shared->connections.size() >= shared->settings.connections_max; }
  bool make_room();
  void sweep();
  void on_closed();
  void stop(std::chrono::nanoseconds grace, std::function<void(std::monostate)> done);
  void stop_accepting();
  void close_all();

  boost::asio::io_context& context;
  Timer sweep_timer;
  Timer grace_timer;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::shared_ptr<ServerShared> shared;
  std::vector<std::function<void(std::monostate)>> when_stopped;
};

Result<void> HttpServer::Impl::listen(const ListenAddress& address) {
  const auto failed = [&address](std::string_view what, const ErrorCode& error) {
    const bool denied = error == boost::asio::error::access_denied;
    return Error{denied ? ErrorKind::permission_denied : ErrorKind::unavailable,
                 fmt::format("cannot listen on {}: {}: {}{}", address.text(), what, error.message(),
                             error == boost::asio::error::address_in_use
                                 ? "; another program uses this port, or another holdfast"
                                 : "")};
  };
  ErrorCode error;
  const auto ip = boost::asio::ip::make_address(address.host, error);
  if (error) return failed("not an IP address", error);
  auto listener = std::make_shared<Listener>(context);
  const tcp::endpoint endpoint(ip, address.port);
  listener->acceptor.open(endpoint.protocol(), error);
  if (error) return failed("no socket", error);
  listener->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  // [::] would otherwise take the IPv4 addresses too, which nobody asked for.
  if (ip.is_v6()) listener->acceptor.set_option(boost::asio::ip::v6_only(true), error);
  listener->acceptor.bind(endpoint, error);
  if (error) return failed("bind", error);
  listener->acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen", error);
  listener->address = address;
  listener->address.port = listener->acceptor.local_endpoint(error).port();
  listeners.push_back(std::move(listener));
  return {};
}

void HttpServer::Impl::accept(const std::shared_ptr<Listener>& listener) {
  if (shared->stopping || listener->accepting) return;
  listener->accepting = true;
  if (!is_full()) {
    listener->acceptor.async_accept(
        [self = shared_from_this(), listener](const ErrorCode& error, Socket socket) {
          listener->accepting = false;
          self->on_accept(listener, error, std::move(socket));
        });
    return;
  }
  // Room is made when somebody is there who needs it, not before.
  listener->acceptor.async_wait(Acceptor::wait_read,
                                [self = shared_from_this(), listener](const ErrorCode& error) {
                                  listener->accepting = false;
                                  if (error || self->shared->stopping) return;
                                  if (self->is_full() && !self->make_room()) {
                                    return self->accept_later(listener);
                                  }
                                  self->accept(listener);
                                });
}

void HttpServer::Impl::on_accept(const std::shared_ptr<Listener>& listener, const ErrorCode& error,
                                 Socket socket) {
  if (shared->stopping) return;
  if (error) {
    ++shared->stats.accepts_failed;
    return accept_later(listener);
  }
  ++shared->stats.connections_accepted;
  const auto connection = std::make_shared<ServerConnection>(std::move(socket), shared);
  shared->connections.emplace(connection.get(), connection);
  shared->stats.connections_open = shared->connections.size();
  connection->start();
  accept(listener);
}

void HttpServer::Impl::accept_later(const std::shared_ptr<Listener>& listener) {
  listener->retry.expires_after(kAcceptRetry);
  listener->retry.async_wait([self = shared_from_this(), listener](const ErrorCode& error) {
    if (!error) self->accept(listener);
  });
}

bool HttpServer::Impl::make_room() {
  std::shared_ptr<ServerConnection> oldest;
  for (const auto& [key, connection] : shared->connections) {
    if (!connection->is_idle()) continue;
    if (!oldest || connection->deadline() < oldest->deadline()) oldest = connection;
  }
  if (!oldest) return false;
  ++shared->stats.connections_evicted;
  oldest->close();
  return true;
}

void HttpServer::Impl::sweep() {
  sweep_timer.expires_after(sweep_interval(shared->settings));
  sweep_timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<ServerConnection>> late;
    for (const auto& [key, connection] : self->shared->connections) {
      if (connection->deadline() <= now) late.push_back(connection);
    }
    self->shared->stats.connections_timed_out += late.size();
    for (const auto& connection : late) connection->close();
    self->sweep();
  });
}

void HttpServer::Impl::on_closed() {
  if (!shared->stopping) {
    // Where connections_max kept a listener from accepting, there is room again.
    for (const auto& listener : listeners) accept(listener);
    return;
  }
  if (!shared->connections.empty()) return;
  sweep_timer.cancel();
  grace_timer.cancel();
  const auto waiting = std::exchange(when_stopped, {});
  for (const auto& done : waiting) done({});
}

void HttpServer::Impl::stop_accepting() {
  shared->stopping = true;
  for (const auto& listener : listeners) {
    ErrorCode ignored;
    listener->acceptor.close(ignored);
    listener->retry.cancel();
  }
}

void HttpServer::Impl::close_all() {
  const auto all = shared->connections;
  for (const auto& [key, connection] : all) connection->close();
}

void HttpServer::Impl::stop(std::chrono::nanoseconds grace,
                            std::function<void(std::monostate)> done) {
  when_stopped.push_back(std::move(done));
  stop_accepting();
  const auto all = shared->connections;
  for (const auto& [key, connection] : all) connection->finish();
  if (shared->connections.empty()) return on_closed();
  grace_timer.expires_after(grace);
  grace_timer.async_wait([self = shared_from_this()](const ErrorCode& error) {
    if (!error) self->close_all();
  });
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(IoRuntime& runtime,
                                                      HttpServerSettings settings,
                                                      HttpHandler handler) {
  CHECK(!settings.listen.empty() && settings.connections_max > 0);
  const auto impl =
      std::make_shared<Impl>(runtime.context(), std::move(settings), std::move(handler));
  if (impl->shared->settings.tls) {
    auto tls = http_detail::make_server_context(*impl->shared->settings.tls);
    if (!tls) return std::move(tls).error().within("TLS");
    impl->shared->tls = *std::move(tls);
  }
  for (const ListenAddress& address : impl->shared->settings.listen) {
    if (Result<void> listening = impl->listen(address); !listening) {
      return std::move(listening).error();
    }
  }
  impl->shared->on_closed = [weak = std::weak_ptr<Impl>(impl)] {
    if (const auto alive = weak.lock()) alive->on_closed();
  };
  for (const auto& listener : impl->listeners) impl->accept(listener);
  impl->sweep();
  return std::make_unique<HttpServer>(impl);
}

HttpServer::~HttpServer() {
  impl_->stop_accepting();
  impl_->sweep_timer.cancel();
  impl_->grace_timer.cancel();
  impl_->close_all();
}

std::uint16_t HttpServer::local_port() const {
  return local_addresses().front().port;
}

std::vector<ListenAddress> HttpServer::local_addresses() const {
  std::vector<ListenAddress> addresses;
  for (const auto& listener : impl_->listeners) addresses.push_back(listener->address);
  return addresses;
}

Task<void> HttpServer::stop(std::chrono::nanoseconds grace) {
  auto begin = [impl = impl_, grace](auto done) {
    impl->stop(grace, [done](std::monostate ended) { done(ended); });
  };
  co_await from_callback<std::monostate>(std::move(begin));
}

HttpServerStats HttpServer::stats() const {
  return impl_->shared->stats;
}

}  // namespace holdfast
