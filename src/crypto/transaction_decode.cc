#include <algorithm>

#include "crypto/rlp.h"
#include "crypto/transaction.h"
#include "crypto/transaction_types.h"

namespace holdfast {
namespace {

Error bad_raw(std::string_view what) {
  return Error{ErrorKind::invalid_input, "raw transaction: " + std::string(what)};
}

/** Reads the fields of a signed transaction in their order. The first error stays and every later
    read gives an empty value, so that the caller asks once, at the end. */
class FieldReader {
 public:
  explicit FieldReader(RlpReader fields) : fields_(fields) {}

  std::uint64_t number64(std::string_view name) {
    return taken(name, [this] { return fields_.number64(); });
  }
  Uint256 number256(std::string_view name) {
    return taken(name, [this] { return fields_.number256(); });
  }
  Bytes bytes(std::string_view name) {
    const ByteView view = taken(name, [this] { return fields_.bytes(); });
    return {view.begin(), view.end()};
  }
  std::optional<Address> optional_address(std::string_view name) {
    const Bytes given = bytes(name);
    if (given.empty()) return std::nullopt;
    return fixed<Address>(given, name);
  }
  void empty_list(std::string_view name) {
    const RlpReader list = taken(
        name, [this] { return fields_.list(); }, RlpReader({}));
    if (!list.at_end()) fail(name, "is not empty");
  }
  std::vector<Hash256> hashes(std::string_view name) {
    RlpReader list = taken(
        name, [this] { return fields_.list(); }, RlpReader({}));
    std::vector<Hash256> hashes;
    while (!error_ && !list.at_end()) {
      const ByteView hash = taken(name, [&list] { return list.bytes(); });
      hashes.push_back(fixed<Hash256>(hash, name));
    }
    return hashes;
  }
  Result<void> finish() {
    if (!error_ && !fields_.at_end()) return bad_raw("more fields than its type has");
    if (error_) return *std::move(error_);
    return {};
  }
  void fail(std::string_view name, std::string_view what) {
    if (!error_) error_ = bad_raw(std::string(name) + ": " + std::string(what));
  }

 private:
  template <class Read, class Value = typename std::invoke_result_t<Read>::value_type>
  Value taken(std::string_view name, Read read, Value otherwise = {}) {
    if (error_) return otherwise;
    Result<Value> value = read();
    if (value) return *std::move(value);
    fail(name, value.error().message);
    return otherwise;
  }
  template <class Fixed>
  Fixed fixed(ByteView given, std::string_view name) {
    Fixed result;
    if (given.size() == Fixed::kSize) {
      std::copy(given.begin(), given.end(), result.bytes.begin());
    } else {
      fail(name, "has a wrong length");
    }
    return result;
  }

  RlpReader fields_;
  std::optional<Error> error_;
};

enum class RawType : std::uint8_t { unknown = 0, fee_market, blob };

Signature read_signature(FieldReader& fields) {
  Signature signature;
  const std::uint64_t y_parity = fields.number64("yParity");
  if (y_parity > 1) fields.fail("yParity", "is neither 0 nor 1");
  const Uint256 r = fields.number256("r");
  const Uint256 s = fields.number256("s");
  std::copy(r.bytes.begin(), r.bytes.end(), signature.bytes.begin());
  std::copy(s.bytes.begin(), s.bytes.end(), signature.bytes.begin() + Uint256::kSize);
  signature.bytes[64] = static_cast<std::uint8_t>(27 + y_parity);
  return signature;
}

Result<SignedTransaction> read_body(RlpReader body, RawType type) {
  FieldReader fields(body);
  SignedTransaction result;
  Transaction& transaction = result.transaction;
  transaction.chain_id = fields.number64("chainId");
  transaction.nonce = fields.number64("nonce");
  transaction.max_priority_fee_per_gas = fields.number256("maxPriorityFeePerGas");
  transaction.max_fee_per_gas = fields.number256("maxFeePerGas");
  transaction.gas = fields.number64("gas");
  transaction.to = fields.optional_address("to");
  transaction.value = fields.number256("value");
  transaction.data = fields.bytes("data");
  fields.empty_list("accessList");
  if (type == RawType::blob) {
    transaction.max_fee_per_blob_gas = fields.number256("maxFeePerBlobGas");
    transaction.blob_versioned_hashes = fields.hashes("blobVersionedHashes");
    if (transaction.blob_versioned_hashes.empty()) {
      fields.fail("blobVersionedHashes", "is empty");
    }
  }
  result.signature = read_signature(fields);
  const Result<void> complete = fields.finish();
  if (!complete) return complete.error();
  const Result<void> sound = check_transaction(transaction);
  if (!sound) return sound.error();
  return result;
}

/** What stands behind the transaction in a wrapper: [version,] blobs, commitments, proofs. */
Result<void> check_wrapper(RlpReader rest) {
  if (!rest.next_is_list()) {
    const Result<std::uint64_t> version = rest.number64();
    if (!version) return version.error();
    if (*version != kCellProofWrapperVersion) return bad_raw("an unknown wrapper version");
  }
  for (int lists = 0; lists < 3; ++lists) {
    Result<RlpReader> list = rest.list();
    if (!list) return list.error();
    while (!list->at_end()) {
      const Result<ByteView> item = list->bytes();
      if (!item) return item.error();
    }
  }
  if (!rest.at_end()) return bad_raw("a wrapper with more than 5 elements");
  return {};
}

}  // namespace

Result<SignedTransaction> decode_signed_transaction(ByteView raw) {
  if (raw.empty()) return bad_raw("empty");
  if (raw.front() != kFeeMarketType && raw.front() != kBlobTransactionType) {
    return bad_raw("its type is neither EIP-1559 (0x02) nor EIP-4844 (0x03)");
  }
  const RawType type = raw.front() == kBlobTransactionType ? RawType::blob : RawType::fee_market;
  RlpReader outer(raw.subspan(1));
  Result<RlpReader> body = outer.list();
  if (!body) return std::move(body).error().within("raw transaction");
  if (!outer.at_end()) return bad_raw("bytes after its end");
  if (type == RawType::blob && body->next_is_list()) {
    Result<RlpReader> wrapped = body->list();
    if (!wrapped) return std::move(wrapped).error().within("raw transaction");
    const Result<void> wrapper = check_wrapper(*body);
    if (!wrapper) return wrapper.error();
    return read_body(*wrapped, type);
  }
  return read_body(*body, type);
}

}  // namespace holdfast
