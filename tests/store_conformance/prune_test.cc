// Old duties are forgotten only together with a watermark that refuses them (S3), by age and below
// a slot, while others sign. Invariants: S2, S3.
#include <map>
#include <set>

#include <fmt/format.h>

#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

const StoreKind kAllStores[] = {StoreKind::memory, StoreKind::sqlite, StoreKind::postgres};

class Prune : public StoreTest {
 protected:
  static PruneRequest below(std::int64_t slot, PruneMode mode = PruneMode::apply) {
    PruneRequest request;
    request.rollup_address = example_duty().key.rollup_address;
    request.what = BeforeSlot{Slot(slot)};
    request.mode = mode;
    return request;
  }
  static PruneRequest older_than(milliseconds age, PruneMode mode = PruneMode::apply) {
    PruneRequest request = below(0, mode);
    request.what = OlderThan{age};
    return request;
  }

  std::vector<PrunedDuties> prune(PruneRequest request) {
    Result<std::vector<PrunedDuties>> pruned = loop.run(store.prune(std::move(request)));
    if (!pruned) ADD_FAILURE() << "prune: " << pruned.error().message;
    CHECK(pruned.has_value());
    return *std::move(pruned);
  }
  /** CHECKs that duties of one validator and type were pruned. */
  PrunedDuties prune_one(PruneRequest request) {
    std::vector<PrunedDuties> pruned = prune(std::move(request));
    EXPECT_EQ(pruned.size(), 1U);
    CHECK(pruned.size() == 1);
    return pruned.front();
  }
  bool refuses(const Duty& duty, std::int64_t watermark) {
    const auto refused = expect<BelowWatermark>(ask(store, duty, "node-3"), "claim");
    return refused.watermark == Slot(watermark);
  }
  void sign_long_ago(const Duty& duty) {
    sign(duty);
    database().age_row(duty.key, seconds(7200));
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Prune, testing::ValuesIn(kAllStores), kind_name);

TEST_P(Prune, below_a_slot_goes_what_is_below_and_its_slots_are_refused_for_ever) {
  for (const std::int64_t slot : {10, 20, 30}) sign(duty_at(slot));
  HeldLock being_signed = lock(duty_at(15));
  const PrunedDuties pruned = prune_one(below(20));
  EXPECT_EQ(pruned.validator_address, example_duty().key.validator_address);
  EXPECT_EQ(pruned.duty_type, example_duty().key.duty_type);
  EXPECT_EQ(pruned.watermark_before, std::nullopt);
  EXPECT_EQ(pruned.watermark_after, Slot(15));
  EXPECT_EQ(pruned.rows_deleted, 2);
  EXPECT_EQ(pruned.ledger_entries_deleted, 0);

  EXPECT_EQ(row(duty_at(10).key), std::nullopt) << "neither in the table nor in the ledger";
  EXPECT_EQ(row(duty_at(20).key)->status, DutyStatus::signed_);
  EXPECT_FALSE(record(std::move(being_signed)));
  for (const std::int64_t slot : {0, 10, 14, 15}) {
    EXPECT_TRUE(refuses(duty_at(slot, 0, 0xbb), 15)) << slot;
    EXPECT_FALSE(database().insert_stock_row(duty_at(slot), "stock", kStockToken)) << slot;
  }
  EXPECT_TRUE(database().insert_stock_row(duty_at(16), "stock", kStockToken));
  sign(duty_at(17));
  EXPECT_EQ(taken(duty_at(20, 0, 0xbb)).message_hash, hash_of(0xaa));
}

TEST_P(Prune, a_second_time_finds_nothing_and_a_higher_slot_raises_the_watermark) {
  for (const std::int64_t slot : {10, 20, 30}) sign(duty_at(slot));
  prune_one(below(20));
  EXPECT_TRUE(prune(below(20)).empty());
  EXPECT_TRUE(prune(below(5)).empty());
  const PrunedDuties pruned = prune_one(below(31));
  EXPECT_EQ(pruned.watermark_before, Slot(10));
  EXPECT_EQ(pruned.watermark_after, Slot(30));
  EXPECT_EQ(pruned.rows_deleted, 2);
}

TEST_P(Prune, by_age_stops_below_the_lowest_slot_that_is_too_young) {
  for (const std::int64_t slot : {1, 2, 4, 5}) sign_long_ago(duty_at(slot));
  sign_long_ago(duty_at(3, 0));
  sign(duty_at(3, 1));
  const PrunedDuties pruned = prune_one(older_than(seconds(3600)));
  EXPECT_EQ(pruned.watermark_after, Slot(2));
  EXPECT_EQ(pruned.rows_deleted, 2);
  for (const std::int64_t slot : {3, 4, 5}) {
    EXPECT_EQ(taken(duty_at(slot, 0, 0xbb)).status, DutyStatus::signed_) << slot;
  }
  EXPECT_TRUE(refuses(duty_at(2), 2));
}

TEST_P(Prune, by_age_counts_from_the_signature_and_from_the_start_of_what_is_not_signed) {
  HeldLock slow = lock(duty_at(5));
  database().age_row(duty_at(5).key, seconds(7200));
  EXPECT_TRUE(record(std::move(slow)));
  EXPECT_TRUE(prune(older_than(seconds(3600))).empty()) << "signed just now";

  HeldLock dead = lock(duty_at(3));
  database().age_row(duty_at(3).key, seconds(7200));
  HeldLock alive = lock(duty_at(4));
  const PrunedDuties pruned = prune_one(older_than(seconds(3600)));
  EXPECT_EQ(pruned.watermark_after, Slot(3));
  EXPECT_EQ(pruned.rows_deleted, 1);
  EXPECT_FALSE(record(std::move(dead)));
  EXPECT_TRUE(record(std::move(alive)));
}

TEST_P(Prune, by_age_keeps_what_is_younger_by_a_little) {
  sign(duty_at(1));
  database().age_row(duty_at(1).key, seconds(7200));
  EXPECT_TRUE(prune(older_than(seconds(7200 + 3600))).empty());
  EXPECT_EQ(prune_one(older_than(seconds(7200 - 3600))).rows_deleted, 1);
}

TEST_P(Prune, pinned_locks_and_the_ledger_go_with_the_rest) {
  sign_long_ago(duty_at(1));
  database().delete_row(duty_at(1).key);
  pin(lock(duty_at(2)), "the signer was silent");
  database().age_row(duty_at(2).key, seconds(7200));
  const PrunedDuties pruned = prune_one(older_than(seconds(3600)));
  EXPECT_EQ(pruned.watermark_after, Slot(2));
  EXPECT_EQ(pruned.rows_deleted, 1);
  EXPECT_EQ(pruned.ledger_entries_deleted, 1);
  EXPECT_EQ(row(duty_at(1).key), std::nullopt);
  EXPECT_TRUE(refuses(duty_at(1, 0, 0xbb), 2));
  EXPECT_TRUE(refuses(duty_at(2, 0, 0xbb), 2));
}

TEST_P(Prune, a_young_ledger_entry_stops_the_watermark_too) {
  sign(duty_at(1));
  database().delete_row(duty_at(1).key);
  sign_long_ago(duty_at(2));
  EXPECT_TRUE(prune(older_than(seconds(3600))).empty());
  EXPECT_EQ(taken(duty_at(1, 0, 0xbb)).message_hash, hash_of(0xaa));
}

TEST_P(Prune, what_lies_at_or_below_the_watermark_already_stops_nothing_and_stays_while_young) {
  sign(duty_at(50));
  database().raise_watermark(duty_at(50).key, Slot(100));
  sign_long_ago(duty_at(101));
  const PrunedDuties pruned = prune_one(older_than(seconds(3600)));
  EXPECT_EQ(pruned.watermark_before, Slot(100));
  EXPECT_EQ(pruned.watermark_after, Slot(101));
  EXPECT_EQ(pruned.rows_deleted, 1);
  EXPECT_EQ(row(duty_at(50).key)->status, DutyStatus::signed_);
}

TEST_P(Prune, leaves_other_rollups_validators_and_types_alone) {
  Duty other_validator = duty_at(1);
  other_validator.key.validator_address = filled_with<Address>(0x23);
  Duty other_type = duty_of(DutyType::attestation);
  other_type.key.slot = Slot(1);
  const Duty other_rollup = with_rollup(duty_at(1), 0x12);
  for (const Duty& duty : {duty_at(1), other_validator, other_type, other_rollup}) sign(duty);

  PruneRequest one = below(2);
  one.validator_address = other_validator.key.validator_address;
  EXPECT_EQ(prune_one(one).validator_address, filled_with<Address>(0x23));
  PruneRequest type = below(2);
  type.duty_type = DutyType::attestation;
  EXPECT_EQ(prune_one(type).duty_type, DutyType::attestation);
  EXPECT_EQ(taken(with_hash(duty_at(1), 0xbb)).status, DutyStatus::signed_);
  EXPECT_EQ(prune_one(below(2)).duty_type, DutyType::block_proposal);
  EXPECT_EQ(taken(with_hash(other_rollup, 0xbb)).status, DutyStatus::signed_);
  sign(with_rollup(duty_at(0), 0x12));
}

TEST_P(Prune, a_dry_run_says_the_same_and_changes_nothing) {
  for (const std::int64_t slot : {1, 2, 3}) sign_long_ago(duty_at(slot));
  database().delete_row(duty_at(1).key);
  for (const PruneRequest& request :
       {below(3, PruneMode::dry_run), older_than(seconds(3600), PruneMode::dry_run)}) {
    const PrunedDuties would = prune_one(request);
    const bool by_slot = std::holds_alternative<BeforeSlot>(request.what);
    EXPECT_EQ(would.watermark_before, std::nullopt);
    EXPECT_EQ(would.watermark_after, Slot(by_slot ? 2 : 3));
    EXPECT_EQ(would.rows_deleted, by_slot ? 1 : 2);
    EXPECT_EQ(would.ledger_entries_deleted, 1);
  }
  EXPECT_EQ(list({}).size(), 2U);
  EXPECT_EQ(taken(duty_at(1, 0, 0xbb)).message_hash, hash_of(0xaa));
  sign(duty_at(0));
}

TEST_P(Prune, more_rows_than_one_transaction_takes_all_go) {
  constexpr std::int64_t kRows = 4100;
  std::vector<Task<Result<ClaimAnswer>>> asks;
  for (std::int64_t slot = 0; slot < kRows; ++slot) {
    asks.push_back(store.claim(duty_at(slot), "node-1", next_token()));
  }
  for (const auto& answer : loop.run_all(std::move(asks))) ASSERT_TRUE(answer.has_value());
  const PrunedDuties pruned = prune_one(below(kRows - 1));
  EXPECT_EQ(pruned.watermark_before, std::nullopt);
  EXPECT_EQ(pruned.watermark_after, Slot(kRows - 2));
  EXPECT_EQ(pruned.rows_deleted, kRows - 1);
  EXPECT_EQ(list({}).size(), 1U);
}

TEST_P(Prune, another_programs_delete_at_or_below_the_watermark_is_not_kept) {
  sign(duty_at(100));
  sign(duty_at(101));
  database().raise_watermark(duty_at(100).key, Slot(100));
  database().delete_row(duty_at(100).key);
  database().delete_row(duty_at(101).key);
  EXPECT_EQ(row(duty_at(100).key), std::nullopt);
  EXPECT_EQ(row(duty_at(101).key)->status, DutyStatus::signed_);
}

class PruneInPostgres : public Prune {
 protected:
  /** What a session with another time zone would prune at the age of so many hours. */
  std::string would_prune(const std::string& zone, int hours) {
    auto& sql = static_cast<SqlStoreUnderTest&>(database());
    const std::string rows = sql.value(fmt::format(
        "SET TimeZone = '{}'; SELECT coalesce(sum(rows_gone), 0) FROM holdfast_prune('{}', NULL, "
        "NULL, NULL, {}::bigint * 3600000, true, 500)",
        zone, to_text(example_duty().key.rollup_address), hours));
    EXPECT_EQ(sql.try_sql("RESET TimeZone"), "");
    return rows;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, PruneInPostgres, testing::Values(StoreKind::postgres), kind_name);

TEST_P(PruneInPostgres, an_age_is_the_same_in_every_time_zone_of_a_session) {
  sign(duty_at(2));
  sign_long_ago(duty_at(1));
  for (const std::string zone : {"Pacific/Kiritimati", "America/Adak", "UTC"}) {
    EXPECT_EQ(would_prune(zone, 1), "1") << zone;
    EXPECT_EQ(would_prune(zone, 3), "0") << zone;
  }
}

/** Nodes that sign, again and again with other messages, while others prune. The audit is of what
    was released, and of what is still there above the watermark. */
class PruneRace : public Prune {
 protected:
  Task<bool> try_to_sign(DutyStore* at, Duty duty, std::string node, LockToken token) {
    Result<ClaimAnswer> answer = co_await at->claim(duty, std::move(node), std::move(token));
    if (!answer || !std::holds_alternative<HeldLock>(*answer)) co_return false;
    HeldLock held = std::get<HeldLock>(std::move(*answer));
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    auto sealed = co_await keys.sign(held, std::move(message));
    if (!std::holds_alternative<SealedSignature>(sealed)) co_return false;
    const SealedSignature& signature = std::get<SealedSignature>(sealed);
    Result<RecordAnswer> recorded = co_await at->record(std::move(held), signature);
    const bool is_released = recorded && std::holds_alternative<SignedRecord>(*recorded);
    if (is_released) released[duty.key].insert(duty.message_hash);
    co_return is_released;
  }
  Task<bool> try_to_prune(DutyStore* at, PruneRequest request) {
    Result<std::vector<PrunedDuties>> pruned = co_await at->prune(std::move(request));
    if (!pruned) co_return false;
    for (const PrunedDuties& each : *pruned) {
      watermark = std::max(watermark, each.watermark_after.value_or(Slot(0)));
    }
    co_return true;
  }

