#include "os/secret_arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {
namespace {

// Slots are powers of two from 32 bytes up to a page; what is larger has pages of its own.
constexpr std::size_t kSlotMin = 32;
constexpr std::size_t kClassCount = 8;

std::size_t page_size() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t slot_max() {
  return kSlotMin << (kClassCount - 1);
}

std::size_t class_of(std::size_t size) {
  const std::size_t slot = std::bit_ceil(std::max(size, kSlotMin));
  return static_cast<std::size_t>(std::countr_zero(slot) - std::countr_zero(kSlotMin));
}

std::size_t whole_pages(std::size_t size) {
  return (size + page_size() - 1) / page_size() * page_size();
}

Error lock_error(std::size_t size, int error) {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string allowed =
      limit.rlim_cur == RLIM_INFINITY ? "unlimited" : fmt::format("{} KiB", limit.rlim_cur / 1024);
  return Error{
      ErrorKind::permission_denied,
      fmt::format("{} bytes of memory for secrets cannot be locked ({}; the limit is {}): raise "
                  "LimitMEMLOCK in the systemd unit, or `ulimit -l` in the shell, or accept that "
                  "secrets may be swapped to disk with --memory-lock best_effort",
                  size, strerror(error), allowed)};
}

struct Mapping {
  std::uint8_t* begin = nullptr;
  std::size_t size = 0;
  bool locked = false;
};

}  // namespace

struct SecretArena::State {
  explicit State(LockPages lock) : lock_pages(lock) {}

  Result<std::uint8_t*> map(std::size_t size) {
    void* const pages =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
      return Error{ErrorKind::unavailable, fmt::format("no memory for {} bytes of secrets", size)};
    }
    // Older kernels know neither of the two; the lock and the wiping still hold there.
    (void)madvise(pages, size, MADV_DONTDUMP);
    (void)madvise(pages, size, MADV_WIPEONFORK);
    const bool locked = lock_pages(pages, size) == 0;
    if (!locked && memory_lock != MemoryLock::best_effort) {
      const int error = errno;
      munmap(pages, size);
      return lock_error(size, error);
    }
    auto* const begin = static_cast<std::uint8_t*>(pages);
    mappings.push_back({begin, size, locked});
    return begin;
  }

  void unmap(std::uint8_t* begin) noexcept {
    for (std::size_t i = 0; i < mappings.size(); ++i) {
      if (mappings[i].begin != begin) continue;
      munmap(begin, mappings[i].size);
      mappings[i] = mappings.back();
      mappings.pop_back();
      return;
    }
    CHECK(!"memory that is not the arena's");
  }

  mutable std::mutex mutex;
  LockPages lock_pages;
  MemoryLock memory_lock = MemoryLock::required;
  std::array<std::vector<std::uint8_t*>, kClassCount> free_slots;
  std::vector<Mapping> mappings;
  std::size_t taken = 0;
};

SecretArena::SecretArena() : SecretArena(&mlock) {}
SecretArena::SecretArena(LockPages lock_pages) : state_(std::make_unique<State>(lock_pages)) {}

SecretArena::~SecretArena() {
  CHECK(state_->taken == 0);
  for (const Mapping& mapping : state_->mappings) munmap(mapping.begin, mapping.size);
}

SecretArena& SecretArena::process() {
  // Secrets in static objects may outlive any static arena, so this one stays.
  static SecretArena* const arena = std::make_unique<SecretArena>().release();
  return *arena;
}

void SecretArena::set_memory_lock(MemoryLock memory_lock) {
  const std::lock_guard guard(state_->mutex);
  state_->memory_lock = memory_lock;
}

Result<std::span<std::uint8_t>> SecretArena::take(std::size_t size) {
  CHECK(size > 0 && size <= kSizeMax);
  const std::lock_guard guard(state_->mutex);
  if (size > slot_max()) {
    Result<std::uint8_t*> pages = state_->map(whole_pages(size));
    if (!pages) return std::move(pages).error();
    ++state_->taken;
    return std::span(*pages, size);
  }
  const std::size_t slot_class = class_of(size);
  std::vector<std::uint8_t*>& slots = state_->free_slots[slot_class];
  if (slots.empty()) {
    const std::size_t page = whole_pages(slot_max());
    Result<std::uint8_t*> pages = state_->map(page);
    if (!pages) return std::move(pages).error();
    const std::size_t slot_size = kSlotMin << slot_class;
    // From the end, so that slots are handed out in the order of their addresses.
    for (std::size_t end = page; end >= slot_size; end -= slot_size) {
      slots.push_back(*pages + end - slot_size);
    }
  }
  std::uint8_t* const slot = slots.back();
  slots.pop_back();
  ++state_->taken;
  return std::span(slot, size);
}

void SecretArena::give_back(std::span<std::uint8_t> bytes) noexcept {
  explicit_bzero(bytes.data(), bytes.size());
  const std::lock_guard guard(state_->mutex);
  CHECK(state_->taken > 0);
  --state_->taken;
  if (bytes.size() > slot_max()) {
    state_->unmap(bytes.data());
  } else {
    state_->free_slots[class_of(bytes.size())].push_back(bytes.data());
  }
}

SecretMemory SecretArena::memory() const {
  const std::lock_guard guard(state_->mutex);
  SecretMemory memory;
  for (const Mapping& mapping : state_->mappings) {
    (mapping.locked ? memory.locked : memory.unlocked) += mapping.size;
  }
  return memory;
}

}  // namespace holdfast
