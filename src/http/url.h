// URLs of http and https servers: remote signers, JSON-RPC nodes, other Holdfast nodes.
// Pure. A URL may hold a secret in its path (an API key), so only origin() is for logs and errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast {

enum class UrlScheme : std::uint8_t {
  unknown = 0,
  http,
  https,
};

struct Url {
  UrlScheme scheme = UrlScheme::unknown;
  /** Lower case; an IPv6 address is without its brackets. */
  std::string host;
  std::uint16_t port = 0;
  /** Path and query as they are sent; begins with '/'. */
  std::string target;

  /** "https://host:port", safe to show; the port is always there. */
  std::string origin() const;
  /** The Host field of a request: the port is left out where it is the scheme's own. */
  std::string host_field() const;
};

/** Parses scheme://host[:port][/path][?query]. invalid_input says what is wrong and shows no more
    of the text than scheme and host: a user name, a password or a key in the path never gets into
    an error. A user name in the URL and a fragment are refused. */
Result<Url> parse_url(std::string_view text);

}  // namespace holdfast
