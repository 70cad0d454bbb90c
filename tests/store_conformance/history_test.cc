// The protection history moves from one database to another, and protects there (S2, S3).
#include <map>
#include <set>

#include "store/interchange.h"
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

const StoreKind kAllStores[] = {StoreKind::memory, StoreKind::sqlite, StoreKind::postgres};

Duty typed_at(DutyType type, std::int64_t slot, std::uint8_t hash_byte = 0xaa) {
  Duty duty = duty_of(type, hash_byte);
  duty.key.slot = Slot(slot);
  return duty;
}

Duty of_validator(Duty duty, std::uint8_t validator_byte) {
  duty.key.validator_address = filled_with<Address>(validator_byte);
  return duty;
}

class History : public StoreTest {
 protected:
  static HistoryDuty signed_elsewhere(const Duty& duty, const std::string& node = "elsewhere") {
    return {
        .duty = duty, .signature = filled_with<Signature>(0x5a), .node_id = node, .pinned = false};
  }
  static HistoryDuty pinned_elsewhere(const Duty& duty) {
    return {.duty = duty, .signature = std::nullopt, .node_id = "elsewhere", .pinned = true};
  }
  static HistoryMark mark_of(const DutyKey& key, std::int64_t slot) {
    return {key.rollup_address, key.validator_address, key.duty_type, Slot(slot)};
  }

  HistoryMarks marks_of(DutyStore& at, HistoryFilter filter = {}) {
    Result<HistoryMarks> marks = loop.run(at.read_history_marks(filter));
    if (!marks) ADD_FAILURE() << "marks: " << marks.error().message;
    CHECK(marks.has_value());
    return *std::move(marks);
  }
  std::vector<HistoryDuty> duties_of(DutyStore& at, HistoryFilter filter = {},
                                     std::size_t page_size = 1000) {
    std::vector<HistoryDuty> all;
    std::optional<DutyKey> after;
    for (;;) {
      Result<HistoryPage> page = loop.run(at.read_history(filter, after, page_size));
      if (!page) ADD_FAILURE() << "page: " << page.error().message;
      CHECK(page.has_value());
      all.insert(all.end(), page->duties.begin(), page->duties.end());
      if (!page->next) return all;
      after = page->next;
    }
  }
  /** With the same metadata each time. */
  std::string exported(DutyStore& at, HistoryFilter filter = {},
                       std::size_t page_size = DutyStore::kHistoryPageMin) {
    InterchangeWriter writer({"2026-01-01T00:00:00.000Z", "0", std::nullopt},
                             marks_of(at, filter).marks);
    for (const HistoryDuty& duty : duties_of(at, filter, page_size)) writer.add(duty);
    writer.finish();
    return writer.take();
  }
  MergedHistory import(DutyStore& at, HistoryBatch batch, ImportMode mode = ImportMode::apply) {
    Result<MergedHistory> merged = loop.run(at.import_history(std::move(batch), mode));
    if (!merged) ADD_FAILURE() << "import: " << merged.error().message;
    CHECK(merged.has_value());
    return *std::move(merged);
  }
  MergedHistory import_text(DutyStore& at, const std::string& text) {
    Result<Interchange> parsed = parse_interchange(text, text.size());
    if (!parsed) ADD_FAILURE() << parsed.error().message << "\n" << text;
    CHECK(parsed.has_value());
    return import(at, std::move(parsed->history));
  }
  MergedDuty import_one(const HistoryDuty& duty, ImportMode mode = ImportMode::apply) {
    HistoryBatch batch;
    batch.duties.push_back(duty);
    return import(owner(), std::move(batch), mode).duties.at(0);
  }
  ImportOutcome outcome_of(const HistoryDuty& duty, ImportMode mode = ImportMode::apply) {
    return import_one(duty, mode).outcome;
  }

