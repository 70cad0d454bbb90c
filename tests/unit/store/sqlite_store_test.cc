// What is particular to the SQLite store: restarts, waiting for other processes, group commit,
// threads, and a disk that fails. Its behaviour as a store is tested in tests/store_conformance.
#include <atomic>
#include <thread>

#include "unit/store/fault_vfs.h"
#include "unit/store/sqlite_fixture.h"

namespace holdfast {
namespace {

using namespace holdfast::test;
using std::chrono::milliseconds;

class SqliteStoreTest : public SqliteTest {};

TEST_F(SqliteStoreTest, item_132_signed_duties_survive_a_restart) {
  open();
  EXPECT_TRUE(recorded(record(lock(example_duty(0xaa)))));
  const std::optional<DutyRow> before = row(example_duty());
  close();
  open();
  const std::optional<DutyRow> after = row(example_duty());
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->signature, before->signature);
  EXPECT_EQ(after->completed_at_ms, before->completed_at_ms);
  Result<ClaimAnswer> again = claim(example_duty(0xbb));
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(std::holds_alternative<Taken>(*again));
  EXPECT_EQ(std::get<Taken>(*again).existing.message_hash, hash_of(0xaa));
}

TEST_F(SqliteStoreTest, item_133_a_lock_that_a_crash_left_can_be_cleaned_up_and_signed) {
  open();
  (void)lock(example_duty(0xaa));
  close();
  open();
  Result<std::int64_t> deleted = loop.run(store->delete_stuck("node-1", milliseconds(0)));
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 1);
  EXPECT_TRUE(recorded(record(lock(example_duty(0xbb)))));
}

TEST_F(SqliteStoreTest, answers_timeout_when_another_process_keeps_the_lock) {
  settings.busy_timeout = milliseconds(20);
  open();
  OtherProgram other(settings.path);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), SQLITE_OK);
  Result<ClaimAnswer> answer = claim(example_duty());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::timeout);
  EXPECT_NE(answer.error().message.find(settings.path), std::string::npos);
  EXPECT_EQ(row(example_duty()), std::nullopt) << "reading is not held up";
  ASSERT_EQ(other.run("ROLLBACK"), SQLITE_OK);
  EXPECT_TRUE(recorded(record(lock(example_duty()))));
}

TEST_F(SqliteStoreTest, waits_for_another_process_that_is_quick_enough) {
  settings.busy_timeout = std::chrono::minutes(1);
  open();
  OtherProgram other(settings.path);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), SQLITE_OK);
  std::optional<Result<ClaimAnswer>> answer;
  start(store->claim(example_duty(), "node-1", LockToken::from_random(random.bytes16())),
        [&](Result<ClaimAnswer> given) { answer.emplace(std::move(given)); });
  ASSERT_EQ(other.run("COMMIT"), SQLITE_OK);
  loop.run_until([&] { return answer.has_value(); });
  ASSERT_TRUE(answer->has_value()) << answer->error().message;
  EXPECT_TRUE(std::holds_alternative<HeldLock>(**answer));
}

TEST_F(SqliteStoreTest, commits_all_that_waits_at_once) {
  settings.busy_timeout = std::chrono::minutes(1);
  open();
  const StorePoolUse before = store->pool_use();
  OtherProgram other(settings.path);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), SQLITE_OK);
  constexpr int kDuties = 100;
  int done = 0;
  for (int slot = 0; slot < kDuties; ++slot) {
    start(store->claim(duty_at(slot), "node-1", LockToken::from_random(random.bytes16())),
          [&done](Result<ClaimAnswer> answer) {
            EXPECT_TRUE(answer.has_value());
            ++done;
          });
  }
  ASSERT_EQ(other.run("COMMIT"), SQLITE_OK);
  loop.run_until([&] { return done == kDuties; });
  const StorePoolUse after = store->pool_use();
  EXPECT_EQ(after.batched_operations - before.batched_operations, 100U);
  EXPECT_LE(after.batches - before.batches, 2U) << "the first while waiting, then all the rest";
}

TEST_F(SqliteStoreTest, answers_on_the_io_thread) {
  open();
  bool done = false;
  std::thread::id answered_on;
  start(store->check(), [&](Result<StoreState> state) {
    EXPECT_TRUE(state.has_value());
    answered_on = std::this_thread::get_id();
    done = true;
  });
  EXPECT_FALSE(done) << "never inside the call";
  loop.run_until([&] { return done; });
  EXPECT_EQ(answered_on, std::this_thread::get_id());
}

