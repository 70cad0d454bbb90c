// A JSON value and the way to it, so that every error can say where it is:
// "validators[0].attester.eth: ...". The messages name fields and kinds, never values: a keystore
// is full of values that must not be repeated.
//
// Pure; holds a reference into a tree that outlives it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "base/result.h"

namespace holdfast {

class JsonNode {
 public:
  JsonNode(const boost::json::value& value, std::string path)
      : value_(&value), path_(std::move(path)) {}

  const boost::json::value& value() const noexcept { return *value_; }
  /** "validators[0].attester"; empty at the root. */
  const std::string& path() const noexcept { return path_; }

  bool is_object() const noexcept { return value_->is_object(); }
  bool is_array() const noexcept { return value_->is_array(); }
  bool is_text() const noexcept { return value_->is_string(); }
  /** "an object", "a string": for messages. */
  std::string_view kind() const noexcept;

  /** invalid_input: "path: reason". */
  Error error(std::string_view reason) const;

  /** Refuses what is not an object, and any field that is not of the list. */
  Result<void> expect_fields(std::initializer_list<std::string_view> known) const;

  /** Whether an object has the field, be it null. */
  bool has(std::string_view field) const;
  /** The field of an object; nullopt when it is absent or null, which mean the same. */
  std::optional<JsonNode> optional(std::string_view field) const;
  /** The field of an object, which must be there and not be null. */
  Result<JsonNode> required(std::string_view field) const;

  /** The elements; invalid_input when it is no array. */
  Result<std::vector<JsonNode>> elements() const;
  /** The string, valid as long as the tree; invalid_input when it is none. */
  Result<std::string_view> text() const;
  /** An integer of at least `least`; invalid_input for anything else, 1.0 included. */
  Result<std::int64_t> integer(std::int64_t least) const;

 private:
  const boost::json::value* value_;
  std::string path_;
};

}  // namespace holdfast