  /** Every kind of evidence, several validators, rollups and pages, and what is no evidence. */
  void sign_a_history() {
    for (std::int64_t slot = 1; slot <= 40; ++slot) sign(duty_at(slot));
    sign(duty_at(9, 1));
    sign(duty_at(100));
    for (const DutyType type : kProtectedDutyTypes) sign(typed_at(type, 50), "node-2");
    sign(of_validator(duty_at(3), 0x21), "a \"name\" with \\ and \xc3\xbc");
    sign(with_rollup(duty_at(3), 0x10));
    pin(lock(duty_at(60)), "the signer was silent");
    ASSERT_TRUE(database().insert_stock_row(duty_at(61), "stock", kStockToken));
    ASSERT_TRUE(record(expect<HeldLock>(find_gated(duty_at(61)), "find_gated")));
    sign(duty_at(62));
    database().delete_row(duty_at(62).key);
    pin(lock(duty_at(63)), "the signer was silent");
    database().delete_row(duty_at(63).key);
    database().raise_watermark(duty_at(5).key, Slot(5));
    database().raise_watermark(of_validator(duty_at(5), 0x2f).key, Slot(7));
    database().raise_watermark(of_validator(typed_at(DutyType::attestation, 5), 0x2f).key, Slot(8));
    (void)lock(duty_at(70));
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, History, testing::ValuesIn(kAllStores), kind_name);

TEST_P(History, is_the_same_byte_for_byte_after_it_moved_through_other_stores) {
  sign_a_history();
  const std::string first = exported(store);
  EXPECT_EQ(first, exported(store, {}, 1000)) << "whatever the pages are";

  const std::unique_ptr<StoreUnderTest> other = make_store(StoreKind::sqlite, loop);
  DutyStore& between = other->open_as_owner();
  for (const MergedDuty& duty : import_text(between, first).duties) {
    EXPECT_EQ(duty.outcome, ImportOutcome::added);
  }
  const std::string second = exported(between);
  EXPECT_EQ(first, second);

  const std::unique_ptr<StoreUnderTest> fresh = make_store(GetParam(), loop);
  DutyStore& last = fresh->open_as_owner();
  EXPECT_TRUE(duties_of(last).empty());
  import_text(last, second);
  EXPECT_EQ(first, exported(last));
}

TEST_P(History, holds_what_is_evidence_above_the_watermark_and_counts_locks) {
  sign_a_history();
  EXPECT_EQ(marks_of(store).unsigned_locks, 1);
  EXPECT_EQ(marks_of(store).marks.size(), 3U);
  std::map<DutyKey, HistoryDuty> found;
  for (const HistoryDuty& duty : duties_of(store)) found.emplace(duty.duty.key, duty);
  EXPECT_FALSE(found.contains(duty_at(5).key)) << "the watermark says it";
  EXPECT_FALSE(found.contains(duty_at(70).key)) << "nobody has signed it";
  EXPECT_TRUE(found.at(duty_at(60).key).pinned);
  EXPECT_TRUE(found.at(duty_at(63).key).pinned);
  for (const Duty& duty : {duty_at(6), duty_at(61), duty_at(62)}) {
    const HistoryDuty& kept = found.at(duty.key);
    EXPECT_EQ(kept.duty, duty);
    EXPECT_EQ(kept.signature, signature_for(duty));
    EXPECT_FALSE(kept.pinned);
  }
  EXPECT_EQ(found.size(), 35U + 2 + 6 + 2 + 4);
}

TEST_P(History, is_selected_by_rollup_and_validator) {
  sign_a_history();
  HistoryFilter filter;
  filter.validator_address = filled_with<Address>(0x21);
  EXPECT_EQ(duties_of(store, filter).size(), 1U);
  EXPECT_EQ(marks_of(store, filter).unsigned_locks, 0);
  filter = {};
  filter.rollup_address = filled_with<RollupAddress>(0x10);
  ASSERT_EQ(duties_of(store, filter).size(), 1U);
  EXPECT_EQ(duties_of(store, filter)[0].duty, with_rollup(duty_at(3), 0x10));
  EXPECT_TRUE(marks_of(store, filter).marks.empty());
  filter.rollup_address = example_duty().key.rollup_address;
  filter.validator_address = filled_with<Address>(0x2f);
  EXPECT_EQ(marks_of(store, filter).marks.size(), 2U);
}

TEST_P(History, that_is_imported_twice_changes_nothing) {
  sign_a_history();
  const std::string text = exported(store);
  const std::unique_ptr<StoreUnderTest> other = make_store(StoreKind::memory, loop);
  for (DutyStore* at : {&owner(), &other->open_as_owner()}) {
    import_text(*at, text);
    const std::string before = exported(*at);
    const MergedHistory again = import_text(*at, text);
    for (const MergedDuty& duty : again.duties) EXPECT_EQ(duty.outcome, ImportOutcome::known);
    for (const MergedMark& mark : again.marks) EXPECT_EQ(mark.before, mark.after.slot);
    EXPECT_EQ(exported(*at), before);
    EXPECT_EQ(before, text);
  }
}

TEST_P(History, once_imported_refuses_another_message_and_answers_the_same) {
  EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(1))), ImportOutcome::added);
  const ExistingDuty other = taken(duty_at(1, 0, 0xbb));
  EXPECT_EQ(other.status, DutyStatus::signed_);
  EXPECT_EQ(other.message_hash, hash_of(0xaa));
  EXPECT_EQ(other.node_id, "elsewhere");
  EXPECT_EQ(taken(duty_at(1)).signature, filled_with<Signature>(0x5a));
  EXPECT_EQ(not_taken_over(duty_at(1, 0, 0xbb), "node-3", milliseconds(0)).status,
            DutyStatus::signed_);
  EXPECT_FALSE(database().insert_stock_row(duty_at(1, 0, 0xbb), "stock", kStockToken));
  EXPECT_EQ(row(duty_at(1).key)->status, DutyStatus::signed_);
  sign(duty_at(2));
}

