// Secret: bytes that nobody else should see: private keys, passwords, tokens. They live in the
// SecretArena (locked, not in core dumps) and are wiped when the Secret is gone. There is no way
// to print one: no operator<<, no formatter, no conversion to a string.
//
// Thread rule: as for a vector of bytes; the arena beneath may be used by several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "os/secret_arena.h"

namespace holdfast {

class Secret {
 public:
  /** No bytes. */
  Secret() noexcept = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  /** Wipes the bytes. */
  ~Secret();

  /** `size` zero bytes to be filled, 0 to SecretArena::kSizeMax; the errors of
      SecretArena::take, and invalid_input when it is more. The arena outlives the Secret. */
  static Result<Secret> zeros(std::size_t size, SecretArena& arena = SecretArena::process());

  /** A copy of the bytes. The caller wipes its own, for instance with wipe(). */
  static Result<Secret> copy_of(ByteView bytes, SecretArena& arena = SecretArena::process());

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /** Valid until the Secret is moved from or gone. Whoever copies it makes a copy that nobody
      wipes. */
  ByteView view() const noexcept { return {memory_.data(), size_}; }
  std::string_view text() const noexcept;
  std::span<std::uint8_t> mutable_view() noexcept { return memory_.first(size_); }

  /** Keeps the first `size` bytes (at most size(), CHECK) and wipes the rest. */
  void truncate(std::size_t size);

  /** Whether the bytes are the same, in a time that depends on the lengths only. */
  bool equals(ByteView other) const noexcept;

 private:
  Secret(SecretArena& arena, std::span<std::uint8_t> memory) noexcept
      : arena_(&arena), memory_(memory), size_(memory.size()) {}
  void drop() noexcept;

  SecretArena* arena_ = nullptr;
  std::span<std::uint8_t> memory_;
  std::size_t size_ = 0;
};

/** Whether the two are the same, in a time that depends on their lengths only. */
bool constant_time_equal(ByteView left, ByteView right) noexcept;

/** Overwrites with zeros, which the compiler cannot leave out. */
void wipe(std::span<std::uint8_t> bytes) noexcept;
void wipe(std::string& text) noexcept;

}  // namespace holdfast
