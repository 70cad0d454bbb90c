#include "crypto/typed_data_value.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hex.h"
#include "base/quote.h"
#include "crypto/address.h"
#include "crypto/uint256.h"

namespace holdfast::typed_data {
namespace {

namespace json = boost::json;

constexpr std::size_t kShown = 40;

Error bad_value(std::string_view what) {
  return Error{ErrorKind::invalid_input, std::string(what)};
}

/** A number as sign and magnitude. */
struct Integer {
  bool negative = false;
  Uint256 magnitude;
};

std::optional<Integer> integer_from_text(std::string_view text) {
  Integer integer;
  std::optional<Uint256> magnitude;
  if (text.starts_with("0x")) {
    magnitude = uint256_from_hex(text);
  } else {
    integer.negative = text.starts_with('-');
    magnitude = uint256_from_decimal(text.substr(integer.negative ? 1 : 0));
  }
  if (!magnitude) return std::nullopt;
  integer.magnitude = *magnitude;
  return integer;
}

Result<Integer> read_integer(const json::value& value) {
  if (const json::string* text = value.if_string()) {
    const std::optional<Integer> integer = integer_from_text(*text);
    if (integer) return *integer;
    return bad_value(fmt::format("{} is no integer of 256 bits", quoted(*text, kShown)));
  }
  if (const std::uint64_t* number = value.if_uint64()) return Integer{false, uint256_from(*number)};
  if (const std::int64_t* number = value.if_int64()) {
    // Negating in unsigned arithmetic is right for the smallest int64 too.
    const auto bits = static_cast<std::uint64_t>(*number);
    return Integer{*number < 0, uint256_from(*number < 0 ? 0 - bits : bits)};
  }
  if (value.is_double()) {
    return bad_value("a number with a fraction or an exponent may be rounded; write a string");
  }
  return bad_value("an integer belongs here");
}

bool in_range(const Integer& integer, const FieldType& type) {
  const std::size_t bits = bit_length(integer.magnitude);
  if (type.kind == Kind::unsigned_integer) {
    return bits <= type.width && (!integer.negative || bits == 0);
  }
  if (bits < type.width) return true;
  if (bits > type.width || !integer.negative) return false;
  // -2^(N-1) is the one negative number whose magnitude needs N bits.
  const ByteView bytes = minimal_bytes(integer.magnitude);
  return bytes.front() == 0x80 &&
         std::all_of(bytes.begin() + 1, bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Result<Hash256> encode_integer(const FieldType& type, const json::value& value) {
  const Result<Integer> integer = read_integer(value);
  if (!integer) return integer.error();
  if (!in_range(*integer, type)) {
    return bad_value(fmt::format("a number outside the range of {}int{}",
                                 type.kind == Kind::unsigned_integer ? "u" : "", type.width));
  }
  return Hash256{integer->negative ? negated(integer->magnitude).bytes : integer->magnitude.bytes};
}

Result<Hash256> encode_address(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return bad_value("an address belongs here, as a string");
  const Result<Address> address = address_from_text(*text);
  if (!address) return address.error();
  if (*text != to_text(*address) && *text != to_eip55(*address)) {
    return bad_value("an address in upper case, which carries no EIP-55 check sum");
  }
  Hash256 word;
  std::copy_backward(address->bytes.begin(), address->bytes.end(), word.bytes.end());
  return word;
}

Result<Bytes> read_bytes(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return bad_value("bytes belong here, as a hex string with 0x");
  std::optional<Bytes> bytes = bytes_from_hex(*text);
  if (!bytes) {
    return bad_value(
        fmt::format("{} is not 0x and an even number of hex digits", quoted(*text, kShown)));
  }
  return *std::move(bytes);
}

Result<Hash256> encode_bytes(const FieldType& type, const json::value& value) {
  const Result<Bytes> bytes = read_bytes(value);
  if (!bytes) return bytes.error();
  if (type.kind == Kind::bytes) return keccak256(*bytes);
  if (bytes->size() != type.width) {
    return bad_value(fmt::format("{} bytes instead of {}", bytes->size(), type.width));
  }
  Hash256 word;
  std::copy(bytes->begin(), bytes->end(), word.bytes.begin());
  return word;
}

}  // namespace

Result<Hash256> encode_atom(const FieldType& type, const json::value& value) {
  switch (type.kind) {
    case Kind::boolean: {
      const bool* flag = value.if_bool();
      if (flag == nullptr) return bad_value("true or false belongs here");
      return Hash256{uint256_from(*flag ? 1 : 0).bytes};
    }
    case Kind::string: {
      const json::string* text = value.if_string();
      if (text == nullptr) return bad_value("a string belongs here");
      return keccak256(as_bytes(*text));
    }
    case Kind::address:
      return encode_address(value);
    case Kind::bytes:
    case Kind::fixed_bytes:
      return encode_bytes(type, value);
    case Kind::unsigned_integer:
    case Kind::signed_integer:
      return encode_integer(type, value);
    case Kind::structure:
    case Kind::unknown:
      break;
  }
  CHECK(false);
}

}  // namespace holdfast::typed_data
