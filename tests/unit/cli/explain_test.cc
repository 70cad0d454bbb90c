// What `duties explain` says is what the judge would decide.
#include "cli/explain.h"

#include "gtest/gtest.h"

namespace holdfast::cli {
namespace {

constexpr std::int64_t kStart = 1'767'323'045'000;  // 2026-01-02T03:04:05Z

MessageHash hash_of(std::uint8_t byte) {
  MessageHash hash;
  hash.bytes.fill(byte);
  return hash;
}

ExplainQuestion question() {
  ExplainQuestion result;
  result.key.slot = Slot(100);
  result.key.duty_type = DutyType::block_proposal;
  result.key.block_index_within_checkpoint = BlockIndex(0);
  result.now_ms = kStart + 1500;
  return result;
}

DutyRow row_with(DutyStatus status, LockHolder holder) {
  DutyRow row;
  row.duty.key = question().key;
  row.duty.message_hash = hash_of(0xaa);
  row.status = status;
  row.node_id = "node-1";
  row.holder = holder;
  row.started_at_ms = kStart;
  if (status == DutyStatus::signed_) {
    row.signature = Signature{};
    row.completed_at_ms = kStart + 20;
  }
  return row;
}

std::string text_of(const ExplainQuestion& asked, const std::optional<DutyRow>& row) {
  std::string text;
  for (const std::string& line : explain(asked, row)) text += line + "\n";
  return text;
}

void expect_parts(const std::string& text, std::initializer_list<std::string> parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "missing: " << part << "\nin:\n" << text;
  }
}

TEST(Explain, a_duty_that_nobody_asked_for) {
  expect_parts(text_of(question(), std::nullopt),
               {"BLOCK_PROPOSAL slot 100 index 0", "no row", "would now be signed"});
}

TEST(Explain, a_signed_duty_asked_for_again_by_another_node) {
  expect_parts(
      text_of(question(), row_with(DutyStatus::signed_, LockHolder::holdfast)),
      {"It is signed: node node-1", to_text(hash_of(0xaa)), "2026-01-02T03:04:05.020Z",
       "A request of another node for the same message would now be refused with "
       "DutyAlreadySignedError: Duty BLOCK_PROPOSAL for slot 100 already signed by node node-1.",
       "any other message is refused with SlashingProtectionError, for ever"});
}

TEST(Explain, a_signed_duty_asked_for_again_by_its_own_node_is_replayed) {
  ExplainQuestion asked = question();
  asked.rules.node_id = "node-1";
  expect_parts(text_of(asked, row_with(DutyStatus::signed_, LockHolder::holdfast)),
               {"A request of node node-1 for the same message would now be answered with the "
                "stored signature"});
}

TEST(Explain, the_very_request_that_was_refused) {
  ExplainQuestion asked = question();
  asked.message_hash = hash_of(0xbb);
  expect_parts(text_of(asked, row_with(DutyStatus::signed_, LockHolder::holdfast)),
               {"is another one",
                "refused with SlashingProtectionError: Slashing protection: "
                "BLOCK_PROPOSAL for slot 100 was already signed with different "
                "data"});
  asked.message_hash = hash_of(0xaa);
  expect_parts(text_of(asked, row_with(DutyStatus::signed_, LockHolder::holdfast)),
               {"is the very same one", "refused with DutyAlreadySignedError"});
}

TEST(Explain, a_fresh_lock_of_holdfast_is_waited_for) {
  expect_parts(text_of(question(), row_with(DutyStatus::signing, LockHolder::holdfast)),
               {"It is being signed: node node-1 has held the lock", "for 1.5 s",
                "made to wait until the other node is done"});
}

TEST(Explain, an_abandoned_lock_of_holdfast_is_taken_over) {
  ExplainQuestion asked = question();
  asked.now_ms = kStart + 3000;
  expect_parts(text_of(asked, row_with(DutyStatus::signing, LockHolder::holdfast)),
               {"signed: the lock is older than 3.0 s and is taken over"});
}

TEST(Explain, a_lock_of_an_aztec_node_is_never_taken_over) {
  ExplainQuestion asked = question();
  asked.now_ms = kStart + 3'600'000;
  expect_parts(text_of(asked, row_with(DutyStatus::signing, LockHolder::other_implementation)),
               {"belongs to another implementation", "made to wait", "SigningInProgressError"});
}

TEST(Explain, a_pinned_lock_goes_on_with_its_own_message_only) {
  DutyRow row = row_with(DutyStatus::signing, LockHolder::holdfast_pinned);
  row.error_message = "the remote signer has not answered";
  expect_parts(
      text_of(question(), row),
      {"pinned to this message", "the remote signer has not answered", "nobody is at work on it",
       "any other message is refused with "
       "SlashingProtectionError"});
}

TEST(Explain, a_gated_row_that_bears_a_signature_counts_as_signed) {
  DutyRow row = row_with(DutyStatus::signing, LockHolder::other_implementation);
  row.signature = Signature{};
  expect_parts(text_of(question(), row), {"It is signed: node node-1", "SlashingProtectionError"});
}

TEST(Explain, a_row_with_an_unknown_status_is_refused) {
  expect_parts(text_of(question(), row_with(DutyStatus::unknown, LockHolder::holdfast)),
               {"a status that Holdfast does not know, so every request is refused"});
}

}  // namespace
}  // namespace holdfast::cli
