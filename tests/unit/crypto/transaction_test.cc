#include "crypto/transaction.h"

#include <gtest/gtest.h>

#include "crypto/rlp.h"
#include "unit/crypto/vectors.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using testing::bytes_of;
using testing::fixed_of;
using testing::TestKey;
using testing::text_of;
using testing::vectors_of;

Uint256 decimal_of(const json::value& tx, std::string_view key) {
  if (!tx.as_object().contains(key)) return {};
  return uint256_from_decimal(text_of(tx, key)).value();
}

/** The transaction of a vector, without its access list. */
Transaction transaction_of(const json::value& tx) {
  const json::object& object = tx.as_object();
  Transaction transaction;
  transaction.chain_id = object.at("chainId").to_number<std::uint64_t>();
  transaction.nonce = object.at("nonce").to_number<std::uint64_t>();
  transaction.max_priority_fee_per_gas = decimal_of(tx, "maxPriorityFeePerGas");
  transaction.max_fee_per_gas = decimal_of(tx, "maxFeePerGas");
  transaction.gas = to_uint64(decimal_of(tx, "gas")).value();
  if (!object.at("to").is_null()) transaction.to = fixed_of<Address>(text_of(tx, "to"));
  transaction.value = decimal_of(tx, "value");
  if (object.contains("data")) transaction.data = bytes_of(text_of(tx, "data"));
  if (object.contains("maxFeePerBlobGas")) {
    transaction.max_fee_per_blob_gas = decimal_of(tx, "maxFeePerBlobGas");
  }
  if (object.contains("blobVersionedHashes")) {
    for (const json::value& hash : object.at("blobVersionedHashes").as_array()) {
      transaction.blob_versioned_hashes.push_back(fixed_of<Hash256>(hash.as_string()));
    }
  }
  return transaction;
}

bool has_access_list(const json::value& tx) {
  return tx.as_object().contains("accessList") && !tx.at("accessList").as_array().empty();
}

Transaction plain_transaction() {
  Transaction transaction;
  transaction.chain_id = 1;
  transaction.max_fee_per_gas = uint256_from(2);
  transaction.max_priority_fee_per_gas = uint256_from(1);
  transaction.gas = 21'000;
  transaction.to = fixed_of<Address>("0x603bb2c05d474794ea97805e8de69bccfb3bca12");
  return transaction;
}

Transaction blob_transaction() {
  Transaction transaction = plain_transaction();
  transaction.max_fee_per_blob_gas = uint256_from(7);
  Hash256 hash;
  hash.bytes.fill(0xab);
  hash.bytes[0] = 1;
  transaction.blob_versioned_hashes = {hash, hash};
  return transaction;
}

Signature signature_of(const Transaction& transaction) {
  const TestKey key =
      fixed_of<TestKey>("0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d");
  return sign_digest(key.bytes, signing_hash(transaction));
}

TEST(Transaction, signs_and_serialises_as_aztecs_signer_does) {
  std::size_t signed_rows = 0;
  for (const json::value& row : vectors_of("sign_tx.json")) {
    SCOPED_TRACE(text_of(row, "name"));
    if (has_access_list(row.at("tx"))) continue;
    const Transaction transaction = transaction_of(row.at("tx"));
    ASSERT_TRUE(check_transaction(transaction).has_value());
    const Hash256 hash = signing_hash(transaction);
    EXPECT_EQ(to_hex(hash.view()), text_of(row, "signingHash"));
    EXPECT_EQ(hash, keccak256(bytes_of(text_of(row, "unsignedRlp"))));
    const TestKey key = fixed_of<TestKey>(text_of(row, "privateKey"));
    const Bytes raw = serialize_signed(transaction, sign_digest(key.bytes, hash));
    EXPECT_EQ(to_hex(raw), text_of(row, "signedRaw"));
    EXPECT_EQ(to_hex(keccak256(raw).view()), text_of(row, "txHash"));
    ++signed_rows;
  }
  EXPECT_GE(signed_rows, 4U);
}

TEST(Transaction, reads_back_what_aztecs_signer_serialised) {
  for (const json::value& row : vectors_of("sign_tx.json")) {
    SCOPED_TRACE(text_of(row, "name"));
    const Bytes raw = bytes_of(text_of(row, "signedRaw"));
    const Result<SignedTransaction> decoded = decode_signed_transaction(raw);
    if (has_access_list(row.at("tx"))) {
      ASSERT_FALSE(decoded.has_value());
      EXPECT_NE(decoded.error().message.find("accessList"), std::string::npos);
      continue;
    }
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    EXPECT_EQ(serialize_signed(decoded->transaction, decoded->signature), raw);
    const std::optional<Address> sender =
        recover_address(signing_hash(decoded->transaction), decoded->signature);
    const TestKey key = fixed_of<TestKey>(text_of(row, "privateKey"));
    EXPECT_EQ(sender, *address_of_key(key.bytes));
  }
}

