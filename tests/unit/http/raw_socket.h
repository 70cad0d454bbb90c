// Plain sockets for the tests' other side: they send exactly the bytes of a test. Nothing in them
// waits for a time: they poll, with the event loop running in between, until a generous deadline.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "os/io_runtime.h"

namespace holdfast::test {

/** Runs the loop until `done`; false after two minutes, which is a failure and never a slow
    machine. Asks again every few milliseconds, because what the kernel delivers is no event of
    the loop. */
inline bool eventually(IoRuntime& runtime, const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!runtime.run_until(done, std::chrono::milliseconds(2))) {
    if (std::chrono::steady_clock::now() >= end) return false;
  }
  return true;
}

/** One side of a TCP connection. */
class RawSocket {
 public:
  RawSocket(IoRuntime& runtime, int number) : runtime_(runtime), number_(number) {}
  RawSocket(RawSocket&& other) noexcept
      : runtime_(other.runtime_),
        number_(std::exchange(other.number_, -1)),
        received_(std::move(other.received_)),
        ended_(other.ended_) {}
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  ~RawSocket() { close(); }

  /** `receive_buffer` in bytes; 0 is the system's own. */
  static RawSocket connect(IoRuntime& runtime, std::uint16_t port, int receive_buffer = 0) {
    const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      EXPECT_EQ(::setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(int)), 0);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(number, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return {runtime, number};
  }

  /** True when all was written; false when the other side closed. */
  bool send(std::string_view bytes) {
    bool failed = false;
    const bool sent = eventually(runtime_, [&] {
      const ssize_t put = ::send(number_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
      failed = put < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
      return failed || bytes.empty();
    });
    return sent && !failed;
  }

  /** Takes what has arrived. */
  void poll() {
    char buffer[4096];
    while (!ended_) {
      const ssize_t got = ::recv(number_, buffer, sizeof(buffer), MSG_DONTWAIT);
      if (got > 0) {
        received_.append(buffer, static_cast<std::size_t>(got));
        continue;
      }
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
      ended_ = true;
      reset_ = got < 0;
    }
  }

  bool wait_for(const std::function<bool(const std::string&)>& done) {
    return eventually(runtime_, [&] {
      poll();
      return done(received_);
    });
  }
  bool wait_for_text(std::string_view text) {
    return wait_for([&](const std::string& all) { return all.find(text) != std::string::npos; });
  }
  /** Until the other side has closed; all that it sent before. */
  const std::string& read_to_end() {
    EXPECT_TRUE(eventually(runtime_, [&] {
      poll();
      return ended_;
    }));
    return received_;
  }

  void shut_sending() { ::shutdown(number_, SHUT_WR); }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  /** Closes with a reset instead of an end. */
  void abort() {
    const linger now{1, 0};
    ::setsockopt(number_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close();
  }

  std::string& received() { return received_; }
  bool ended() const { return ended_; }
  bool was_reset() const { return reset_; }

 private:
  IoRuntime& runtime_;
  int number_ = -1;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

/** A listening socket on a free port of loopback. */
class RawListener {
 public:
  explicit RawListener(IoRuntime& runtime) : runtime_(runtime) {
    number_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(number_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(number_, 64), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::getsockname(number_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener() { close(); }

  std::uint16_t port() const { return port_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

  RawSocket accept() {
    int accepted = -1;
    EXPECT_TRUE(eventually(runtime_, [&] {
      accepted = ::accept4(number_, nullptr, nullptr, SOCK_CLOEXEC);
      return accepted >= 0;
    }));
    return {runtime_, accepted};
  }

 private:
  IoRuntime& runtime_;
  int number_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace holdfast::test
