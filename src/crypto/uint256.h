// Unsigned numbers of 256 bits, as transactions and typed data carry them. No arithmetic: they
// are read, compared, and written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holdfast {

/** An unsigned 256-bit number, big-endian; comparing compares the numbers. */
using Uint256 = FixedBytes<struct Uint256Tag, 32>;

Uint256 uint256_from(std::uint64_t number);

/** One or more digits 0-9; leading zeros are allowed. nullopt for anything else, a sign included,
    and for 2^256 and above. */
std::optional<Uint256> uint256_from_decimal(std::string_view digits);

/** "0x" and one or more hex digits of either case; leading zeros are allowed. nullopt for anything
    else and for 2^256 and above. */
std::optional<Uint256> uint256_from_hex(std::string_view text);

/** The number, if it is below 2^64. */
std::optional<std::uint64_t> to_uint64(const Uint256& number);

/** JSON-RPC's form of a number: "0x0", "0x5208", without leading zeros. */
std::string to_quantity(const Uint256& number);

/** How many bits the number needs: 0 for 0, 256 for 2^255 and above. */
std::size_t bit_length(const Uint256& number);

/** 2^256 - number (0 for 0): the two's complement of -number. */
Uint256 negated(const Uint256& number);

/** The big-endian bytes without leading zeros; none for 0. A view into the number. */
ByteView minimal_bytes(const Uint256& number);

}  // namespace holdfast
