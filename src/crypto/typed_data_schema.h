// The types of one EIP-712 document: parsed, checked, and hashed. Internal to src/crypto; others
// use typed_data.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "crypto/keccak.h"

namespace holdfast::typed_data {

inline constexpr std::string_view kDomainType = "EIP712Domain";

/** Bounds of a document's types, far above what contracts use. */
inline constexpr std::size_t kMaxTypes = 64;
inline constexpr std::size_t kMaxFields = 64;
inline constexpr std::size_t kMaxNameSize = 64;
inline constexpr std::size_t kMaxDimensions = 8;

enum class Kind : std::uint8_t {
  unknown = 0,
  boolean,
  address,
  string,
  bytes,
  fixed_bytes,
  unsigned_integer,
  signed_integer,
  structure,
};

/** The length of an array, as its type declares it. */
struct Dimension {
  /** 1 or more; 0 where any length is allowed. */
  std::uint32_t length = 0;
};

/** What one field holds: a kind, or an array of it, or an array of arrays. */
struct FieldType {
  Kind kind = Kind::unknown;
  /** 8 to 256 bits for integers, 1 to 32 bytes for fixed_bytes, otherwise 0. */
  std::uint16_t width = 0;
  /** The type's name for a structure, otherwise empty. */
  std::string structure;
  /** As written: "T[2][]" is {2, any}, and its last is the outermost array. */
  std::vector<Dimension> dimensions;
};

struct Field {
  std::string name;
  /** As the document writes it; it takes part in the type hash. */
  std::string type_text;
  FieldType type;
};

struct Structure {
  std::vector<Field> fields;
  /** keccak256(encodeType), for the types that the domain and the primary type need. */
  Hash256 type_hash;
};

/** All types of a document. Each name that a field mentions is declared. */
class Schema {
 public:
  /** Checks `types` and computes the hashes that hashing `primary_type` needs. EIP712Domain is
      derived from the fields of `domain` where it is not declared. invalid_input says which type
      and field is wrong. */
  static Result<Schema> parse(const boost::json::object& types, const boost::json::object& domain,
                              std::string_view primary_type);

  /** The declared type of that name (CHECK). */
  const Structure& structure(std::string_view name) const;

  /** "Mail(Person from,Person to)Person(string name)": the type, then the types that it needs, in
      the order of their names. */
  std::string encode_type(std::string_view name) const;

 private:
  Result<void> add_declared(const boost::json::object& types);
  Result<void> add_domain(const boost::json::object& domain);
  Result<void> check_references() const;
  /** Every type that can be reached from this one, itself included. */
  void collect(std::string_view name, std::map<std::string_view, const Structure*>& reached) const;
  void hash_types_of(std::string_view name);

  std::map<std::string, Structure, std::less<>> structures_;
};

}  // namespace holdfast::typed_data
