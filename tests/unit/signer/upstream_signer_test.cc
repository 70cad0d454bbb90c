// The upstream checklist's items on the HA signer (76 to 99) and of its integration test (157 to
// 159), against the sign path. See upstream_service_test.cc.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit/signer/upstream.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

TEST_F(Upstream, item_76_what_is_signed_is_recorded) {
  const SignOutcome outcome = sign(0, duty());
  expect(outcome, kReleased);
  EXPECT_EQ(row(duty())->status, DutyStatus::signed_);
  EXPECT_EQ(row(duty())->signature, std::get<Released>(outcome).signature);
}

TEST_F(Upstream, item_77_a_failed_signing_leaves_no_row) {
  fail_signing(0);
  const SignOutcome outcome = sign(0, duty());
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_EQ(std::get<Error>(outcome).message, "the key cannot be reached");
  EXPECT_EQ(row(duty()), std::nullopt);
}

TEST_F(Upstream, item_78_a_lost_lock_discards_the_signature) {
  nodes[0]->key->before_answer = [this] { store.delete_row(duty().key); };
  expect(sign(0, duty()), "SigningLockLostError");
  EXPECT_EQ(row(duty()), std::nullopt);
}

// Deliberate: upstream deletes the lock when the signer times out, although it may have signed
// (W16). Here the duty stays pinned to its message: the same may be tried again, no other.
TEST_F(Upstream, item_79_a_signer_that_times_out_pins_the_message) {
  fail_signing(0, MaySign::may_have_signed);
  EXPECT_TRUE(std::holds_alternative<Error>(sign(0, duty())));
  expect(sign(1, with_hash(duty(), 0xbb)), kSlashing);
  expect(sign(1, duty()), kReleased);
}

TEST_F(Upstream, item_81_a_duplicate_is_refused) {
  expect(sign(0, duty()), kReleased);
  expect(sign(0, duty()), kAlreadySigned);
  EXPECT_EQ(nodes[0]->key->calls, 1);
}

TEST_F(Upstream, item_82_a_conflict_is_refused) {
  expect(sign(0, duty()), kReleased);
  expect(sign(0, with_hash(duty(), 0xbb)), kSlashing);
  EXPECT_EQ(nodes[0]->key->calls, 1);
}

TEST_F(Upstream, item_83_duty_types_of_one_slot_do_not_meet) {
  expect(sign(0, duty()), kReleased);
  expect(sign(0, duty_of(DutyType::attestation, 0xbb)), kReleased);
}

TEST_F(Upstream, item_84_slots_do_not_meet) {
  expect(sign(0, duty(100)), kReleased);
  expect(sign(0, duty(101, 0, 0xbb)), kReleased);
}

TEST_F(Upstream, item_85_block_indices_do_not_meet) {
  expect(sign(0, duty(100, 0)), kReleased);
  expect(sign(0, duty(100, 1, 0xbb)), kReleased);
}

TEST_F(Upstream, item_86_a_checkpoint_proposal_and_its_blocks_are_all_signed) {
  for (std::int32_t index = 0; index < 3; ++index) {
    expect(sign(0, duty(100, index, static_cast<std::uint8_t>(index + 1))), kReleased);
  }
  expect(sign(0, duty_of(DutyType::checkpoint_proposal)), kReleased);
}

TEST_F(Upstream, item_87_one_index_twice_is_refused_and_the_next_is_signed) {
  expect(sign(0, duty(100, 0)), kReleased);
  expect(sign(0, duty(100, 0, 0xbb)), kSlashing);
  expect(sign(0, duty(100, 1, 0xbb)), kReleased);
}

TEST_F(Upstream, item_88_all_six_protected_types_are_signed_once) {
  for (const DutyType type : kProtectedDutyTypes) {
    expect(sign(0, duty_of(type)), kReleased);
    expect(sign(1, duty_of(type)), kAlreadySigned);
    expect(sign(1, duty_of(type, 0xbb)), kSlashing);
  }
}

TEST_F(Upstream, item_89_votes_are_recorded_with_block_zero) {
  for (const DutyType type : {DutyType::governance_vote, DutyType::slashing_vote}) {
    expect(sign(0, duty_of(type)), kReleased);
    EXPECT_EQ(row(duty_of(type))->duty.block_number, BlockNumber(0));
    EXPECT_EQ(row(duty_of(type))->duty.key.block_index_within_checkpoint, kNoBlockIndex);
  }
}

TEST_F(Upstream, item_90_a_second_governance_vote_is_already_signed) {
  expect(sign(0, duty_of(DutyType::governance_vote)), kReleased);
  expect(sign(1, duty_of(DutyType::governance_vote)), kAlreadySigned);
}

TEST_F(Upstream, item_91_a_second_slashing_vote_is_already_signed) {
  expect(sign(0, duty_of(DutyType::slashing_vote)), kReleased);
  expect(sign(1, duty_of(DutyType::slashing_vote)), kAlreadySigned);
}

