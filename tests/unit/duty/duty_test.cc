#include "duty/duty.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

static_assert(!std::is_convertible_v<Slot, BlockNumber>);
static_assert(!std::is_constructible_v<RollupAddress, Address>);
static_assert(!std::is_constructible_v<MessageHash, Hash256>);

TEST(DutyKey, differs_when_any_part_differs) {
  const DutyKey key = test::example_duty().key;
  std::vector<DutyKey> others(5, key);
  others[0].rollup_address.bytes[19] ^= 1;
  others[1].validator_address.bytes[19] ^= 1;
  others[2].slot = Slot(101);
  others[3].duty_type = DutyType::attestation;
  others[4].block_index_within_checkpoint = BlockIndex(1);
  for (const DutyKey& other : others) {
    SCOPED_TRACE(to_text(other));
    EXPECT_NE(other, key);
  }
  EXPECT_EQ(key, test::example_duty(0xbb).key);
}

TEST(DutyKey, sorts_by_the_columns_of_the_primary_key) {
  DutyKey first = test::example_duty().key;
  DutyKey second = first;
  // An earlier column decides, whatever the later ones say.
  second.rollup_address.bytes[0] += 1;
  second.slot = Slot(1);
  EXPECT_LT(first, second);
  second = first;
  second.slot = Slot(101);
  second.block_index_within_checkpoint = kNoBlockIndex;
  EXPECT_LT(first, second);
  second = first;
  second.block_index_within_checkpoint = BlockIndex(1);
  EXPECT_LT(first, second);
}

TEST(DutyKey, says_in_words_what_it_is) {
  DutyKey key = test::example_duty().key;
  EXPECT_EQ(to_text(key),
            "BLOCK_PROPOSAL slot 100 index 0 of 0x2222222222222222222222222222222222222222");
  key.duty_type = DutyType::governance_vote;
  key.block_index_within_checkpoint = kNoBlockIndex;
  EXPECT_EQ(to_text(key), "GOVERNANCE_VOTE slot 100 of 0x2222222222222222222222222222222222222222");
}

TEST(Duty, writes_addresses_and_hashes_in_lower_case) {
  EXPECT_EQ(to_text(test::filled_with<RollupAddress>(0xab)),
            "0xabababababababababababababababababababab");
  EXPECT_EQ(to_text(test::hash_of(0xcd)),
            "0xcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
}

}  // namespace
}  // namespace holdfast
