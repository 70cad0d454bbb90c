#include "crypto/secp256k1.h"

#include <gtest/gtest.h>

#include "crypto/eip191.h"
#include "unit/crypto/vectors.h"

namespace holdfast {
namespace {

using testing::bytes_of;
using testing::fixed_of;
using testing::signature_of;
using testing::TestKey;
using testing::text_of;
using testing::vectors_of;

constexpr std::string_view kOrder =
    "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kOrderLessOne =
    "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
constexpr std::string_view kHalfOrder =
    "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
constexpr std::string_view kHalfOrderPlusOne =
    "0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";
constexpr std::string_view kZero =
    "0x0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kOne =
    "0x0000000000000000000000000000000000000000000000000000000000000001";

Signature make_signature(std::string_view r, std::string_view s, std::uint8_t v) {
  const Hash256 r_bytes = fixed_of<Hash256>(r);
  const Hash256 s_bytes = fixed_of<Hash256>(s);
  Signature signature;
  std::copy(r_bytes.bytes.begin(), r_bytes.bytes.end(), signature.bytes.begin());
  std::copy(s_bytes.bytes.begin(), s_bytes.bytes.end(), signature.bytes.begin() + 32);
  signature.bytes[64] = v;
  return signature;
}

TEST(Secp256k1, gives_the_digests_and_signatures_of_aztecs_eth_sign) {
  for (const boost::json::value& row : vectors_of("sign_eth_sign.json")) {
    SCOPED_TRACE(text_of(row, "key") + " " + text_of(row, "payload"));
    const TestKey key = fixed_of<TestKey>(text_of(row, "privateKey"));
    const Hash256 payload = fixed_of<Hash256>(text_of(row, "payload"));
    const Hash256 digest = eip191_digest(payload.bytes);
    EXPECT_EQ(to_hex(digest.view()), text_of(row, "digest"));
    const Signature signature = sign_digest(key.bytes, digest);
    EXPECT_EQ(to_hex(signature.view()), text_of(row.at("signature"), "hex"));
    EXPECT_EQ(to_text(*address_of_key(key.bytes)), text_of(row, "address"));
    const std::optional<Address> signer = recover_address(digest, signature);
    ASSERT_TRUE(signer.has_value());
    EXPECT_EQ(to_text(*signer), text_of(row, "address"));
  }
}

TEST(Secp256k1, gives_the_message_hashes_and_signatures_of_aztecs_payloads) {
  // The vectors were signed with the first account of the well-known test mnemonic.
  const TestKey key =
      fixed_of<TestKey>("0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
  for (const boost::json::value& row : vectors_of("payloads_4.1.2.json")) {
    SCOPED_TRACE(text_of(row, "dutyType"));
    const bool is_text = row.as_object().contains("payloadUtf8");
    const std::string payload = text_of(row, is_text ? "payloadUtf8" : "payloadHex");
    const Hash256 hash = is_text ? keccak256(as_bytes(payload)) : keccak256(bytes_of(payload));
    EXPECT_EQ(to_hex(hash.view()), text_of(row, "messageHash"));
    const Hash256 digest = eip191_digest(hash.bytes);
    if (!is_text) {
      EXPECT_EQ(to_hex(digest.view()), text_of(row, "ethSignedDigest"));
    }
    EXPECT_EQ(to_hex(sign_digest(key.bytes, digest).view()), text_of(row, "signature"));
  }
}

TEST(Secp256k1, normalises_as_aztec_does_and_recovers_only_what_is_canonical) {
  const Hash256 payload =
      fixed_of<Hash256>("0xc84e13372cf6eed97e53fef6e0ace931cb6a1ae827ceadcb7b7839d786a75189");
  const Hash256 digest = eip191_digest(payload.bytes);
  for (const boost::json::value& row : vectors_of("sign_normalize.json")) {
    SCOPED_TRACE(text_of(row, "name"));
    const Signature input = signature_of(row.at("input"));
    const std::optional<Signature> normal = normalize_signature(input);
    if (row.at("normalized").as_object().contains("error")) {
      EXPECT_FALSE(normal.has_value());
    } else {
      ASSERT_TRUE(normal.has_value());
      EXPECT_EQ(to_hex(normal->view()), text_of(row.at("normalized"), "hex"));
    }
    const std::optional<Address> signer = recover_address(digest, input);
    const std::string verdict = text_of(row, "strictRecover");
    if (verdict.starts_with("0x")) {
      ASSERT_TRUE(signer.has_value());
      EXPECT_EQ(to_text(*signer), verdict);
    } else {
      EXPECT_FALSE(signer.has_value()) << verdict;
    }
  }
}

TEST(Secp256k1, signs_the_same_when_it_is_blinded) {
  const TestKey key = fixed_of<TestKey>(kOrderLessOne);
  const Hash256 digest = keccak256(as_bytes("duty"));
  const Signature before = sign_digest(key.bytes, digest);
  blind_signing(keccak256(as_bytes("random")).bytes);
  EXPECT_EQ(sign_digest(key.bytes, digest), before);
  EXPECT_EQ(recover_address(digest, before), *address_of_key(key.bytes));
}

TEST(Secp256k1, takes_keys_from_1_to_the_group_order_less_one) {
  for (const auto& [key, taken] : {std::pair{kZero, false}, std::pair{kOne, true},
                                   std::pair{kOrderLessOne, true}, std::pair{kOrder, false}}) {
    SCOPED_TRACE(key);
    const Result<Address> address = address_of_key(fixed_of<TestKey>(key).bytes);
    EXPECT_EQ(address.has_value(), taken);
    if (!address) {
      EXPECT_EQ(address.error().kind, ErrorKind::invalid_input);
      EXPECT_EQ(address.error().message.find(std::string(key.substr(2))), std::string::npos);
    }
  }
  EXPECT_EQ(to_eip55(*address_of_key(fixed_of<TestKey>(kOne).bytes)),
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
}

TEST(Secp256k1, stops_the_process_when_told_to_sign_with_no_key) {
  EXPECT_DEATH(sign_digest(fixed_of<TestKey>(kZero).bytes, Hash256{}), "secp256k1");
}

TEST(Secp256k1, refuses_to_recover_from_r_or_s_out_of_range) {
  struct Row {
    const char* name;
    std::string_view r;
    std::string_view s;
  };
  for (const Row& row :
       {Row{"r zero", kZero, kOne}, Row{"s zero", kOne, kZero}, Row{"r is the order", kOrder, kOne},
        Row{"s is the order", kOne, kOrder}, Row{"s one above half", kOne, kHalfOrderPlusOne}}) {
    SCOPED_TRACE(row.name);
    EXPECT_FALSE(recover_address(Hash256{}, make_signature(row.r, row.s, 27)).has_value());
  }
  // r = 1 is the x of a point, and s at half the order is still low.
  EXPECT_TRUE(recover_address(Hash256{}, make_signature(kOne, kHalfOrder, 27)).has_value());
  EXPECT_TRUE(recover_address(Hash256{}, make_signature(kOne, kOne, 28)).has_value());
}

TEST(Secp256k1, refuses_to_normalise_r_or_s_out_of_range) {
  for (const auto& [r, s] : {std::pair{kZero, kOne}, std::pair{kOne, kZero},
                             std::pair{kOrder, kOne}, std::pair{kOne, kOrder}}) {
    SCOPED_TRACE(std::string(r) + " " + std::string(s));
    EXPECT_FALSE(normalize_signature(make_signature(r, s, 27)).has_value());
  }
}

TEST(Secp256k1, normalises_s_exactly_above_half_of_the_order) {
  const Signature low = make_signature(kOne, kHalfOrder, 28);
  EXPECT_EQ(normalize_signature(low), low);
  EXPECT_EQ(normalize_signature(make_signature(kOne, kHalfOrderPlusOne, 28)),
            make_signature(kOne, kHalfOrder, 27));
  EXPECT_EQ(normalize_signature(make_signature(kOne, kOrderLessOne, 0)),
            make_signature(kOne, kOne, 28));
}

TEST(Secp256k1, normalises_only_the_four_values_of_v) {
  for (int v = 0; v < 256; ++v) {
    SCOPED_TRACE(v);
    const bool known = v == 0 || v == 1 || v == 27 || v == 28;
    const Signature given = make_signature(kOne, kOne, static_cast<std::uint8_t>(v));
    EXPECT_EQ(normalize_signature(given).has_value(), known);
    EXPECT_EQ(recover_address(Hash256{}, given).has_value(), v == 27 || v == 28);
  }
}

}  // namespace
}  // namespace holdfast