TEST_P(History, once_imported_keeps_a_pinned_duty_to_its_message) {
  EXPECT_EQ(outcome_of(pinned_elsewhere(duty_at(1))), ImportOutcome::added);
  EXPECT_EQ(taken(duty_at(1, 0, 0xbb)).message_hash, hash_of(0xaa));
  EXPECT_EQ(not_taken_over(duty_at(1, 0, 0xbb), "node-3", milliseconds(0)).message_hash,
            hash_of(0xaa));
  EXPECT_FALSE(database().insert_stock_row(duty_at(1, 0, 0xbb), "stock", kStockToken));
  EXPECT_TRUE(taken(duty_at(1)).pinned_idle);
  EXPECT_TRUE(record(take_over(duty_at(1), "node-3", milliseconds(0))));
  EXPECT_EQ(taken(duty_at(1, 0, 0xbb)).status, DutyStatus::signed_);
}

TEST_P(History, stops_the_record_of_a_lock_that_was_taken_before_the_import) {
  HeldLock other = lock(duty_at(1, 0, 0xbb));
  HeldLock same = lock(duty_at(2));
  EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(1))), ImportOutcome::added);
  EXPECT_EQ(outcome_of(pinned_elsewhere(duty_at(2))), ImportOutcome::added);
  EXPECT_FALSE(record(std::move(other)));
  EXPECT_TRUE(record(std::move(same)));
  EXPECT_EQ(not_taken_over(duty_at(1, 0, 0xbb), "node-3", milliseconds(0)).message_hash,
            hash_of(0xaa));
}

TEST_P(History, in_conflict_keeps_what_is_here_and_takes_the_rest) {
  sign(duty_at(1), "here");
  pin(lock(duty_at(2), "here"), "the signer was silent");
  sign(duty_at(3), "here");
  database().delete_row(duty_at(3).key);
  HistoryBatch batch;
  for (const std::int64_t slot : {1, 2, 3, 4}) {
    batch.duties.push_back(signed_elsewhere(duty_at(slot, 0, 0xbb)));
  }
  for (const ImportMode mode : {ImportMode::dry_run, ImportMode::apply}) {
    const MergedHistory merged = import(owner(), batch, mode);
    for (const std::size_t place : {0U, 1U, 2U}) {
      EXPECT_EQ(merged.duties[place].outcome, ImportOutcome::conflict);
      EXPECT_EQ(merged.duties[place].existing_hash, hash_of(0xaa));
      EXPECT_EQ(merged.duties[place].existing_node, "here");
    }
    EXPECT_EQ(merged.duties[3].outcome, ImportOutcome::added);
  }
  for (const std::int64_t slot : {1, 2, 3}) {
    EXPECT_EQ(taken(duty_at(slot, 0, 0xbb)).message_hash, hash_of(0xaa));
  }
  EXPECT_EQ(taken(duty_at(4)).message_hash, hash_of(0xbb));
}