TEST_F(Upstream, item_92_another_vote_in_one_slot_is_slashing_protection) {
  expect(sign(0, duty_of(DutyType::governance_vote)), kReleased);
  expect(sign(0, duty_of(DutyType::governance_vote, 0xbb)), kSlashing);
}

TEST_F(Upstream, item_93_both_votes_of_one_slot_are_signed) {
  expect(sign(0, duty_of(DutyType::governance_vote)), kReleased);
  expect(sign(0, duty_of(DutyType::slashing_vote, 0xbb)), kReleased);
}

TEST_F(Upstream, item_94_votes_and_a_block_of_one_slot_are_signed) {
  expect(sign(0, duty_of(DutyType::governance_vote)), kReleased);
  expect(sign(0, duty_of(DutyType::slashing_vote)), kReleased);
  expect(sign(0, duty()), kReleased);
}

TEST_F(Upstream, item_95_validators_do_not_meet) {
  for (const std::uint8_t validator :
       {std::uint8_t{0x21}, std::uint8_t{0x22}, std::uint8_t{0x23}}) {
    expect(sign(0, by_validator(duty(100, 0, validator), validator)), kReleased);
  }
}

TEST_F(Upstream, item_96_of_ten_nodes_one_wins_and_the_store_names_it) {
  std::vector<std::pair<std::size_t, Duty>> asks;
  for (std::size_t node = 0; node < 10; ++node) {
    nodes[node]->key->delay = milliseconds(20);
    asks.emplace_back(node, duty());
  }
  const auto outcomes = sign_all(asks);
  EXPECT_EQ(count(outcomes, kReleased), 1U);
  EXPECT_EQ(count(outcomes, kAlreadySigned), 9U);
  for (std::size_t node = 0; node < 10; ++node) {
    if (name_of(outcomes[node]) != kReleased) continue;
    EXPECT_EQ(row(duty())->node_id, "node-" + std::to_string(node));
  }
}

TEST_F(Upstream, item_97_of_two_at_once_the_first_succeeds) {
  nodes[0]->key->delay = milliseconds(200);
  const auto outcomes = sign_all({{0, duty()}, {1, duty()}});
  expect(outcomes[0], kReleased);
  expect(outcomes[1], kAlreadySigned);
  EXPECT_EQ(nodes[1]->key->calls, 0);
}

TEST_F(Upstream, item_98_when_the_first_fails_the_second_signs) {
  nodes[0]->key->delay = milliseconds(200);
  fail_signing(0);
  const auto outcomes = sign_all({{0, duty()}, {1, duty()}});
  EXPECT_TRUE(std::holds_alternative<Error>(outcomes[0]));
  expect(outcomes[1], kReleased);
}

TEST_F(Upstream, item_99_after_a_rollup_upgrade_the_old_history_still_counts) {
  expect(sign(0, on_rollup(duty(), 0x11)), kReleased);
  expect(sign(0, on_rollup(duty(), 0x12)), kReleased);
  expect(sign(1, on_rollup(with_hash(duty(), 0xbb), 0x11)), kSlashing);
  expect(sign(1, on_rollup(with_hash(duty(), 0xbb), 0x12)), kSlashing);
}

TEST_F(Upstream, item_157_five_nodes_propose_one_block_and_one_succeeds) {
  std::vector<std::pair<std::size_t, Duty>> asks;
  for (std::size_t node = 0; node < 5; ++node) {
    nodes[node]->key->delay = milliseconds(20);
    asks.emplace_back(node, duty());
  }
  const auto outcomes = sign_all(asks);
  EXPECT_EQ(count(outcomes, kReleased), 1U);
  EXPECT_EQ(count(outcomes, kAlreadySigned), 4U);
}

TEST_F(Upstream, item_158_five_slots_are_all_proposed) {
  for (std::int64_t slot = 100; slot < 105; ++slot) {
    std::vector<std::pair<std::size_t, Duty>> asks;
    for (std::size_t node = 0; node < 5; ++node) asks.emplace_back(node, duty(slot));
    EXPECT_EQ(count(sign_all(asks), kReleased), 1U) << slot;
  }
}

TEST_F(Upstream, item_159_five_nodes_with_five_keys_make_five_attestations) {
  std::vector<std::pair<std::size_t, Duty>> asks;
  for (std::size_t node = 0; node < 5; ++node) {
    nodes[node]->key->delay = milliseconds(20);
    for (std::uint8_t validator = 0x21; validator < 0x26; ++validator) {
      asks.emplace_back(node, by_validator(duty_of(DutyType::attestation), validator));
    }
  }
  const auto outcomes = sign_all(asks);
  std::set<Address> attested;
  for (std::size_t at = 0; at < outcomes.size(); ++at) {
    if (name_of(outcomes[at]) != kReleased) continue;
    EXPECT_TRUE(attested.insert(asks[at].second.key.validator_address).second);
  }
  EXPECT_EQ(attested.size(), 5U);
  EXPECT_EQ(count(outcomes, kAlreadySigned), 20U);
}

}  // namespace
}  // namespace holdfast
