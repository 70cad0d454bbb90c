#include "duty/lock_token.h"

#include "base/bytes.h"
#include "base/hex.h"

namespace holdfast {

LockToken LockToken::from_random(const std::array<std::uint8_t, 16>& random) {
  return LockToken(std::string(kPrefix) + to_hex(random).substr(2));
}

LockToken LockToken::pinned() const {
  if (holder_of_token(text_) == LockHolder::holdfast_pinned) return *this;
  return LockToken(std::string(kPinnedPrefix) + text_.substr(kPrefix.size()));
}

LockHolder holder_of_token(std::string_view token_text) noexcept {
  if (token_text.starts_with(LockToken::kPinnedPrefix)) return LockHolder::holdfast_pinned;
  if (token_text.starts_with(LockToken::kPrefix)) return LockHolder::holdfast;
  return LockHolder::other_implementation;
}

}  // namespace holdfast