TEST_P(History, completes_a_pinned_duty_with_its_signature) {
  pin(lock(duty_at(1)), "the signer was silent");
  pin(lock(duty_at(2)), "the signer was silent");
  database().delete_row(duty_at(2).key);
  EXPECT_EQ(outcome_of(pinned_elsewhere(duty_at(3))), ImportOutcome::added);
  for (const std::int64_t slot : {1, 2, 3}) {
    EXPECT_EQ(outcome_of(pinned_elsewhere(duty_at(slot))), ImportOutcome::known);
    EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(slot)), ImportMode::dry_run),
              ImportOutcome::completed);
    EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(slot))), ImportOutcome::completed);
    EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(slot))), ImportOutcome::known);
    EXPECT_EQ(taken(duty_at(slot)).status, DutyStatus::signed_);
    EXPECT_EQ(taken(duty_at(slot)).signature, filled_with<Signature>(0x5a));
  }
  for (const HistoryDuty& duty : duties_of(store)) {
    EXPECT_FALSE(duty.pinned);
    EXPECT_EQ(duty.signature, filled_with<Signature>(0x5a));
  }
  EXPECT_EQ(duties_of(store).size(), 3U);
  database().delete_row(duty_at(1).key);
  EXPECT_EQ(taken(duty_at(1)).signature, filled_with<Signature>(0x5a));
}

TEST_P(History, raises_watermarks_and_never_lowers_them) {
  const DutyKey key = duty_at(1).key;
  const std::pair<std::int64_t, std::int64_t> rows[] = {
      {100, 100}, {99, 100}, {100, 100}, {101, 101}, {0, 101}};
  std::optional<Slot> before;
  for (const auto& [imported, after] : rows) {
    HistoryBatch batch;
    batch.marks = {mark_of(key, 0), mark_of(key, imported)};
    for (const ImportMode mode : {ImportMode::dry_run, ImportMode::apply}) {
      const MergedHistory merged = import(owner(), batch, mode);
      ASSERT_EQ(merged.marks.size(), 1U);
      EXPECT_EQ(merged.marks[0].before, before);
      EXPECT_EQ(merged.marks[0].after.slot, Slot(after));
    }
    before = Slot(after);
    EXPECT_EQ(expect<BelowWatermark>(ask(store, duty_at(after), "n"), "claim").watermark,
              Slot(after));
  }
  sign(duty_at(102));
}

TEST_P(History, needs_no_duties_at_or_below_the_watermark) {
  database().raise_watermark(duty_at(1).key, Slot(10));
  HistoryBatch batch;
  for (const std::int64_t slot : {10, 11, 20, 21}) {
    batch.duties.push_back(signed_elsewhere(duty_at(slot)));
  }
  batch.duties.push_back(signed_elsewhere(typed_at(DutyType::attestation, 1)));
  batch.marks = {mark_of(duty_at(1).key, 20)};
  for (const ImportMode mode : {ImportMode::dry_run, ImportMode::apply}) {
    const MergedHistory merged = import(owner(), batch, mode);
    const ImportOutcome expected[] = {
        ImportOutcome::below_watermark, ImportOutcome::below_watermark,
        ImportOutcome::below_watermark, ImportOutcome::added, ImportOutcome::added};
    for (std::size_t place = 0; place < 5; ++place) {
      EXPECT_EQ(merged.duties[place].outcome, expected[place]) << place;
    }
  }
  EXPECT_EQ(duties_of(store).size(), 2U);
  EXPECT_EQ(outcome_of(signed_elsewhere(duty_at(20))), ImportOutcome::below_watermark);
}

TEST_P(History, in_a_dry_run_changes_nothing) {
  HistoryBatch batch;
  batch.duties = {signed_elsewhere(duty_at(1)), pinned_elsewhere(duty_at(2))};
  batch.marks = {mark_of(typed_at(DutyType::attestation, 1).key, 9)};
  const std::string before = exported(store);
  const MergedHistory merged = import(owner(), batch, ImportMode::dry_run);
  EXPECT_EQ(merged.duties[0].outcome, ImportOutcome::added);
  EXPECT_EQ(merged.marks[0].before, std::nullopt);
  EXPECT_EQ(exported(store), before);
  sign(duty_at(1, 0, 0xbb));
  sign(typed_at(DutyType::attestation, 9));
}

