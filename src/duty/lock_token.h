// The unguessable text that a lock's owner holds and that every write of the owner carries. A
// stale token is refused by the database.
//
// Ours are "hf1-" and 32 hex digits. The prefix is a promise to other nodes: who holds this lock
// obeys S1, so the lock may be taken over at any moment. A pinned lock's token begins with
// "hf1-pin-": its message may have been signed, so only the same message hash may go on.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

/** A token of ours. Holds at most 64 characters, the width of Aztec's column. */
class LockToken {
 public:
  static constexpr std::string_view kPrefix = "hf1-";
  static constexpr std::string_view kPinnedPrefix = "hf1-pin-";

  /** The token of 16 bytes, which the caller must have drawn from the operating system. */
  static LockToken from_random(const std::array<std::uint8_t, 16>& random);

  /** The pinned token with the same random part. */
  LockToken pinned() const;

  const std::string& text() const noexcept { return text_; }
  friend bool operator==(const LockToken&, const LockToken&) = default;

 private:
  explicit LockToken(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/** What the text of a stored token says about its owner. */
enum class LockHolder : std::uint8_t {
  /** Not one of ours: never taken over, only waited for. */
  other_implementation = 0,
  /** A Holdfast node, which drops its signature if its lock is gone. */
  holdfast,
  /** A Holdfast node whose remote signer may have signed. */
  holdfast_pinned,
};

LockHolder holder_of_token(std::string_view token_text) noexcept;

}  // namespace holdfast
