#include "os/secret.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {

Secret::Secret(Secret&& other) noexcept
    : arena_(std::exchange(other.arena_, nullptr)),
      memory_(std::exchange(other.memory_, {})),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  drop();
  arena_ = std::exchange(other.arena_, nullptr);
  memory_ = std::exchange(other.memory_, {});
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Secret::~Secret() {
  drop();
}

void Secret::drop() noexcept {
  if (arena_ != nullptr) arena_->give_back(memory_);
  arena_ = nullptr;
  memory_ = {};
  size_ = 0;
}

Result<Secret> Secret::zeros(std::size_t size, SecretArena& arena) {
  if (size == 0) return Secret();
  if (size > SecretArena::kSizeMax) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("a secret of {} bytes is too large: {} is the most", size,
                             SecretArena::kSizeMax)};
  }
  Result<std::span<std::uint8_t>> memory = arena.take(size);
  if (!memory) return std::move(memory).error();
  return Secret(arena, *memory);
}

Result<Secret> Secret::copy_of(ByteView bytes, SecretArena& arena) {
  Result<Secret> secret = zeros(bytes.size(), arena);
  if (secret) std::copy(bytes.begin(), bytes.end(), secret->memory_.begin());
  return secret;
}

std::string_view Secret::text() const noexcept {
  return {reinterpret_cast<const char*>(memory_.data()), size_};
}

void Secret::truncate(std::size_t size) {
  CHECK(size <= size_);
  wipe(memory_.subspan(size));
  size_ = size;
}

bool Secret::equals(ByteView other) const noexcept {
  return constant_time_equal(view(), other);
}

bool constant_time_equal(ByteView left, ByteView right) noexcept {
  if (left.size() != right.size()) return false;
  // volatile keeps the compiler from stopping at the first difference.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (left[i] ^ right[i]));
  }
  return difference == 0;
}

void wipe(std::span<std::uint8_t> bytes) noexcept {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

void wipe(std::string& text) noexcept {
  if (!text.empty()) explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace holdfast
