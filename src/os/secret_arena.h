// SecretArena: pages of memory for secrets, which are locked (never swapped out), left out of core
// dumps, and empty in a forked child. Small secrets share pages: 10,000 keys of 32 bytes take 80
// pages, not 10,000, so that a usual RLIMIT_MEMLOCK is enough.
//
// Invariant: memory in the arena that no secret owns is zero. Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"

namespace holdfast {

/** What is done when the operating system does not lock memory. Zero is the strict one. */
enum class MemoryLock : std::uint8_t {
  /** No secret is held: the error says which limit to raise. */
  required = 0,
  /** The secret is held in memory that may be swapped out, and counted as such. */
  best_effort,
};

/** The arena's pages, in bytes. */
struct SecretMemory {
  std::size_t locked = 0;
  /** Held all the same under best_effort; above zero, the operator should be told. */
  std::size_t unlocked = 0;
};

class SecretArena {
 public:
  /** mlock(2), or what a test puts in its place: 0, or -1 with errno set. */
  using LockPages = int (*)(const void* begin, std::size_t size);

  /** One secret may have this many bytes at most. */
  static constexpr std::size_t kSizeMax = std::size_t{16} << 20;

  SecretArena();
  explicit SecretArena(LockPages lock_pages);
  SecretArena(const SecretArena&) = delete;
  SecretArena& operator=(const SecretArena&) = delete;
  /** No secret is in it any more (CHECK). */
  ~SecretArena();

  /** The process's own arena. It is never destroyed. */
  static SecretArena& process();

  /** Holds for what is taken from now on; called once, at the start. */
  void set_memory_lock(MemoryLock memory_lock);

  /** `size` zero bytes, 1 to kSizeMax (CHECK); whoever takes them gives them back.
      permission_denied when they cannot be locked, unavailable when there is no memory. */
  Result<std::span<std::uint8_t>> take(std::size_t size);

  /** Wipes the bytes and takes them back. `bytes` is what take() gave. */
  void give_back(std::span<std::uint8_t> bytes) noexcept;

  SecretMemory memory() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast
