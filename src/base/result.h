// Result<T>: a value, or the Error that says why there is none. The class is [[nodiscard]], so a
// dropped error does not compile. Its interface is a subset of std::expected, which GCC 12 does
// not have in C++20.
//
// Error is for operating failures (a database that is down, a file that is not there). A refusal
// to sign is not an error but an answer: see protection/refusal.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace holdfast {

/** What a caller may do about an error. Zero is unknown, and unknown is treated as the worst. */
enum class ErrorKind {
  unknown = 0,
  /** The request or the file is wrong; trying again as it is will not help. */
  invalid_input,
  /** The other side cannot be reached or is shutting down; nothing was changed. Try later. */
  unavailable,
  /** The time ran out and it is known that nothing was changed. */
  timeout,
  /** A write was sent and its answer was lost: it may or may not be durable. Never retried as new
      work; it is resolved by reading back (S5). */
  in_doubt,
  /** Too much is in flight; the caller is asked to come back later. */
  overloaded,
  /** The database's schema is not the one that we read and write. */
  schema_mismatch,
  /** Stored data contradicts itself. */
  corrupt,
  /** The thing that was asked for does not exist. */
  not_found,
  /** The database or the operating system does not let us. */
  permission_denied,
  /** The database is not the one that this node is pinned to (S4). */
  wrong_database,
};

/** The kind's name, as logs and metrics print it. */
constexpr std::string_view name_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::unknown:
      return "unknown";
    case ErrorKind::invalid_input:
      return "invalid_input";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::in_doubt:
      return "in_doubt";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::schema_mismatch:
      return "schema_mismatch";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::permission_denied:
      return "permission_denied";
    case ErrorKind::wrong_database:
      return "wrong_database";
  }
  return "unknown";
}

/** An operating failure. `message` is for people: what was wrong, where, what to do. It never
    holds a secret. */
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::unknown;
  std::string message;

  /** The same error with "context: " before its message. */
  Error within(std::string_view context) && {
    message.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }
};

/** A T, or the Error that says why there is none. Reading the wrong one aborts. */
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::get<0>(std::move(state_));
  }
  const Error& error() const& {
    CHECK(!has_value());
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHECK(!has_value());
    return std::get<1>(std::move(state_));
  }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Error> state_;
};

/** Success without a value, or an Error. */
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  const Error& error() const& {
    CHECK(!has_value());
    return *error_;
  }
  Error&& error() && {
    CHECK(!has_value());
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

}  // namespace holdfast
