// The demo's audit must see what it exists for: a test that plays each thing that can go wrong.
#include <gtest/gtest.h>

#include "cli/demo/audit.h"
#include "cli/demo/demo_message.h"
#include "cli/demo/report.h"
#include "support/test_key.h"

namespace holdfast::cli::demo {
namespace {

using std::chrono::milliseconds;

const DueDuty kBlock{.slot = Slot(100),
                     .type = DutyType::block_proposal,
                     .validator = 0,
                     .block_index = BlockIndex(0)};

/** A signature by key 1 over the message that node `node` asks for. */
Answer signed_answer(const DueDuty& duty, std::size_t node, milliseconds at) {
  const DemoMessage message = message_for(duty, node, test::address_one(), 1);
  return {.duty = duty,
          .node = node,
          .message_hash = message.message_hash,
          .digest = message.digest,
          .validator = test::address_one(),
          .asked_at = milliseconds(0),
          .answered_at = at,
          .signature = sign_digest(test::plain_key_one(), message.digest),
          .error_name = {}};
}

Answer refused(const DueDuty& duty, std::size_t node, std::string name) {
  Answer answer = signed_answer(duty, node, milliseconds(1));
  answer.signature.reset();
  answer.error_name = std::move(name);
  return answer;
}

TEST(DemoAudit, counts_a_duty_that_nobody_signed_as_missed) {
  Audit audit;
  audit.due(kBlock);
  audit.answered(refused(kBlock, 0, "NoAnswer"));
  const AuditReport report = audit.report();
  EXPECT_EQ(report.total.due, 1u);
  EXPECT_EQ(report.total.missed, 1u);
  EXPECT_EQ(report.missed, std::vector<DueDuty>{kBlock});
  EXPECT_EQ(report.refusals.at("NoAnswer"), 1u);
  EXPECT_TRUE(report.safe());
}

TEST(DemoAudit, sees_two_messages_signed_for_one_duty) {
  Audit audit;
  audit.due(kBlock);
  audit.answered(signed_answer(kBlock, 0, milliseconds(10)));
  EXPECT_TRUE(audit.report().safe());
  // Node 1 builds another block, so this is another message of the same duty.
  audit.answered(signed_answer(kBlock, 1, milliseconds(20)));
  const AuditReport report = audit.report();
  EXPECT_EQ(report.total.double_signed, 1u);
  EXPECT_EQ(report.by_type.at(DutyType::block_proposal).double_signed, 1u);
  EXPECT_FALSE(report.safe());
}

TEST(DemoAudit, the_same_message_twice_is_no_double_sign) {
  const DueDuty attestation{
      .slot = Slot(100), .type = DutyType::attestation, .validator = 0, .block_index = {}};
  Audit audit;
  audit.due(attestation);
  audit.answered(signed_answer(attestation, 0, milliseconds(10)));
  audit.answered(signed_answer(attestation, 1, milliseconds(20)));
  EXPECT_EQ(audit.report().total.double_signed, 0u);
  EXPECT_EQ(audit.report().total.signed_by_node.at(0), 1u);
}

TEST(DemoAudit, a_signature_of_another_key_is_invalid_and_no_signature) {
  Audit audit;
  audit.due(kBlock);
  Answer answer = signed_answer(kBlock, 0, milliseconds(10));
  answer.validator.bytes[0] ^= 1;
  audit.answered(answer);
  EXPECT_EQ(audit.report().invalid_signatures, 1u);
  EXPECT_EQ(audit.report().total.missed, 1u);
  EXPECT_FALSE(audit.report().safe());
}

TEST(DemoAudit, finds_the_longest_gap_between_signatures) {
  Audit audit;
  for (const auto& [slot, at] : {std::pair(100, 10), std::pair(101, 500), std::pair(102, 600)}) {
    DueDuty duty = kBlock;
    duty.slot = Slot(slot);
    audit.due(duty);
    audit.answered(signed_answer(duty, 0, milliseconds(at)));
  }
  const AuditReport report = audit.report();
  EXPECT_EQ(report.longest_gap, milliseconds(490));
  EXPECT_EQ(report.longest_gap_at, milliseconds(10));
  EXPECT_EQ(report.slowest_duty, milliseconds(600));
}

TEST(DemoAudit, the_text_says_what_was_missed_and_double_signed) {
  Audit audit;
  audit.due(kBlock);
  audit.answered(signed_answer(kBlock, 0, milliseconds(10)));
  audit.answered(signed_answer(kBlock, 1, milliseconds(20)));
  const std::string text = audit_text(audit.report(), 2);
  EXPECT_NE(text.find("1 duties due, 1 signed, 0 missed, 1 double-signed."), std::string::npos)
      << text;
}

TEST(DemoPlan, plays_all_eight_duty_types_in_every_slot) {
  std::set<DutyType> types;
  std::size_t attestations = 0;
  std::size_t blocks = 0;
  milliseconds last{0};
  for (const DueMoment& moment : duties_of_slot(Slot(100), 4, milliseconds(1000))) {
    EXPECT_GE(moment.offset, last);
    EXPECT_LT(moment.offset, milliseconds(1000));
    last = moment.offset;
    for (const DueDuty& duty : moment.duties) {
      types.insert(duty.type);
      attestations += duty.type == DutyType::attestation ? 1 : 0;
      blocks += duty.type == DutyType::block_proposal ? 1 : 0;
      EXPECT_EQ(duty.block_index != kNoBlockIndex, duty.type == DutyType::block_proposal);
    }
  }
  EXPECT_EQ(types.size(), 8u);
  EXPECT_EQ(attestations, 4u);
  EXPECT_EQ(blocks, 3u);
}

TEST(DemoMessage, only_blocks_differ_between_nodes) {
  for (const DueMoment& moment : duties_of_slot(Slot(7), 2, milliseconds(1000))) {
    for (const DueDuty& duty : moment.duties) {
      const bool same = message_for(duty, 0, test::address_one(), 1).message_hash ==
                        message_for(duty, 1, test::address_one(), 1).message_hash;
      EXPECT_EQ(same, duty.type != DutyType::block_proposal) << name_of(duty.type);
    }
  }
}

}  // namespace
}  // namespace holdfast::cli::demo
