#include "protection/refusal.h"

#include <set>

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

using test::example_duty;
using test::hash_of;

constexpr RefusalReason kReasons[] = {RefusalReason::unknown,
                                      RefusalReason::duty_already_signed,
                                      RefusalReason::slashing_protection,
                                      RefusalReason::signing_in_progress,
                                      RefusalReason::signing_lock_lost,
                                      RefusalReason::below_watermark,
                                      RefusalReason::no_signing_lock};

Refusal refusal_of(RefusalReason reason) {
  const Duty duty = example_duty(0xaa);
  return {.reason = reason,
          .key = duty.key,
          .attempted_hash = duty.message_hash,
          .existing_hash = hash_of(0xbb),
          .node_id = "node-2",
          .watermark = Slot(120)};
}

TEST(Refusal, every_reason_has_names_and_a_text_of_its_own) {
  std::set<std::string_view> names;
  std::set<std::string_view> error_names;
  std::set<std::string> messages;
  for (const RefusalReason reason : kReasons) {
    names.insert(name_of(reason));
    error_names.insert(error_name_of(reason));
    messages.insert(message_of(refusal_of(reason)));
  }
  EXPECT_EQ(names.size(), std::size(kReasons));
  EXPECT_EQ(error_names.size(), std::size(kReasons));
  EXPECT_EQ(messages.size(), std::size(kReasons));
}

// Items 109 and 110 of the upstream checklist.
TEST(Refusal, item_109_already_signed_says_what_aztec_says) {
  EXPECT_EQ(message_of(refusal_of(RefusalReason::duty_already_signed)),
            "Duty BLOCK_PROPOSAL for slot 100 already signed by node node-2");
}

TEST(Refusal, item_110_shows_a_large_slot_in_full) {
  Refusal refusal = refusal_of(RefusalReason::duty_already_signed);
  refusal.key.slot = Slot(9'007'199'254'740'993);
  EXPECT_EQ(message_of(refusal),
            "Duty BLOCK_PROPOSAL for slot 9007199254740993 already signed by node node-2");
}

// Items 111 and 112: ten characters of each hash in the text, all of them in the fields.
TEST(Refusal, item_112_conflict_shows_ten_characters_of_each_hash) {
  const Refusal refusal = refusal_of(RefusalReason::slashing_protection);
  EXPECT_EQ(message_of(refusal),
            "Slashing protection: BLOCK_PROPOSAL for slot 100 was already signed with different "
            "data. Existing: 0xbbbbbbbb..., Attempted: 0xaaaaaaaa...");
  EXPECT_EQ(to_text(*refusal.existing_hash).size(), 66u);
}

TEST(Refusal, lock_lost_says_what_aztec_says) {
  EXPECT_EQ(message_of(refusal_of(RefusalReason::signing_lock_lost)),
            "Slashing protection record for BLOCK_PROPOSAL at slot 100 was lost before signing "
            "completed (node node-2); discarding signature");
}

TEST(Refusal, below_watermark_names_the_watermark) {
  EXPECT_NE(message_of(refusal_of(RefusalReason::below_watermark)).find("slot 120"),
            std::string::npos);
}

}  // namespace
}  // namespace holdfast
