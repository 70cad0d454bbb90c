#include "crypto/typed_data.h"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "unit/crypto/vectors.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using testing::fixed_of;
using testing::TestKey;
using testing::text_of;
using testing::vectors_of;

/** keccak256(0x1901 || domain separator || struct hash) of a vector. */
Hash256 joined(const json::value& row) {
  return keccak256({as_bytes("\x19\x01"), fixed_of<Hash256>(text_of(row, "domainSeparator")).view(),
                    fixed_of<Hash256>(text_of(row, "structHash")).view()});
}

TEST(TypedData, gives_the_digests_and_signatures_of_aztecs_duties) {
  for (const json::value& row : vectors_of("sign_typed_data.json")) {
    SCOPED_TRACE(text_of(row, "name") + " by " + text_of(row, "key"));
    const Result<TypedData> data = TypedData::parse(text_of(row, "typedDataJson"));
    ASSERT_TRUE(data.has_value()) << data.error().message;
    EXPECT_EQ(to_hex(data->digest().view()), text_of(row, "digest"));
    EXPECT_EQ(to_hex(data->domain_separator().view()), text_of(row, "domainSeparator"));
    EXPECT_EQ(data->digest(), joined(row));
    const TestKey key = fixed_of<TestKey>(text_of(row, "privateKey"));
    EXPECT_EQ(to_hex(sign_digest(key.bytes, data->digest()).view()),
              text_of(row.at("signature"), "hex"));
  }
}

TEST(TypedData, gives_the_digests_of_viem) {
  for (const json::value& row : vectors_of("typed_data_viem.json")) {
    SCOPED_TRACE(text_of(row, "name"));
    const json::value& document = row.at("typedData");
    const Result<TypedData> data = TypedData::parse(json::serialize(document));
    ASSERT_TRUE(data.has_value()) << data.error().message;
    EXPECT_EQ(to_hex(data->domain_separator().view()), text_of(row, "domainSeparator"));
    EXPECT_EQ(to_hex(data->digest().view()), text_of(row, "digest"));
    EXPECT_EQ(data->primary_type(), text_of(document, "primaryType"));
    EXPECT_EQ(data->domain(), document.at("domain").as_object());
    EXPECT_EQ(data->message(), document.at("message").as_object());
  }
}

TEST(TypedData, hashes_a_chain_id_alike_as_number_and_as_text) {
  const auto with_chain_id = [](std::string_view chain_id) {
    return TypedData::parse(R"({"types":{"M":[]},"primaryType":"M","message":{},"domain":)"
                            R"({"chainId":)" +
                            std::string(chain_id) + "}}");
  };
  const Result<TypedData> number = with_chain_id("31337");
  for (const std::string_view text : {R"("31337")", R"("0x7a69")"}) {
    const Result<TypedData> other = with_chain_id(text);
    ASSERT_TRUE(number && other);
    EXPECT_EQ(number->digest(), other->digest());
  }
}

TEST(TypedData, hashes_a_different_domain_or_field_or_type_differently) {
  const auto digest = [](std::string_view domain, std::string_view type, std::string_view value) {
    const Result<TypedData> data =
        TypedData::parse(R"({"types":{"M":[{"name":"a","type":")" + std::string(type) +
                         R"("}]},"primaryType":"M","message":{"a":)" + std::string(value) +
                         R"(},"domain":)" + std::string(domain) + "}");
    EXPECT_TRUE(data.has_value());
    return data->digest();
  };
  const Hash256 base = digest("{}", "uint8", "1");
  EXPECT_EQ(digest("{}", "uint8", R"("1")"), base);
  EXPECT_NE(digest("{}", "uint8", "2"), base);
  EXPECT_NE(digest("{}", "uint16", "1"), base);
  EXPECT_NE(digest(R"({"chainId":1})", "uint8", "1"), base);
}

}  // namespace
}  // namespace holdfast