TEST_P(History, that_contradicts_itself_keeps_the_first_and_says_so) {
  HistoryBatch batch;
  batch.duties = {signed_elsewhere(duty_at(1), "first"), signed_elsewhere(duty_at(1, 0, 0xbb)),
                  signed_elsewhere(duty_at(1))};
  for (const ImportMode mode : {ImportMode::dry_run, ImportMode::apply}) {
    const MergedHistory merged = import(owner(), batch, mode);
    EXPECT_EQ(merged.duties[0].outcome, ImportOutcome::added);
    EXPECT_EQ(merged.duties[1].outcome, ImportOutcome::conflict);
    EXPECT_EQ(merged.duties[1].existing_node, "first");
    EXPECT_EQ(merged.duties[2].outcome, ImportOutcome::known);
  }
}

TEST_P(History, of_more_than_one_transaction_goes_as_a_whole) {
  HistoryBatch batch;
  for (std::int64_t slot = 1200; slot > 0; --slot) {
    batch.duties.push_back(signed_elsewhere(duty_at(slot)));
  }
  for (const MergedDuty& duty : import(owner(), batch).duties) {
    EXPECT_EQ(duty.outcome, ImportOutcome::added);
  }
  std::reverse(batch.duties.begin(), batch.duties.end());
  EXPECT_EQ(duties_of(store, {}, 100), batch.duties);
}

/** A node that signs while the history of another database arrives. */
class HistoryRace : public History {
 protected:
  Task<bool> try_to_sign(DutyStore* at, Duty duty, LockToken token) {
    Result<ClaimAnswer> answer = co_await at->claim(duty, "node", std::move(token));
    if (!answer || !std::holds_alternative<HeldLock>(*answer)) co_return false;
    HeldLock held = std::get<HeldLock>(std::move(*answer));
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    auto sealed = co_await keys.sign(held, std::move(message));
    if (!std::holds_alternative<SealedSignature>(sealed)) co_return false;
    const SealedSignature& signature = std::get<SealedSignature>(sealed);
    Result<RecordAnswer> recorded = co_await at->record(std::move(held), signature);
    const bool released = recorded && std::holds_alternative<SignedRecord>(*recorded);
    if (released) released_.insert(duty.key.slot);
    co_return released;
  }
  Task<bool> import_all(DutyStore* at, HistoryBatch batch) {
    Result<MergedHistory> merged = co_await at->import_history(std::move(batch), ImportMode::apply);
    co_return merged.has_value();
  }
  std::set<Slot> released_;
};
INSTANTIATE_TEST_SUITE_P(Stores, HistoryRace, testing::ValuesIn(kAllStores), kind_name);

TEST_P(HistoryRace, what_is_signed_after_the_import_contradicts_nothing_and_before_is_told) {
  DutyStore& other = database().open_as_owner();
  HistoryBatch batch;
  std::vector<Task<bool>> tasks;
  constexpr std::int64_t kDuties = 300;
  for (std::int64_t slot = 1; slot <= kDuties; ++slot) {
    batch.duties.push_back(signed_elsewhere(duty_at(slot)));
  }
  for (std::int64_t slot = 1; slot <= kDuties; ++slot) {
    if (slot == kDuties / 2) tasks.push_back(import_all(&other, batch));
    tasks.push_back(try_to_sign(&store, duty_at(slot, 0, 0xbb), next_token()));
  }
  loop.run_all(std::move(tasks));
  const std::set<Slot> before = released_;
  const MergedHistory again = import(owner(), batch);
  for (std::size_t place = 0; place < batch.duties.size(); ++place) {
    const bool contradicted = before.contains(batch.duties[place].duty.key.slot);
    EXPECT_EQ(again.duties[place].outcome,
              contradicted ? ImportOutcome::conflict : ImportOutcome::known)
        << place;
  }
  std::vector<Task<bool>> late;
  for (std::int64_t slot = 1; slot <= kDuties; ++slot) {
    late.push_back(try_to_sign(&other, duty_at(slot, 0, 0xcc), next_token()));
  }
  loop.run_all(std::move(late));
  EXPECT_EQ(released_, before) << "nothing more is signed for these slots";
}

}  // namespace
}  // namespace holdfast
