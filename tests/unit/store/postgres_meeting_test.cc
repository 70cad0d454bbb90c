// What a session finds out about its database, on a real server, and who is told (S4).
#include <gtest/gtest.h>

#include "store/postgres/postgres_store.h"
#include "unit/store/database_watch_checks.h"
#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

class PostgresMeeting : public testing::Test {
 protected:
  PostgresMeeting() : url_(migrated_database(shared_postgres(), 2)) {}
  ~PostgresMeeting() override {
    if (store_) loop_.run(store_->close());
  }

  PostgresStore& store() {
    if (!store_) {
      PostgresSettings settings = patient();
      settings.watch = &watch_;
      store_ = std::make_unique<PostgresStore>(loop_.context(), loop_.clock(), parsed(url_),
                                               std::move(settings));
    }
    return *store_;
  }
  DatabaseFacts meet() {
    Result<StoreState> state = loop_.run(store().check());
    EXPECT_TRUE(state.has_value()) << state.error().message;
    return watch_.facts;
  }
  void insert_signed(std::int64_t slot) {
    const Duty duty = duty_at(slot);
    run_sql(url_,
            "INSERT INTO validator_duties (rollup_address, validator_address, slot, "
            "block_number, block_index_within_checkpoint, duty_type, status, message_hash, "
            "signature, node_id, lock_token, started_at, completed_at) VALUES ('" +
                to_text(duty.key.rollup_address) + "','" + to_text(duty.key.validator_address) +
                "'," + std::to_string(slot) + ",0,0,'BLOCK_PROPOSAL','signed','" +
                to_text(duty.message_hash) + "','" + some_signature() +
                "','node-1','hf1-x',now(),now())");
    watch_.asked.newest_release = ReleaseEntry{duty.key, duty.message_hash};
  }

  std::string url_;
  TestLoop loop_;
  RecordingWatch watch_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(PostgresMeeting, says_which_database_it_is) {
  const DatabaseIdentity identity = meet().identity;
  EXPECT_EQ(identity.backend, "postgres");
  EXPECT_EQ(identity.cluster_id, sql_value(url_, "SELECT cluster_id FROM holdfast_cluster"));
  EXPECT_EQ(identity.system_identifier,
            sql_value(url_, "SELECT system_identifier FROM pg_control_system()"));
  EXPECT_EQ(identity.timeline, 1);
  EXPECT_FALSE(identity.synchronous);
}

TEST_F(PostgresMeeting, is_asked_on_each_connection_and_at_each_check) {
  meet();
  const int after_first = watch_.meetings;
  EXPECT_EQ(after_first, 2) << "the connection and the check";
  meet();
  EXPECT_EQ(watch_.meetings, after_first + 1);
}

TEST_F(PostgresMeeting, a_database_that_is_refused_is_not_used) {
  watch_.refusal = Error{ErrorKind::wrong_database, "it is another one"};
  Result<StoreState> state = loop_.run(store().check());
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::wrong_database);
  EXPECT_NE(state.error().message.find("it is another one"), std::string::npos)
      << state.error().message;
  Result<ClaimAnswer> claim =
      loop_.run(store().claim(duty_at(1), "node-1", LockToken::from_random({})));
  ASSERT_FALSE(claim.has_value());
  EXPECT_EQ(claim.error().kind, ErrorKind::wrong_database);
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM validator_duties"), "0");
}

TEST_F(PostgresMeeting, knows_the_nodes_beat) {
  EXPECT_EQ(meet().beat, 0);
  ASSERT_TRUE(*loop_.run(store().put_node(example_node("node-1", "a"), std::nullopt)));
  EXPECT_EQ(meet().beat, 5);
}

TEST_F(PostgresMeeting, knows_the_newest_release_by_row_ledger_or_watermark) {
  EXPECT_TRUE(meet().knows_newest_release) << "there is none";
  insert_signed(100);
  EXPECT_TRUE(meet().knows_newest_release) << "by its row";
  run_sql(url_, "DELETE FROM validator_duties");
  EXPECT_TRUE(meet().knows_newest_release) << "by the ledger";
  run_sql(url_,
          "INSERT INTO holdfast_watermark SELECT rollup_address, validator_address, duty_type, 99 "
          "FROM holdfast_ledger; ALTER TABLE holdfast_ledger DISABLE TRIGGER ALL; DELETE FROM "
          "holdfast_ledger; ALTER TABLE holdfast_ledger ENABLE TRIGGER ALL");
  EXPECT_FALSE(meet().knows_newest_release) << "the watermark is one too low";
  run_sql(url_, "UPDATE holdfast_watermark SET slot = 100");
  EXPECT_TRUE(meet().knows_newest_release) << "by the watermark";
}

TEST_F(PostgresMeeting, another_message_or_a_lock_is_not_the_release) {
  insert_signed(100);
  watch_.asked.newest_release->message_hash = hash_of(0xbb);
  EXPECT_FALSE(meet().knows_newest_release);
  watch_.asked.newest_release = ReleaseEntry{duty_at(101).key, duty_at(101).message_hash};
  Result<ClaimAnswer> claim =
      loop_.run(store().claim(duty_at(101), "node-1", LockToken::from_random({})));
  ASSERT_TRUE(claim.has_value());
  EXPECT_FALSE(meet().knows_newest_release);
}

TEST_F(PostgresMeeting, its_registry_is_a_node_table) {
  check_node_table(loop_, store());
}

/** Tables that are made anew under a session are another history, whatever they are called. */
TEST_F(PostgresMeeting, a_record_writes_nothing_into_tables_that_were_made_anew) {
  struct Row {
    const char* name;
    std::string sql;
  };
  const Row rows[] = {
      {"another cluster id", "UPDATE holdfast_cluster SET cluster_id = 'ffff'"},
      {"another table",
       "CREATE TABLE other (LIKE validator_duties INCLUDING ALL); INSERT INTO other SELECT * FROM "
       "validator_duties; DROP TABLE validator_duties; ALTER TABLE other RENAME TO "
       "validator_duties"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    url_ = migrated_database(shared_postgres(), 2);
    PoolUnderTest pool(loop_, url_);
    const Duty duty = duty_at(1);
    const std::string token = token_of(1);
    ASSERT_TRUE(pool.claim_now(duty, token).won);
    run_sql(url_, row.sql);
    pool.record(duty, token);
    pool.record(duty_at(2), token_of(2));
    pool.run_until_all_answered();
    EXPECT_FALSE(pool.records[0]->recorded);
    EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM validator_duties WHERE signature IS NOT NULL"),
              "0");
  }
}

}  // namespace
}  // namespace holdfast::test
