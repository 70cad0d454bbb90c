// EIP-1559 and EIP-4844 transactions of a publisher key, signed and serialised.
// Source: EIP-1559, EIP-4844, EIP-2718; reference section 3.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/address.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

namespace holdfast {

/** An unsigned 256-bit number, big-endian. */
using Uint256 = FixedBytes<struct Uint256Tag, 32>;

/** The fields that a client sends; chain id comes from the configuration and the access list is
    empty. With blob_versioned_hashes it is an EIP-4844 transaction, which needs `to` and
    max_fee_per_blob_gas. */
struct Transaction {
  std::uint64_t chain_id = 0;
  std::uint64_t nonce = 0;
  Uint256 max_priority_fee_per_gas;
  Uint256 max_fee_per_gas;
  std::uint64_t gas = 0;
  std::optional<Address> to;
  Uint256 value;
  Bytes data;
  std::optional<Uint256> max_fee_per_blob_gas;
  std::vector<Hash256> blob_versioned_hashes;
};

/** What is signed: keccak256(type || rlp(fields without signature)). */
Hash256 signing_hash(const Transaction& transaction);

/** type || rlp(fields, yParity, r, s); for EIP-4844 without the blobs ("unwrapped"). */
Bytes serialize_signed(const Transaction& transaction, const Signature& signature);

}  // namespace holdfast
