#include "crypto/keccak.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/hex.h"

namespace holdfast {
namespace {

TEST(Keccak, gives_the_known_digests) {
  EXPECT_EQ(to_hex(keccak256(ByteView()).view()),
            "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  EXPECT_EQ(to_hex(keccak256(as_bytes("abc")).view()),
            "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
}

TEST(Keccak, digests_parts_as_if_they_were_joined_around_the_block_of_136_bytes) {
  for (const std::size_t size : {0U, 1U, 135U, 136U, 137U, 271U, 272U, 273U, 5000U}) {
    SCOPED_TRACE(size);
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    const ByteView view = bytes;
    EXPECT_EQ(keccak256(view),
              keccak256({view.first(size / 3), ByteView(), view.subspan(size / 3)}));
  }
}

TEST(Keccak, starts_anew_for_each_digest_and_in_each_thread) {
  const Hash256 expected = keccak256(as_bytes("abc"));
  EXPECT_EQ(keccak256(as_bytes("abc")), expected);
  Hash256 elsewhere;
  std::thread([&elsewhere] { elsewhere = keccak256(as_bytes("abc")); }).join();
  EXPECT_EQ(elsewhere, expected);
}

}  // namespace
}  // namespace holdfast
