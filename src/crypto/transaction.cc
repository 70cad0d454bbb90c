#include "crypto/transaction.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/rlp.h"
#include "crypto/transaction_types.h"

namespace holdfast {
namespace {

bool is_blob_transaction(const Transaction& transaction) {
  return !transaction.blob_versioned_hashes.empty();
}

Bytes encode_fields(const Transaction& transaction) {
  Bytes fields;
  append_rlp_number(fields, transaction.chain_id);
  append_rlp_number(fields, transaction.nonce);
  append_rlp_number(fields, transaction.max_priority_fee_per_gas);
  append_rlp_number(fields, transaction.max_fee_per_gas);
  append_rlp_number(fields, transaction.gas);
  append_rlp_bytes(fields, transaction.to ? transaction.to->view() : ByteView());
  append_rlp_number(fields, transaction.value);
  append_rlp_bytes(fields, transaction.data);
  append_rlp_list(fields, {});
  if (is_blob_transaction(transaction)) {
    append_rlp_number(fields, *transaction.max_fee_per_blob_gas);
    Bytes hashes;
    for (const Hash256& hash : transaction.blob_versioned_hashes) {
      append_rlp_bytes(hashes, hash.view());
    }
    append_rlp_list(fields, hashes);
  }
  return fields;
}

Bytes as_typed_list(const Transaction& transaction, const Bytes& fields) {
  Bytes typed = {is_blob_transaction(transaction) ? kBlobTransactionType : kFeeMarketType};
  append_rlp_list(typed, fields);
  return typed;
}

Error bad_transaction(std::string_view what) {
  return Error{ErrorKind::invalid_input, "transaction: " + std::string(what)};
}

}  // namespace

Result<void> check_transaction(const Transaction& transaction) {
  if (transaction.chain_id == 0) return bad_transaction("chainId is 0");
  if (transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas) {
    return bad_transaction("maxPriorityFeePerGas exceeds maxFeePerGas");
  }
  if (!is_blob_transaction(transaction)) {
    if (transaction.max_fee_per_blob_gas) {
      return bad_transaction("maxFeePerBlobGas without blobVersionedHashes");
    }
    return {};
  }
  if (!transaction.to) return bad_transaction("a blob transaction cannot create a contract: no to");
  if (!transaction.max_fee_per_blob_gas) {
    return bad_transaction("blobVersionedHashes without maxFeePerBlobGas");
  }
  for (const Hash256& hash : transaction.blob_versioned_hashes) {
    if (hash.bytes.front() != kKzgHashVersion) {
      return bad_transaction("a hash of blobVersionedHashes does not begin with version 0x01");
    }
  }
  return {};
}

Hash256 signing_hash(const Transaction& transaction) {
  CHECK(check_transaction(transaction).has_value());
  return keccak256(as_typed_list(transaction, encode_fields(transaction)));
}

Bytes serialize_signed(const Transaction& transaction, const Signature& signature) {
  CHECK(check_transaction(transaction).has_value());
  const std::uint8_t v = signature.bytes[64];
  CHECK(v == 27 || v == 28);
  Bytes fields = encode_fields(transaction);
  append_rlp_number(fields, static_cast<std::uint64_t>(v - 27));
  for (const std::ptrdiff_t at : {0, 32}) {
    Uint256 number;
    std::copy_n(signature.bytes.begin() + at, number.kSize, number.bytes.begin());
    append_rlp_number(fields, number);
  }
  return as_typed_list(transaction, fields);
}

}  // namespace holdfast
