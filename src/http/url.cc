#include "http/url.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace holdfast {
namespace {

Error wrong(std::string_view what) {
  return Error{ErrorKind::invalid_input,
               fmt::format("URL: {}; expected http://host:port/path or https://...", what)};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return result;
}

std::uint16_t default_port(UrlScheme scheme) {
  return scheme == UrlScheme::https ? 443 : 80;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Result<void> set_host(Url& url, std::string_view host) {
  url.host = lower(host);
  if (url.host.empty()) return wrong("the host is missing");
  if (url.host.size() > 253) return wrong("the host is longer than 253 characters");
  if (!std::all_of(url.host.begin(), url.host.end(), is_host_character)) {
    return wrong("the host holds a character that no host name has");
  }
  return {};
}

Result<void> set_port(Url& url, std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
    return wrong(fmt::format("the port of {} is not a number from 1 to 65535", url.host));
  }
  url.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> set_authority(Url& url, std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return wrong("a user name or password in it is not supported, and would get into logs");
  }
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong("the host begins with [ but has no ]");
    url.host = lower(authority.substr(1, close - 1));
    in6_addr address{};
    if (inet_pton(AF_INET6, url.host.c_str(), &address) != 1) {
      return wrong("the host in [ ] is not an IPv6 address");
    }
    rest = authority.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) {
      return wrong("only :port may follow the host in [ ]");
    }
  } else {
    const std::size_t colon = authority.find(':');
    if (colon != std::string_view::npos &&
        authority.find(':', colon + 1) != std::string_view::npos) {
      return wrong("the host has several colons; an IPv6 address goes in [ ]");
    }
    if (Result<void> host = set_host(url, authority.substr(0, colon)); !host) return host;
    rest = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  url.port = default_port(url.scheme);
  return rest.empty() ? Result<void>() : set_port(url, rest.substr(1));
}

/** The host as a URL shows it. */
std::string shown(const std::string& host) {
  return host.find(':') != std::string::npos ? fmt::format("[{}]", host) : host;
}

}  // namespace

std::string Url::origin() const {
  return fmt::format("{}://{}:{}", scheme == UrlScheme::https ? "https" : "http", shown(host),
                     port);
}

std::string Url::host_field() const {
  return port == default_port(scheme) ? shown(host) : fmt::format("{}:{}", shown(host), port);
}

Result<Url> parse_url(std::string_view text) {
  if (text.empty()) return wrong("it is empty");
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!printable) return wrong("it holds a space or a character that is not ASCII");
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return wrong("it does not begin with http:// or https://");
  Url url;
  const std::string scheme = lower(text.substr(0, colon));
  if (scheme == "http") url.scheme = UrlScheme::http;
  if (scheme == "https") url.scheme = UrlScheme::https;
  if (url.scheme == UrlScheme::unknown) return wrong("its scheme is neither http nor https");

  const std::string_view after = text.substr(colon + 3);
  if (after.find('#') != std::string_view::npos) return wrong("a fragment (#) has no meaning here");
  const std::size_t slash = after.find_first_of("/?");
  if (Result<void> authority = set_authority(url, after.substr(0, slash)); !authority) {
    return std::move(authority).error();
  }
  if (slash != std::string_view::npos) url.target = after.substr(slash);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

}  // namespace holdfast
