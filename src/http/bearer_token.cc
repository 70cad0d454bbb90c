#include "http/bearer_token.h"

#include <strings.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/bytes.h"
#include "os/file.h"

namespace holdfast {

Result<Secret> read_bearer_token(const std::filesystem::path& path) {
  Result<Secret> token = read_secret_file(path, kBearerTokenMax + 2, TrailingNewline::strip);
  if (!token) return token;
  const std::string_view text = token->text();
  if (text.size() < kBearerTokenMin || text.size() > kBearerTokenMax) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{}: the bearer token in it has {} characters; {} to {} are needed, "
                             "for instance the output of `openssl rand -hex 32`",
                             path.string(), text.size(), kBearerTokenMin, kBearerTokenMax)};
  }
  if (!std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("{}: the bearer token in it holds a space, a line end or a character "
                             "that is not ASCII",
                             path.string())};
  }
  return token;
}

bool bearer_token_matches(std::string_view authorization, const Secret& token) noexcept {
  constexpr std::string_view kScheme = "Bearer ";
  if (token.empty() || authorization.size() <= kScheme.size()) return false;
  if (strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) return false;
  authorization.remove_prefix(kScheme.size());
  while (authorization.starts_with(' ')) authorization.remove_prefix(1);
  while (authorization.ends_with(' ')) authorization.remove_suffix(1);
  return token.equals(as_bytes(authorization));
}

}  // namespace holdfast
