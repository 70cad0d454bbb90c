// Numbers that the transaction encodings share. Internal to src/crypto.
#pragma once

#include <cstdint>

namespace holdfast {

/** EIP-1559. */
inline constexpr std::uint8_t kFeeMarketType = 0x02;
/** EIP-4844. */
inline constexpr std::uint8_t kBlobTransactionType = 0x03;
/** The first byte of a blob's versioned hash, VERSIONED_HASH_VERSION_KZG. */
inline constexpr std::uint8_t kKzgHashVersion = 0x01;
/** EIP-7594: the version of a wrapper with cell proofs. */
inline constexpr std::uint64_t kCellProofWrapperVersion = 1;

}  // namespace holdfast
