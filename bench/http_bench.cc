// An HTTP client that costs next to nothing, so that the signer gets the processor: N keep-alive
// connections, each with one eth_sign in flight, in one epoll loop.
//
// usage: http_bench PORT ADDRESS IN_FLIGHT SECONDS FIRST_SLOT
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>

#include "bench_figures.h"

namespace {

using BenchClock = std::chrono::steady_clock;

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "http_bench: {}\n", what);
  std::exit(1);
}

struct Connection {
  int socket = -1;
  BenchClock::time_point sent;
  std::string received;
};

int connect_to(std::uint16_t port) {
  const int handle = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    fail("cannot connect to the signer");
  }
  const int on = 1;
  setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return handle;
}

class Load {
 public:
  Load(std::uint16_t port, std::string address, long first_slot)
      : port_(port), address_(std::move(address)), slot_(first_slot) {}

  holdfast::bench::Figures run(std::size_t in_flight, std::chrono::seconds duration) {
    epoll_ = epoll_create1(0);
    connections_.resize(in_flight);
    const auto began = BenchClock::now();
    until_ = began + duration;
    for (std::size_t at = 0; at < in_flight; ++at) {
      connections_[at].socket = connect_to(port_);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = at}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[at].socket, &event);
      send_request(connections_[at]);
    }
    while (waiting_ > 0) wait();
    return holdfast::bench::Figures::of(std::move(latencies_), BenchClock::now() - began);
  }

 private:
  void send_request(Connection& connection) {
    const std::string body =
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"eth_sign","params":["{}","0x{:0>64}",)"
                    R"({{"dutyType":"BLOCK_PROPOSAL","slot":"{}","blockNumber":"50",)"
                    R"("blockIndexWithinCheckpoint":0}}]}})",
                    address_, "aa", slot_++);
    const std::string request = fmt::format(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\n\r\n{}",
        body.size(), body);
    connection.sent = BenchClock::now();
    if (send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("cannot send a whole request");
    }
    ++waiting_;
  }

  /** True when a whole response is there; checks that it bears a signature. */
  static bool is_complete(const std::string& received) {
    const std::size_t head_end = received.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    std::size_t length_at = received.find("Content-Length: ");
    if (length_at == std::string::npos) fail("a response without Content-Length");
    const long length = std::strtol(received.c_str() + length_at + 16, nullptr, 10);
    if (received.size() < head_end + 4 + static_cast<std::size_t>(length)) return false;
    if (received.find("\"result\":\"0x") == std::string::npos) {
      fail("not a signature: " + received.substr(head_end + 4));
    }
    return true;
  }

  void wait() {
    epoll_event events[64];
    const int count = epoll_wait(epoll_, events, 64, 30'000);
    if (count <= 0) fail("no answer for 30 s");
    for (int at = 0; at < count; ++at) read(connections_[events[at].data.u64]);
  }

  void read(Connection& connection) {
    char buffer[4096];
    const ssize_t size = recv(connection.socket, buffer, sizeof(buffer), 0);
    if (size <= 0) fail("the signer closed a connection");
    connection.received.append(buffer, static_cast<std::size_t>(size));
    if (!is_complete(connection.received)) return;
    connection.received.clear();
    --waiting_;
    latencies_.push_back(BenchClock::now() - connection.sent);
    if (BenchClock::now() < until_) send_request(connection);
  }

  std::uint16_t port_;
  std::string address_;
  long slot_;
  int epoll_ = -1;
  std::size_t waiting_ = 0;
  BenchClock::time_point until_;
  std::vector<Connection> connections_;
  std::vector<std::chrono::nanoseconds> latencies_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) fail("usage: http_bench PORT ADDRESS IN_FLIGHT SECONDS FIRST_SLOT");
  Load load(static_cast<std::uint16_t>(std::stoi(argv[1])), argv[2], std::stol(argv[5]));
  load.run(std::stoul(argv[3]), std::chrono::seconds(std::stol(argv[4]))).print();
  return 0;
}