TEST_F(SqliteStoreTest, closing_answers_everything_that_is_in_flight) {
  open();
  constexpr int kCalls = 50;
  int answered = 0;
  for (int slot = 0; slot < kCalls; ++slot) {
    start(store->claim(duty_at(slot), "node-1", LockToken::from_random(random.bytes16())),
          [&answered](Result<ClaimAnswer> answer) {
            const bool ended = answer.has_value() || answer.error().kind == ErrorKind::unavailable;
            EXPECT_TRUE(ended);
            ++answered;
          });
  }
  loop.run(store->close());
  EXPECT_EQ(answered, kCalls);
}

TEST_F(SqliteStoreTest, a_damaged_row_fails_its_own_duty_and_no_other) {
  open();
  (void)lock(duty_at(1));
  ASSERT_EQ(OtherProgram(settings.path)
                .run("PRAGMA ignore_check_constraints = ON;"
                     "UPDATE validator_duties SET message_hash = '0x12'"),
            SQLITE_OK);
  Result<ClaimAnswer> damaged = claim(duty_at(1));
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().kind, ErrorKind::corrupt);
  EXPECT_NE(damaged.error().message.find("message_hash"), std::string::npos);
  EXPECT_TRUE(recorded(record(lock(duty_at(2)))));
}

class SqliteDisk : public SqliteTest {
 protected:
  SqliteDisk() {
    settings.vfs = fault_vfs();
    forget_faults();
  }
  ~SqliteDisk() override { forget_faults(); }

  static void forget_faults() {
    disk_faults().failing_syncs = 0;
    disk_faults().failing_writes = 0;
    disk_faults().disk_full = false;
  }
};

TEST_F(SqliteDisk, a_record_whose_sync_failed_once_is_recorded_again) {
  open();
  HeldLock held = lock(example_duty());
  disk_faults().failing_syncs = 1;
  EXPECT_TRUE(recorded(record(std::move(held))));
  EXPECT_EQ(disk_faults().failing_syncs.load(), 0) << "the fault was met";
  close();
  open();
  EXPECT_EQ(row(example_duty())->status, DutyStatus::signed_);
}

TEST_F(SqliteDisk, a_record_whose_syncs_go_on_failing_releases_nothing) {
  open();
  HeldLock held = lock(example_duty());
  disk_faults().failing_syncs = 1000;
  const Result<RecordAnswer> answer = record(std::move(held));
  EXPECT_FALSE(answer.has_value());
  forget_faults();
  EXPECT_EQ(row(example_duty())->status, DutyStatus::signing);
}

TEST_F(SqliteDisk, a_claim_whose_sync_fails_is_no_lock) {
  open();
  disk_faults().failing_syncs = 1;
  Result<ClaimAnswer> answer = claim(example_duty());
  EXPECT_EQ(disk_faults().failing_syncs.load(), 0) << "the fault was met";
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(row(example_duty()), std::nullopt);
  EXPECT_TRUE(recorded(record(lock(example_duty())))) << "the store goes on";
}

TEST_F(SqliteDisk, a_full_disk_refuses_and_says_so_until_there_is_room) {
  open();
  HeldLock held = lock(duty_at(1));
  disk_faults().disk_full = true;
  disk_faults().failing_writes = 1000;
  EXPECT_FALSE(claim(duty_at(2)).has_value());
  EXPECT_FALSE(recorded(record(std::move(held))));
  EXPECT_FALSE(loop.run(store->delete_stuck("node-1", milliseconds(0))).has_value());
  forget_faults();
  EXPECT_TRUE(recorded(record(lock(duty_at(2)))));
}

TEST_F(SqliteDisk, a_failing_write_fails_every_operation_of_its_transaction) {
  settings.busy_timeout = std::chrono::minutes(1);
  open();
  OtherProgram other(settings.path);
  ASSERT_EQ(other.run("BEGIN IMMEDIATE"), SQLITE_OK);
  constexpr int kDuties = 20;
  int done = 0;
  int locked = 0;
  for (int slot = 0; slot < kDuties; ++slot) {
    start(store->claim(duty_at(slot), "node-1", LockToken::from_random(random.bytes16())),
          [&](Result<ClaimAnswer> answer) {
            ++done;
            if (answer.has_value()) ++locked;
          });
  }
  disk_faults().failing_writes = 1000;
  ASSERT_EQ(other.run("COMMIT"), SQLITE_OK);
  loop.run_until([&] { return done == kDuties; });
  EXPECT_EQ(locked, 0);
  forget_faults();
  for (int slot = 0; slot < kDuties; ++slot) EXPECT_EQ(row(duty_at(slot)), std::nullopt) << slot;
}

}  // namespace
}  // namespace holdfast