TEST(Transaction, refuses_what_no_chain_takes) {
  struct Row {
    const char* name;
    Transaction transaction;
    std::string_view why;
  };
  Transaction no_chain = plain_transaction();
  no_chain.chain_id = 0;
  Transaction greedy = plain_transaction();
  greedy.max_priority_fee_per_gas = uint256_from(3);
  Transaction blob_fee_only = plain_transaction();
  blob_fee_only.max_fee_per_blob_gas = uint256_from(1);
  Transaction blob_create = blob_transaction();
  blob_create.to.reset();
  Transaction blob_without_fee = blob_transaction();
  blob_without_fee.max_fee_per_blob_gas.reset();
  Transaction unknown_version = blob_transaction();
  unknown_version.blob_versioned_hashes.back().bytes[0] = 2;
  for (const Row& row :
       {Row{"no chain", no_chain, "chainId"}, Row{"tip above fee", greedy, "maxPriorityFeePerGas"},
        Row{"blob fee without blobs", blob_fee_only, "maxFeePerBlobGas"},
        Row{"blob creates", blob_create, "no to"},
        Row{"blob without fee", blob_without_fee, "maxFeePerBlobGas"},
        Row{"version 2", unknown_version, "0x01"}}) {
    SCOPED_TRACE(row.name);
    const Result<void> checked = check_transaction(row.transaction);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(checked.error().message.find(row.why), std::string::npos) << checked.error().message;
    EXPECT_DEATH(signing_hash(row.transaction), "check_transaction");
  }
  Transaction equal_fees = plain_transaction();
  equal_fees.max_priority_fee_per_gas = equal_fees.max_fee_per_gas;
  EXPECT_TRUE(check_transaction(equal_fees).has_value());
}

/** The items of a wrapper behind the transaction: lists of `count` items each. */
Bytes wrapped(const Transaction& transaction, const Bytes& behind) {
  const Bytes raw = serialize_signed(transaction, signature_of(transaction));
  Bytes items(raw.begin() + 1, raw.end());
  items.insert(items.end(), behind.begin(), behind.end());
  Bytes out = {raw.front()};
  append_rlp_list(out, items);
  return out;
}

Bytes three_lists() {
  Bytes two_items;
  append_rlp_bytes(two_items, Bytes(131'072, 0x11));
  append_rlp_bytes(two_items, Bytes(48, 0x22));
  Bytes lists;
  for (int i = 0; i < 3; ++i) append_rlp_list(lists, two_items);
  return lists;
}

Bytes versioned_lists(std::uint64_t version) {
  Bytes lists;
  append_rlp_number(lists, version);
  const Bytes three = three_lists();
  lists.insert(lists.end(), three.begin(), three.end());
  return lists;
}

TEST(Transaction, reads_blob_transactions_with_either_wrapper) {
  const Transaction transaction = blob_transaction();
  for (const Bytes& behind : {three_lists(), versioned_lists(1)}) {
    const Result<SignedTransaction> decoded =
        decode_signed_transaction(wrapped(transaction, behind));
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    EXPECT_EQ(decoded->signature, signature_of(transaction));
    EXPECT_EQ(signing_hash(decoded->transaction), signing_hash(transaction));
  }
}

TEST(Transaction, refuses_other_wrappers) {
  Bytes two_lists;
  append_rlp_list(two_lists, {});
  append_rlp_list(two_lists, {});
  Bytes four_lists = three_lists();
  append_rlp_list(four_lists, {});
  for (const Bytes& behind :
       {Bytes(), two_lists, four_lists, versioned_lists(0), versioned_lists(2)}) {
    EXPECT_FALSE(decode_signed_transaction(wrapped(blob_transaction(), behind)).has_value());
  }
  // Only blob transactions are wrapped.
  EXPECT_FALSE(decode_signed_transaction(wrapped(plain_transaction(), three_lists())).has_value());
}

TEST(Transaction, refuses_every_truncation_and_every_byte_after_the_end) {
  for (const Transaction& transaction : {plain_transaction(), blob_transaction()}) {
    Bytes raw = serialize_signed(transaction, signature_of(transaction));
    for (std::size_t size = 0; size < raw.size(); ++size) {
      SCOPED_TRACE(size);
      EXPECT_FALSE(decode_signed_transaction(ByteView(raw).first(size)).has_value());
    }
    raw.push_back(0x80);
    EXPECT_FALSE(decode_signed_transaction(raw).has_value());
  }
}

TEST(Transaction, refuses_to_read_other_types_and_forms) {
  struct Row {
    const char* name;
    std::string_view hex;
    std::string_view why;
  };
  for (const Row& row :
       {Row{"empty", "0x", "empty"}, Row{"legacy", "0xc0", "EIP-1559"},
        Row{"access list type", "0x01c0", "EIP-1559"}, Row{"set code type", "0x04c0", "EIP-1559"},
        Row{"no fields", "0x02c0", "chainId"}, Row{"no list", "0x0280", "list"},
        Row{"one field too many",
            "0x02cf0180010282520880808080c0800101"
            "01",
            ""},
        Row{"y parity 2", "0x02ce01800102825208808080c0020101", "yParity"},
        Row{"19 bytes of to",
            "0x02e1018001028252089300000000000000000000000000000000000000"
            "8080c0800101",
            "to"}}) {
    SCOPED_TRACE(row.name);
    const Result<SignedTransaction> decoded = decode_signed_transaction(bytes_of(row.hex));
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(decoded.error().message.find(row.why), std::string::npos) << decoded.error().message;
  }
}

TEST(Transaction, stops_the_process_when_told_to_serialise_an_unknown_v) {
  Signature signature = signature_of(plain_transaction());
  signature.bytes[64] = 0;
  EXPECT_DEATH(serialize_signed(plain_transaction(), signature), "v ==");
}

}  // namespace
}  // namespace holdfast
