// Ages in a database whose server has summer time: local times jump when it begins and when it
// ends, and nothing may look older than it is. Invariants: S3 (pruning by age), S1's take-over.
#include <ctime>

#include <fmt/format.h>

#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

using std::chrono::minutes;

/** "DAY/HH:MM:SS" as the rule of a POSIX time zone has it, so many seconds from now in UTC. */
std::string rule_time(std::chrono::seconds from_now, int more_days = 0) {
  const std::time_t when = std::time(nullptr) + static_cast<std::time_t>(from_now.count());
  std::tm utc{};
  gmtime_r(&when, &utc);
  return fmt::format("{}/{:02}:{:02}:{:02}", (utc.tm_yday + more_days) % 365, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

class PostgresTime : public testing::Test {
 protected:
  ~PostgresTime() override {
    if (store_) loop_.run(store_->close());
  }

  /** A database in this zone: UTC in winter, an hour more in summer. */
  void open(const std::string& zone) {
    url_ = migrated_database(shared_postgres());
    run_sql(url_, fmt::format("ALTER DATABASE {} SET timezone = '{}'",
                              sql_value(url_, "SELECT current_database()"), zone));
    store_ =
        std::make_unique<PostgresStore>(loop_.context(), loop_.clock(), parsed(url_), patient());
  }
  /** Summer time began so long ago: 00:00 was followed by 01:00. */
  void summer_began(seconds ago) {
    open(fmt::format("WIN0SUM-1,{},{}", rule_time(-ago), rule_time(-ago, 100)));
    ASSERT_EQ(offset_at(ago + minutes(5)), "0");
    ASSERT_EQ(offset_at(seconds(0)), "3600");
  }
  /** Summer time ended so long ago: the hour before that came once more. The rule is in the local
      time before the change. */
  void summer_ended(seconds ago) {
    open(fmt::format("WIN0SUM-1,{},{}", rule_time(seconds(3600) - ago, 265),
                     rule_time(seconds(3600) - ago)));
    ASSERT_EQ(offset_at(ago + minutes(5)), "3600");
    ASSERT_EQ(offset_at(seconds(0)), "0");
  }
  std::string offset_at(seconds ago) {
    return sql_value(url_, fmt::format("SELECT extract(timezone FROM now() - interval '{} s')::int",
                                       ago.count()));
  }

  LockToken token() {
    std::array<std::uint8_t, 16> bytes{};
    bytes[0] = ++tokens_;
    return LockToken::from_random(bytes);
  }
  /** A lock that was taken, by the node "node-1", so long ago. */
  void lock(std::int64_t slot, seconds ago) {
    Result<ClaimAnswer> answer = loop_.run(store_->claim(duty_at(slot), "node-1", token()));
    ASSERT_TRUE(answer.has_value() && std::holds_alternative<HeldLock>(*answer));
    began(slot, ago);
  }
  void began(std::int64_t slot, seconds ago) {
    // As any session writes it: the local time of that instant.
    run_sql(url_, fmt::format("UPDATE validator_duties SET started_at = now() - interval '{} s' "
                              "WHERE slot = {}",
                              ago.count(), slot));
  }
  void sign(std::int64_t slot, seconds ago) {
    lock(slot, ago);
    run_sql(url_, fmt::format("UPDATE validator_duties SET status = 'signed', signature = '{}', "
                              "completed_at = started_at WHERE slot = {}",
                              some_signature(), slot));
  }
  bool taken_over(std::int64_t slot, milliseconds min_age) {
    Result<ClaimAnswer> answer =
        loop_.run(store_->take_over(duty_at(slot), "node-2", token(), min_age));
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer && std::holds_alternative<HeldLock>(*answer);
  }
  milliseconds lock_age(std::int64_t slot) {
    Result<ClaimAnswer> answer = loop_.run(store_->claim(duty_at(slot), "node-2", token()));
    EXPECT_TRUE(answer.has_value() && std::holds_alternative<Taken>(*answer));
    return std::get<Taken>(*answer).existing.lock_age;
  }
  /** How many duties that old a prune would forget. */
  std::int64_t would_prune(milliseconds age) {
    PruneRequest request;
    request.rollup_address = example_duty().key.rollup_address;
    request.what = OlderThan{age};
    auto pruned = loop_.run(store_->prune(std::move(request)));
    EXPECT_TRUE(pruned.has_value()) << pruned.error().message;
    std::int64_t rows = 0;
    for (const PrunedDuties& each : *pruned) rows += each.rows_deleted;
    return rows;
  }
  std::size_t listed(seconds newer_than) {
    DutyFilter filter;
    filter.newer_than = newer_than;
    auto rows = loop_.run(store_->list(std::move(filter)));
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    return rows->size();
  }

  TestLoop loop_;
  std::uint8_t tokens_ = 0;
  std::string url_;
  std::unique_ptr<PostgresStore> store_;
};

TEST_F(PostgresTime, the_beginning_of_summer_time_adds_nothing_to_the_age_of_a_lock) {
  summer_began(minutes(30));
  lock(1, minutes(40));
  EXPECT_GE(lock_age(1), minutes(40));
  EXPECT_LT(lock_age(1), minutes(60)) << "the local times differ by 1 h 40 min";
  EXPECT_FALSE(taken_over(1, minutes(90)));
  EXPECT_EQ(*loop_.run(store_->delete_stuck("node-1", minutes(90))), 0);
  EXPECT_TRUE(taken_over(1, minutes(35)));
  began(1, minutes(40));
  EXPECT_EQ(*loop_.run(store_->delete_stuck("node-2", minutes(35))), 1);
}

TEST_F(PostgresTime, the_beginning_of_summer_time_prunes_nothing_early) {
  summer_began(minutes(30));
  sign(1, minutes(70));
  EXPECT_EQ(would_prune(minutes(90)), 0);
  EXPECT_EQ(would_prune(minutes(65)), 1);
  EXPECT_EQ(listed(minutes(90)), 1U);
  EXPECT_EQ(listed(minutes(65)), 0U);
}

TEST_F(PostgresTime, the_end_of_summer_time_does_not_make_old_duties_younger) {
  summer_ended(minutes(30));
  // Before the hour that came twice.
  sign(1, minutes(120));
  EXPECT_EQ(would_prune(minutes(115)), 1) << "the local times differ by 1 h only";
  EXPECT_EQ(would_prune(minutes(180)), 0);
  lock(2, minutes(120));
  EXPECT_TRUE(taken_over(2, minutes(115)));
}

/** The price: which of both it was the row does not tell, so the later one counts. */
TEST_F(PostgresTime, what_was_begun_in_the_hour_that_comes_twice_looks_younger_and_never_older) {
  summer_ended(minutes(30));
  sign(1, minutes(45));
  EXPECT_EQ(would_prune(minutes(40)), 0) << "not before it is an hour older";
  lock(2, minutes(80));
  EXPECT_LT(lock_age(2), minutes(40)) << "20 minutes, though it is 80";
  EXPECT_FALSE(taken_over(2, minutes(60)));
  EXPECT_TRUE(taken_over(2, minutes(15)));
  // In the second of the two hours nothing is in doubt.
  lock(3, minutes(20));
  EXPECT_GE(lock_age(3), minutes(20));
  EXPECT_TRUE(taken_over(3, minutes(15)));
}

/** A lock that was begun in the first of the two hours seems to begin later than now. */
TEST_F(PostgresTime, a_duty_is_signed_across_the_end_of_summer_time) {
  summer_ended(seconds(1));
  lock(1, minutes(10));
  EXPECT_LE(lock_age(1), milliseconds(0));
  PoolUnderTest other(loop_, url_);
  const std::string held = sql_value(url_, "SELECT lock_token FROM validator_duties");
  other.record(duty_at(1), held);
  other.run_until_all_answered();
  EXPECT_TRUE(other.records[0]->recorded) << other.records[0]->error.message;
}

}  // namespace
}  // namespace holdfast::test
