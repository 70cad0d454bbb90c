// EIP-712: hashing of arbitrary typed data, as strict as viem's or stricter: two readers that take
// the same JSON in different ways are worse than a refusal.
// Source: EIP-712; tests/vectors/sign_typed_data.json.
//
// Where EIP712Domain is not among the types it is derived from the domain's fields, in EIP-712's
// order: name, version, chainId, verifyingContract, salt. How each JSON value is read is said in
// typed_data_value.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"
#include "crypto/keccak.h"

namespace holdfast {

/** Typed data that was parsed and checked: {types, primaryType, domain, message}. Immutable. */
class TypedData {
 public:
  /** Bounds of a document; a vote with the bytes of thousands of validators fits. */
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10;
  static constexpr std::size_t kMaxDepth = 32;
  static constexpr std::size_t kMaxValues = 65'536;

  /** Parses the JSON text. Unknown top-level keys, undeclared or missing fields, numbers out of
      their type's range, wrong lengths of bytesN, recursion deeper than 32 and arrays of another
      length than declared are invalid_input, with the JSON path. `from_json` takes what
      parse_strict_json made. */
  static Result<TypedData> parse(std::string_view json);
  static Result<TypedData> from_json(const boost::json::value& json);

  /** keccak256(0x19 0x01 || domain separator || hashStruct(message)). */
  const Hash256& digest() const noexcept { return digest_; }
  /** hashStruct(domain): two documents with the same one belong to the same contract. */
  const Hash256& domain_separator() const noexcept { return domain_separator_; }
  const std::string& primary_type() const noexcept { return primary_type_; }
  /** The domain and the message as they were given. */
  const boost::json::object& domain() const noexcept { return domain_; }
  const boost::json::object& message() const noexcept { return message_; }

 private:
  TypedData() = default;
  Hash256 domain_separator_;
  Hash256 digest_;
  std::string primary_type_;
  boost::json::object domain_;
  boost::json::object message_;
};

}  // namespace holdfast
