// Where a server listens, and the rule who may listen beyond this machine. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast {

struct ListenAddress {
  /** An IPv4 or IPv6 address without brackets; never a name. */
  std::string host;
  /** 0 lets the operating system choose. */
  std::uint16_t port = 0;

  /** 127.0.0.0/8, ::1, and the former written as IPv6: only programs of this machine get there. */
  bool is_loopback() const;

  /** "127.0.0.1:9000", "[::1]:9000" */
  std::string text() const;
};

/** Parses HOST:PORT, where HOST is an IPv4 address, an IPv6 address in brackets, or "localhost",
    which means 127.0.0.1. Other names are refused: what they resolve to can change. */
Result<ListenAddress> parse_listen_address(std::string_view text);

/** What a caller must show before the server does anything for it. Zero: nothing. */
enum class CallerProof : std::uint8_t {
  none = 0,
  bearer_token,
  client_certificate,
};

/** Refuses an address beyond loopback when callers prove nothing: whoever reached it could ask for
    signatures. The error says what to set. */
Result<void> check_listen_address(const ListenAddress& address, CallerProof proof);

}  // namespace holdfast
