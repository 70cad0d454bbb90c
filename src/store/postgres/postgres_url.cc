#include "store/postgres/postgres_url.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <vector>

#include <libpq-fe.h>

namespace holdfast {
namespace {

constexpr std::string_view kEscape =
    " (the special characters of a password must be percent-encoded: '@' as %40, '/' as %2F)";

Error invalid(std::string_view what) {
  return Error{ErrorKind::invalid_input, "the database URL is not valid: " + std::string(what)};
}

/** libpq's reason without what it quotes, for that may be a part of the password. */
std::string without_quoted(std::string_view message) {
  std::string text(message);
  const std::size_t first = text.find('"');
  const std::size_t last = text.rfind('"');
  if (first != std::string::npos && last > first) text.replace(first, last - first + 1, "(hidden)");
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

bool is_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

/** True when an '@' stands after the authority of the URI, where only an unescaped password can
    have put it. */
bool has_stray_at(std::string_view text) {
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t authority_end = rest.find_first_of("/?");
  if (authority_end == std::string_view::npos) return false;
  return rest.substr(authority_end).find('@') != std::string_view::npos;
}

bool are_ports(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == ','; });
}

/** 1 to 65535, or nothing, which is the default. */
bool is_port(const std::string& digits) {
  if (digits.empty()) return true;
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && number >= 1 && number <= 65535;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

Result<PostgresUrl> PostgresUrl::parse(std::string_view text) {
  if (text.empty()) return invalid("it is empty");
  if (text.find('\0') != std::string_view::npos) return invalid("it holds a zero byte");
  if (!is_uri(text) && text.find('=') == std::string_view::npos) {
    return invalid("it must begin with postgresql:// (or be a list of key=value)");
  }
  if (is_uri(text) && has_stray_at(text)) {
    return invalid("an '@' stands after the host's part" + std::string(kEscape));
  }
  PostgresUrl url;
  url.text_ = std::string(text);
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.text_.c_str(), &message), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, &PQfreemem);
  if (options == nullptr) {
    return invalid(message == nullptr ? "libpq refuses it" : without_quoted(message));
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) url.parameters_[option->keyword] = option->val;
  }
  const auto value = [&url](const char* name) {
    const auto found = url.parameters_.find(name);
    return found == url.parameters_.end() ? std::string() : found->second;
  };
  if (value("host").find('@') != std::string::npos) {
    return invalid("the host holds an '@'" + std::string(kEscape));
  }
  if (!are_ports(value("port"))) {
    return invalid("the port is not a number" + std::string(kEscape));
  }
  for (const std::string& port : split(value("port"))) {
    if (!is_port(port)) return invalid("a port must be 1 to 65535");
  }
  const std::vector<std::string> hosts = split(value("host"));
  const std::vector<std::string> addresses = split(value("hostaddr"));
  const std::vector<std::string> ports = split(value("port"));
  const std::size_t count = std::max(hosts.size(), addresses.size());
  if (ports.size() != 1 && ports.size() != count) {
    return invalid("it names " + std::to_string(count) + " hosts but " +
                   std::to_string(ports.size()) + " ports");
  }
  url.hosts_.resize(count);
  for (std::size_t index = 0; count > 1 && index < count; ++index) {
    const auto add = [&](const char* name, const std::vector<std::string>& all) {
      if (all.size() == count) url.hosts_[index].emplace_back(name, all[index]);
      if (all.size() == 1 && !all[0].empty()) url.hosts_[index].emplace_back(name, all[0]);
    };
    add("host", hosts);
    add("hostaddr", addresses);
    add("port", ports);
  }
  url.database_ = value("dbname").empty() ? value("user") : value("dbname");
  return url;
}

std::string PostgresUrl::place() const {
  const auto value = [this](const char* name) {
    const auto found = parameters_.find(name);
    return found == parameters_.end() ? std::string() : found->second;
  };
  const std::string hosts = value("host").empty() ? value("hostaddr") : value("host");
  const std::vector<std::string> ports = split(value("port"));
  std::string text;
  std::size_t index = 0;
  for (const std::string& host : split(hosts)) {
    const std::string& port =
        ports.size() == 1 ? ports[0] : ports[std::min(index, ports.size() - 1)];
    if (index++ > 0) text += ',';
    const bool ipv6 = host.find(':') != std::string::npos;
    text += host.empty() ? "local socket" : ipv6 ? "[" + host + "]" : host;
    text += ':' + (port.empty() ? std::string("5432") : port);
  }
  return text + '/' + database_;
}

std::string PostgresUrl::redact(std::string_view message) const {
  std::string text(message);
  for (const char* name : {"password", "sslpassword"}) {
    const auto found = parameters_.find(name);
    if (found == parameters_.end() || found->second.empty()) continue;
    for (std::size_t at = text.find(found->second); at != std::string::npos;
         at = text.find(found->second, at)) {
      text.replace(at, found->second.size(), "***");
      at += 3;
    }
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

}  // namespace holdfast
