// Reads the vectors of tests/vectors.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <boost/json/value.hpp>

#include "base/hex.h"
#include "base/strict_json.h"
#include "crypto/secp256k1.h"

namespace holdfast::testing {

inline std::string read_vector_file(const std::string& name) {
  std::ifstream file(std::string(HOLDFAST_VECTORS) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no vector file " + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/** The list under "vectors" of the file; throws when there is none, or when it is empty. */
inline boost::json::array vectors_of(const std::string& name) {
  const Result<boost::json::value> document = parse_strict_json(read_vector_file(name));
  if (!document) throw std::runtime_error(name + ": " + document.error().message);
  const boost::json::array& vectors = document->as_object().at("vectors").as_array();
  if (vectors.empty()) throw std::runtime_error(name + " has no vectors");
  return vectors;
}

inline std::string text_of(const boost::json::value& object, std::string_view key) {
  return std::string(std::string_view(object.as_object().at(key).as_string()));
}

inline Bytes bytes_of(std::string_view hex) {
  const std::optional<Bytes> bytes = bytes_from_hex(hex);
  if (!bytes) throw std::runtime_error("not hex: " + std::string(hex));
  return *bytes;
}

template <class Fixed>
Fixed fixed_of(std::string_view hex) {
  const std::optional<Fixed> fixed = fixed_from_hex<Fixed>(hex);
  if (!fixed) throw std::runtime_error("not hex of the right length: " + std::string(hex));
  return *fixed;
}

/** A private key of a vector. */
using TestKey = FixedBytes<struct TestKeyTag, 32>;

/** {r, s, v} as the bytes of a signature, whatever v is. */
inline Signature signature_of(const boost::json::value& object) {
  Bytes r_s = bytes_of(text_of(object, "r"));
  const Bytes s = bytes_of(text_of(object, "s"));
  r_s.insert(r_s.end(), s.begin(), s.end());
  Signature signature;
  std::copy(r_s.begin(), r_s.end(), signature.bytes.begin());
  signature.bytes[64] = static_cast<std::uint8_t>(object.as_object().at("v").to_number<int>());
  return signature;
}

}  // namespace holdfast::testing
