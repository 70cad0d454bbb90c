// CHECK stops the process on a programmer's error. It is never for input, the network or a
// database: those are answered with Result. It stays on in release, because a signer whose own
// assumptions are broken must not go on signing.
#pragma once

#ifdef NDEBUG
#error "Holdfast is never built with NDEBUG: its checks are part of its safety."
#endif

namespace holdfast {

/** Prints where and what to stderr and aborts. Called by CHECK only. */
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace holdfast

#define CHECK(condition)                               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::holdfast::check_failed(#condition, __FILE__, __LINE__))
