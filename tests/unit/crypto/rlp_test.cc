#include "crypto/rlp.h"

#include <gtest/gtest.h>

#include "unit/crypto/vectors.h"

namespace holdfast {
namespace {

using testing::bytes_of;

std::string encoded_bytes(ByteView bytes) {
  Bytes out;
  append_rlp_bytes(out, bytes);
  return to_hex(out);
}

std::string encoded_number(std::uint64_t number) {
  Bytes out;
  append_rlp_number(out, number);
  return to_hex(out);
}

TEST(Rlp, writes_the_examples_of_the_specification) {
  EXPECT_EQ(encoded_bytes(as_bytes("dog")), "0x83646f67");
  EXPECT_EQ(encoded_bytes({}), "0x80");
  EXPECT_EQ(encoded_bytes(Bytes{0x00}), "0x00");
  EXPECT_EQ(encoded_bytes(Bytes{0x7f}), "0x7f");
  EXPECT_EQ(encoded_bytes(Bytes{0x80}), "0x8180");
  EXPECT_EQ(encoded_number(0), "0x80");
  EXPECT_EQ(encoded_number(15), "0x0f");
  EXPECT_EQ(encoded_number(1024), "0x820400");
  Bytes cat_and_dog;
  append_rlp_bytes(cat_and_dog, as_bytes("cat"));
  append_rlp_bytes(cat_and_dog, as_bytes("dog"));
  Bytes list;
  append_rlp_list(list, cat_and_dog);
  EXPECT_EQ(to_hex(list), "0xc88363617483646f67");
}

TEST(Rlp, reads_back_bytes_of_every_length_around_its_bounds) {
  for (const std::size_t size : {0U, 1U, 2U, 54U, 55U, 56U, 57U, 255U, 256U, 65535U, 65536U}) {
    SCOPED_TRACE(size);
    const Bytes bytes(size, 0x5a);
    Bytes items;
    append_rlp_bytes(items, bytes);
    append_rlp_bytes(items, as_bytes("end"));
    Bytes encoded;
    append_rlp_list(encoded, items);
    RlpReader outer(encoded);
    EXPECT_TRUE(outer.next_is_list());
    Result<RlpReader> list = outer.list();
    ASSERT_TRUE(list.has_value());
    EXPECT_TRUE(outer.at_end());
    const Result<ByteView> first = list->bytes();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(Bytes(first->begin(), first->end()), bytes);
    ASSERT_TRUE(list->bytes().has_value());
    EXPECT_TRUE(list->at_end());
  }
}

TEST(Rlp, reads_back_numbers) {
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127},
                                     std::uint64_t{128}, std::uint64_t{256}, ~std::uint64_t{0}}) {
    Bytes encoded;
    append_rlp_number(encoded, number);
    const Result<std::uint64_t> read = RlpReader(encoded).number64();
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(*read, number);
  }
}

enum class Read { bytes, number64, number256, list };

struct BadInput {
  const char* name;
  std::string_view hex;
  Read read;
  std::string_view why;
};

void PrintTo(const BadInput& row, std::ostream* out) {
  *out << row.name;
}

class RlpRefusals : public ::testing::TestWithParam<BadInput> {};

std::optional<Error> error_of(RlpReader reader, Read read) {
  const auto keep = [](const auto& result) {
    return result ? std::optional<Error>() : std::optional<Error>(result.error());
  };
  switch (read) {
    case Read::bytes:
      return keep(reader.bytes());
    case Read::number64:
      return keep(reader.number64());
    case Read::number256:
      return keep(reader.number256());
    case Read::list:
      return keep(reader.list());
  }
  return std::nullopt;
}

TEST_P(RlpRefusals, says_why) {
  const Bytes input = bytes_of(GetParam().hex);
  const std::optional<Error> error = error_of(RlpReader(input), GetParam().read);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind, ErrorKind::invalid_input);
  EXPECT_NE(error->message.find(GetParam().why), std::string::npos) << error->message;
}

INSTANTIATE_TEST_SUITE_P(
    Rlp, RlpRefusals,
    ::testing::Values(
        BadInput{"nothing", "0x", Read::bytes, "missing"},
        BadInput{"no_list", "0x", Read::list, "missing"},
        BadInput{"a_list_for_bytes", "0xc0", Read::bytes, "a list stands"},
        BadInput{"bytes_for_a_list", "0x80", Read::list, "bytes stand"},
        BadInput{"a_small_byte_with_a_length", "0x817f", Read::bytes, "small byte"},
        BadInput{"cut_off_content", "0x836161", Read::bytes, "longer than the input"},
        BadInput{"cut_off_length", "0xb9ff", Read::bytes, "cut off"},
        BadInput{"a_length_with_leading_zeros", "0xb90001ff", Read::bytes, "leading zeros"},
        BadInput{"a_long_length_for_55", "0xb837", Read::bytes, "short item"},
        BadInput{"a_length_of_2_to_the_64_less_1", "0xbfffffffffffffffff", Read::bytes,
                 "longer than the input"},
        BadInput{"a_list_of_2_to_the_64_less_1", "0xffffffffffffffffff", Read::list,
                 "longer than the input"},
        BadInput{"a_number_with_leading_zeros", "0x820001", Read::number64, "leading zeros"},
        BadInput{"zero_as_a_byte", "0x00", Read::number64, "leading zeros"},
        BadInput{"a_number_of_65_bits", "0x89010000000000000000", Read::number64, "64 bits"},
        BadInput{"a_number_of_257_bits",
                 "0xa1010000000000000000000000000000000000000000000000000000000000000000",
                 Read::number256, "256 bits"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace holdfast
