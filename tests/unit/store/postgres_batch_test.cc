#include <algorithm>
#include <random>

#include <libpq-fe.h>

#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

class PostgresBatch : public testing::TestWithParam<int> {
 protected:
  PostgresBatch() : url_(migrated_database(shared_postgres(), GetParam())), node_(loop_, url_) {}

  TestLoop loop_;
  std::string url_;
  PoolUnderTest node_;
};

INSTANTIATE_TEST_SUITE_P(SchemaVersions, PostgresBatch, testing::Values(1, 2),
                         [](const auto& info) { return "v" + std::to_string(info.param); });

TEST_P(PostgresBatch, sends_what_waits_together_as_one_statement) {
  for (int slot = 0; slot < 60; ++slot) {
    node_.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  for (const auto& reply : node_.claims) EXPECT_TRUE(reply->won);
  EXPECT_EQ(node_.pool.use().batches, 1U);
  EXPECT_EQ(node_.pool.use().batched_operations, 60U);

  for (int slot = 0; slot < 60; ++slot) {
    node_.record(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  for (const auto& reply : node_.records) EXPECT_TRUE(reply->recorded);
  EXPECT_EQ(node_.pool.use().batches, 2U);
  EXPECT_EQ(sql_value(url_,
                      "SELECT count(*) FROM validator_duties WHERE status = 'signed' AND "
                      "length(signature) = 132 AND completed_at >= started_at"),
            "60");
}

TEST_P(PostgresBatch, splits_more_than_the_most_rows) {
  const std::size_t count = DutyQueue::kBatchMax + 1;
  for (std::size_t slot = 0; slot < count; ++slot) {
    node_.claim(duty_at(static_cast<std::int64_t>(slot)), token_of(slot));
  }
  node_.run_until_all_answered();
  for (const auto& reply : node_.claims) EXPECT_TRUE(reply->won);
  // The last one travels alone, which is no batch.
  EXPECT_EQ(node_.pool.use().batched_operations, DutyQueue::kBatchMax);
}

TEST_P(PostgresBatch, sends_one_request_alone_as_a_single_row) {
  EXPECT_TRUE(node_.claim_now(duty_at(1), token_of(1)).won);
  node_.record(duty_at(1), token_of(1));
  node_.run_until_all_answered();
  EXPECT_TRUE(node_.records[0]->recorded);
  EXPECT_EQ(node_.pool.use().batches, 0U);
}

TEST_P(PostgresBatch, tells_each_loser_who_was_first) {
  PoolUnderTest other(loop_, url_);
  ASSERT_TRUE(other.claim_now(duty_at(3, 0xbb), token_of(1000), "node-2").won);
  for (int slot = 0; slot < 6; ++slot) {
    node_.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  for (std::size_t slot = 0; slot < 6; ++slot) EXPECT_EQ(node_.claims[slot]->won, slot != 3);
  ASSERT_TRUE(node_.claims[3]->facts.has_value() && node_.claims[3]->facts->has_value());
  const LockFacts& facts = **node_.claims[3]->facts;
  ASSERT_TRUE(facts.row.has_value());
  EXPECT_EQ(facts.row->node_id, "node-2");
  EXPECT_EQ(facts.row->duty.message_hash, hash_of(0xbb));
  EXPECT_FALSE(facts.ledger.has_value());
}

TEST_P(PostgresBatch, gives_one_of_two_claims_of_a_key_in_the_same_batch) {
  node_.claim(duty_at(1, 0xaa), token_of(1));
  node_.claim(duty_at(1, 0xbb), token_of(2));
  node_.run_until_all_answered();
  EXPECT_NE(node_.claims[0]->won, node_.claims[1]->won);
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM validator_duties"), "1");
}

TEST_P(PostgresBatch, one_bad_claim_does_not_fail_its_neighbours) {
  node_.claim(duty_at(1), token_of(1));
  node_.claim(duty_at(2), token_of(2), std::string(300, 'n'));  // wider than the column
  node_.claim(duty_at(3), token_of(3));
  node_.run_until_all_answered();
  EXPECT_TRUE(node_.claims[0]->won);
  EXPECT_EQ(node_.claims[1]->outcome, PgReply::Outcome::refused);
  EXPECT_EQ(node_.claims[1]->error.kind, ErrorKind::invalid_input);
  EXPECT_TRUE(node_.claims[2]->won);
}

TEST_P(PostgresBatch, one_bad_record_does_not_fail_its_neighbours) {
  for (int slot = 0; slot < 3; ++slot) {
    node_.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  node_.record(duty_at(0), token_of(0));
  node_.record(duty_at(1), token_of(1), std::string(200, 'x'));
  node_.record(duty_at(2), token_of(2));
  node_.run_until_all_answered();
  EXPECT_TRUE(node_.records[0]->recorded);
  EXPECT_EQ(node_.records[1]->outcome, PgReply::Outcome::refused);
  EXPECT_TRUE(node_.records[2]->recorded);
}

TEST_P(PostgresBatch, records_only_what_token_and_hash_still_hold) {
  for (int slot = 0; slot < 4; ++slot) {
    node_.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  node_.record(duty_at(0), token_of(0));
  node_.record(duty_at(1), token_of(99));
  node_.record(duty_at(2, 0xbb), token_of(2));
  node_.record(duty_at(9), token_of(3));
  node_.run_until_all_answered();
  EXPECT_TRUE(node_.records[0]->recorded);
  for (std::size_t index = 1; index < 4; ++index) EXPECT_FALSE(node_.records[index]->recorded);
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM validator_duties WHERE signature IS NOT NULL"),
            "1");
}

TEST_P(PostgresBatch, refuses_in_a_batch_what_ledger_and_watermark_refuse) {
  run_sql(url_,
          "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot) "
          "VALUES ('" +
              to_text(duty_at(1).key.rollup_address) + "', '" +
              to_text(duty_at(1).key.validator_address) + "', 'BLOCK_PROPOSAL', 5)");
  for (const int slot : {4, 5, 6, 7}) {
    node_.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  node_.run_until_all_answered();
  for (std::size_t index = 0; index < 4; ++index) EXPECT_EQ(node_.claims[index]->won, index > 1);
  EXPECT_EQ((*node_.claims[0]->facts)->watermark, Slot(5));

  run_sql(url_, "UPDATE holdfast_watermark SET slot = 6");
  node_.record(duty_at(6), token_of(6));
  node_.record(duty_at(7), token_of(7));
  node_.run_until_all_answered();
  EXPECT_FALSE(node_.records[0]->recorded);
  EXPECT_TRUE(node_.records[1]->recorded);
}

TEST_P(PostgresBatch, two_nodes_with_the_same_duties_in_any_order_do_not_deadlock) {
  PoolUnderTest other(loop_, url_);
  std::mt19937 random(7);  // NOLINT: the same order in every run.
  std::uint64_t token = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<Duty> duties;
    for (int slot = 0; slot < 60; ++slot) {
      duties.push_back(duty_at(round * 1000 + slot));
      duties.back().key.duty_type = kProtectedDutyTypes[static_cast<std::size_t>(slot) % 6];
    }
    for (PoolUnderTest* node : {&node_, &other}) {
      std::shuffle(duties.begin(), duties.end(), random);
      for (const Duty& duty : duties) node->claim(duty, token_of(++token));
    }
    node_.run_until_all_answered();
    other.run_until_all_answered();
  }
  std::size_t won = 0;
  for (PoolUnderTest* node : {&node_, &other}) {
    for (const auto& reply : node->claims) {
      ASSERT_EQ(reply->outcome, PgReply::Outcome::done) << reply->error.message;
      won += reply->won ? 1 : 0;
    }
  }
  EXPECT_EQ(won, 600U);
  EXPECT_EQ(
      sql_value(url_, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
      "0");
}

TEST_P(PostgresBatch, a_locked_row_holds_up_its_batch_no_longer_than_the_lock_timeout) {
  PostgresSettings settings = patient();
  settings.timeouts.lock = milliseconds(200);
  PoolUnderTest hurried(loop_, url_, settings);
  for (int slot = 0; slot < 3; ++slot) {
    hurried.claim(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  hurried.run_until_all_answered();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> slow(PQconnectdb(url_.c_str()), &PQfinish);
  PQclear(PQexec(slow.get(), "BEGIN"));
  PQclear(PQexec(slow.get(), "SELECT * FROM validator_duties WHERE slot = 1 FOR UPDATE"));
  for (int slot = 0; slot < 3; ++slot) {
    hurried.record(duty_at(slot), token_of(static_cast<std::uint64_t>(slot)));
  }
  hurried.run_until_all_answered();
  EXPECT_TRUE(hurried.records[0]->recorded);
  EXPECT_EQ(hurried.records[1]->outcome, PgReply::Outcome::refused);
  EXPECT_EQ(hurried.records[1]->error.kind, ErrorKind::timeout);
  EXPECT_TRUE(hurried.records[2]->recorded);
}

/** W4: the two sessions' zones lie nine hours apart. */
TEST_P(PostgresBatch, records_from_a_session_whose_time_zone_is_behind) {
  const std::string database = sql_value(url_, "SELECT current_database()");
  const std::string role = "behind_" + database;
  run_sql(url_, "CREATE ROLE " + role + " LOGIN SUPERUSER");
  run_sql(url_, "ALTER ROLE " + role + " SET timezone = 'Etc/GMT+9'");
  ASSERT_TRUE(node_.claim_now(duty_at(1), token_of(1)).won);
  std::string behind_url = url_;
  behind_url.replace(behind_url.find("postgres@"), 8, role);
  PoolUnderTest behind(loop_, behind_url);
  behind.record(duty_at(1), token_of(1));
  behind.run_until_all_answered();
  EXPECT_TRUE(behind.records[0]->recorded) << behind.records[0]->error.message;
}

}  // namespace
}  // namespace holdfast::test
