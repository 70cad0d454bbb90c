#include "http/listen_address.h"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace holdfast {
namespace {

Error wrong(std::string_view text, std::string_view what) {
  return Error{ErrorKind::invalid_input,
               fmt::format("listen address \"{}\": {}; expected for instance 127.0.0.1:9000 or "
                           "[::1]:9000",
                           text, what)};
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

bool ListenAddress::is_loopback() const {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&six)) return six.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&six);
}

std::string ListenAddress::text() const {
  return is_ipv6(host) ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  ListenAddress address;
  std::string_view port_text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find("]:");
    if (close == std::string_view::npos) return wrong(text, "the port is missing after [host]");
    address.host = text.substr(1, close - 1);
    port_text = text.substr(close + 2);
    if (!is_ipv6(address.host)) return wrong(text, "the host in [ ] is not an IPv6 address");
  } else {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return wrong(text, "the port is missing");
    if (text.find(':', colon + 1) != std::string_view::npos) {
      return wrong(text, "an IPv6 address goes in [ ]");
    }
    address.host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
    if (address.host == "localhost") address.host = "127.0.0.1";
    if (!is_ipv4(address.host)) {
      return wrong(text, "the host is neither an IP address nor localhost");
    }
  }
  const char* const end = port_text.data() + port_text.size();
  const auto [stop, error] = std::from_chars(port_text.data(), end, address.port);
  if (port_text.empty() || error != std::errc() || stop != end) {
    return wrong(text, "the port is not a number from 0 to 65535");
  }
  return address;
}

Result<void> check_listen_address(const ListenAddress& address, CallerProof proof) {
  if (proof != CallerProof::none || address.is_loopback()) return {};
  return Error{
      ErrorKind::invalid_input,
      fmt::format("listen address {}: programs on other machines could ask for signatures "
                  "there. Listen on 127.0.0.1, or demand client certificates (--tls-certificate, "
                  "--tls-key and --tls-client-ca) or a bearer token "
                  "(--bearer-token-file)",
                  address.text())};
}

}  // namespace holdfast
