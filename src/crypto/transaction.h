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
#include "crypto/uint256.h"

namespace holdfast {

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

/** invalid_input, naming the field, when no chain would take the transaction: chain id 0, a
   priority fee above the fee, blobs without `to`, without a blob fee or of an unknown version, a
   blob fee without blobs. The functions below CHECK it. */
Result<void> check_transaction(const Transaction& transaction);

/** What is signed: keccak256(type || rlp(fields without signature)). */
Hash256 signing_hash(const Transaction& transaction);

/** type || rlp(fields, yParity, r, s); for EIP-4844 without the blobs ("unwrapped"). The
    signature's v is 27 or 28 (CHECK). */
Bytes serialize_signed(const Transaction& transaction, const Signature& signature);

/** A transaction as it came over the wire. The signature's v is 27 or 28; whether it is low-s, and
    whose it is, recover_address(signing_hash(transaction), signature) tells. */
struct SignedTransaction {
  Transaction transaction;
  Signature signature;
};

/** Reads a raw signed transaction, to check what a remote signer returned. EIP-4844 may be
    unwrapped, or wrapped with blobs, commitments and proofs (4 elements, EIP-4844's network form)
    or with a version and cell proofs (5 elements, EIP-7594); what is wrapped around is checked for
    its form only. invalid_input for any other type, a non-empty access list, another encoding
    than the canonical one, or what check_transaction refuses. */
Result<SignedTransaction> decode_signed_transaction(ByteView raw);

}  // namespace holdfast
