// Internal to this room: a TCP connection, with TLS or without. Includes Boost.Asio, so only .cc
// files include it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace holdfast::http_detail {

using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using TlsStream = boost::asio::ssl::stream<Socket&>;
using ErrorCode = boost::system::error_code;

class Transport {
 public:
  /** `tls` may be null; otherwise it outlives the transport, as whoever owns this sees to. */
  Transport(Socket socket, boost::asio::ssl::context* tls) : socket_(std::move(socket)) {
    if (tls != nullptr) tls_.emplace(socket_, *tls);
  }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  Socket& socket() noexcept { return socket_; }
  bool is_tls() const noexcept { return tls_.has_value(); }
  TlsStream& tls() noexcept { return *tls_; }

  /** `handler(ErrorCode, std::size_t)`, for both. */
  template <class Handler>
  void read_some(boost::asio::mutable_buffer into, Handler&& handler) {
    if (tls_) {
      tls_->async_read_some(into, std::forward<Handler>(handler));
    } else {
      socket_.async_read_some(into, std::forward<Handler>(handler));
    }
  }
  template <class Handler>
  void write_all(boost::asio::const_buffer from, Handler&& handler) {
    if (tls_) {
      boost::asio::async_write(*tls_, from, std::forward<Handler>(handler));
    } else {
      boost::asio::async_write(socket_, from, std::forward<Handler>(handler));
    }
  }

  /** Small requests and answers must not wait for each other's acknowledgements. */
  void set_no_delay() {
    ErrorCode ignored;
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }

  /** What is waiting ends with an error. */
  void close() noexcept {
    ErrorCode ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
  std::optional<TlsStream> tls_;
};

}  // namespace holdfast::http_detail
