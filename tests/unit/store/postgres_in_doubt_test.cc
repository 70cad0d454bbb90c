// S5: what was sent and not answered is in doubt, what was not sent is not. These tests have a
// server of their own, which they kill and stop, and leave running.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

class PostgresInDoubt : public testing::Test {
 protected:
  PostgresInDoubt() : url_(migrated_database(server_)) {}

  static PostgresServer& own_server() {
    // Without senders of its log no commit waits for a standby.
    static PostgresServer server(
        PostgresOptions{.settings = {{"wal_level", "replica"}, {"max_wal_senders", "4"}}});
    return server;
  }

  PostgresSettings hurried() {
    PostgresSettings settings = patient();
    settings.timeouts.answer = seconds(3);
    return settings;
  }

  TestLoop loop_;
  PostgresServer& server_ = own_server();
  std::string url_;
};

TEST_F(PostgresInDoubt, a_claim_that_a_killed_server_had_is_lost_and_the_pool_recovers) {
  PoolUnderTest node(loop_, url_);
  ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
  server_.pause();
  const std::size_t sent = node.claim(duty_at(2), token_of(2));
  loop_.run_until([&] { return node.pool.use().in_use == 1; });
  server_.kill();
  node.run_until_all_answered();
  EXPECT_EQ(node.claims[sent]->outcome, PgReply::Outcome::lost);
  const std::size_t waiting = node.claim(duty_at(3), token_of(3));
  server_.start();
  node.run_until_all_answered();
  EXPECT_TRUE(node.claims[waiting]->won) << node.claims[waiting]->error.message;
  EXPECT_GE(node.pool.use().reconnects, 1U);
}

TEST_F(PostgresInDoubt, a_stopped_server_hangs_nobody) {
  PoolUnderTest node(loop_, url_, hurried());
  ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
  server_.pause();
  const std::size_t claim = node.claim(duty_at(2), token_of(2));
  const std::size_t record = node.record(duty_at(1), token_of(1));
  node.run_until_all_answered();
  EXPECT_EQ(node.claims[claim]->outcome, PgReply::Outcome::lost);
  EXPECT_EQ(node.records[record]->outcome, PgReply::Outcome::lost);
  server_.resume();
  // What was in the server's socket may still be done: that is the doubt.
  for (std::uint64_t token = 10;; ++token) {
    if (node.claim_now(duty_at(4), token_of(token)).outcome == PgReply::Outcome::done) break;
  }
}

TEST_F(PostgresInDoubt, what_was_never_sent_to_a_stopped_server_is_not_in_doubt) {
  server_.pause();
  PostgresSettings settings = patient();
  settings.pool.connection_timeout = milliseconds(300);
  PoolUnderTest node(loop_, url_, settings);
  const std::size_t claim = node.claim(duty_at(1), token_of(1));
  node.run_until_all_answered();
  EXPECT_EQ(node.claims[claim]->outcome, PgReply::Outcome::unsent);
  EXPECT_EQ(node.claims[claim]->error.kind, ErrorKind::unavailable);
  server_.resume();
}

TEST_F(PostgresInDoubt, a_claim_in_doubt_is_answered_by_reading_back) {
  PostgresStore store(loop_.context(), loop_.clock(), parsed(url_), hurried());
  ASSERT_TRUE(loop_.run(store.check()).has_value());
  server_.pause();
  std::optional<Result<ClaimAnswer>> answer;
  start(store.claim(duty_at(1), "node-1", LockToken::from_random({1})),
        [&answer](Result<ClaimAnswer> given) { answer.emplace(std::move(given)); });
  loop_.run_until([&] { return store.pool_use().connections == 0 || answer.has_value(); });
  server_.resume();
  loop_.run_until([&] { return answer.has_value(); });
  // The server did what was in its socket, or it did not; the store found out which.
  const bool ours = answer->has_value() && std::holds_alternative<HeldLock>(**answer);
  const bool row_is_there = sql_value(url_, "SELECT count(*) FROM validator_duties") == "1";
  EXPECT_TRUE(!ours || row_is_there);
  if (!*answer) {
    EXPECT_NE(answer->error().kind, ErrorKind::unknown) << answer->error().message;
  }
  loop_.run(store.close());
}

TEST_F(PostgresInDoubt, a_signed_row_survives_a_crash_of_the_server) {
  {
    PoolUnderTest node(loop_, url_);
    ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
    node.record(duty_at(1), token_of(1));
    node.run_until_all_answered();
    ASSERT_TRUE(node.records[0]->recorded);
  }
  server_.kill();
  server_.start();
  EXPECT_EQ(sql_value(url_, "SELECT signature FROM validator_duties"), some_signature());
}

/** Ends by force every commit's wait for a standby; how many waited. */
int end_waits(const std::string& url) {
  return std::stoi(sql_value(url,
                             "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE "
                             "wait_event = 'SyncRep'"));
}

TEST_F(PostgresInDoubt, a_commit_whose_wait_for_a_standby_was_ended_by_force_is_in_doubt) {
  PoolUnderTest node(loop_, url_);
  ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
  run_sql(url_, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  run_sql(url_, "SELECT pg_reload_conf()");
  {
    // One of these commits waits as soon as the server has taken the setting up.
    std::atomic<bool> waited = false;
    std::atomic<bool> ended = false;
    std::thread probe([&] {
      while (!waited) {
        run_sql(url_, "SET synchronous_commit = on; SELECT pg_logical_emit_message(true, '', '')");
      }
      ended = true;
    });
    while (!ended) waited = end_waits(url_) > 0 || waited;
    probe.join();
  }
  std::thread operator_by_force([this] {
    while (end_waits(url_) == 0) {
    }
  });
  node.record(duty_at(1), token_of(1));
  node.run_until_all_answered();
  operator_by_force.join();
  run_sql(url_, "ALTER SYSTEM RESET synchronous_standby_names");
  run_sql(url_, "SELECT pg_reload_conf()");
  EXPECT_EQ(node.records[0]->outcome, PgReply::Outcome::lost);
  EXPECT_NE(node.records[0]->error.message.find("synchronous replication"), std::string::npos)
      << node.records[0]->error.message;
  EXPECT_EQ(sql_value(url_, "SELECT signature FROM validator_duties"), some_signature())
      << "it is there nevertheless";
  const std::size_t after = node.claim(duty_at(2), token_of(2));
  node.run_until_all_answered();
  EXPECT_TRUE(node.claims[after]->won) << "the session goes on";
}

}  // namespace
}  // namespace holdfast::test