  std::map<DutyKey, std::set<MessageHash>> released;
  Slot watermark{0};
};
INSTANTIATE_TEST_SUITE_P(Stores, PruneRace, testing::ValuesIn(kAllStores), kind_name);

TEST_P(PruneRace, no_duty_gets_two_contents_and_nothing_above_the_watermark_is_lost) {
  constexpr int kNodes = 4;
  constexpr std::int64_t kRounds = 60;
  std::vector<DutyStore*> stores;
  for (int node = 0; node < kNodes; ++node) stores.push_back(&database().open());
  std::uint8_t hash = 0;
  for (std::int64_t round = 3; round < kRounds; ++round) {
    std::vector<Task<bool>> tasks;
    for (int node = 0; node < kNodes; ++node) {
      for (const std::int64_t slot : {round, round - 1, round - 3}) {
        tasks.push_back(try_to_sign(stores[static_cast<std::size_t>(node)],
                                    duty_at(slot, 0, ++hash), "node", next_token()));
      }
      if (node % 2 == 0) continue;
      tasks.push_back(try_to_prune(stores[static_cast<std::size_t>(node)], below(round - node)));
      if (node == 3) tasks.push_back(try_to_prune(stores[0], older_than(seconds(3600))));
    }
    loop.run_all(std::move(tasks));
  }
  EXPECT_GE(watermark, Slot(kRounds - 10)) << "it pruned";
  EXPECT_GE(released.size(), static_cast<std::size_t>(kRounds / 2)) << "it signed";
  for (const auto& [key, hashes] : released) {
    EXPECT_EQ(hashes.size(), 1U) << to_text(key);
    if (key.slot <= watermark) continue;
    const auto kept = row(key);
    ASSERT_TRUE(kept.has_value()) << to_text(key);
    EXPECT_EQ(kept->duty.message_hash, *hashes.begin()) << to_text(key);
    EXPECT_EQ(kept->status, DutyStatus::signed_);
  }
}

}  // namespace
}  // namespace holdfast
