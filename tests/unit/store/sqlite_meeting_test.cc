// Which file this is, who signs with it, and files of earlier versions (S4).
#include "unit/store/database_watch_checks.h"
#include "unit/store/sqlite_fixture.h"

namespace holdfast::test {
namespace {

class SqliteMeeting : public SqliteTest {
 protected:
  DatabaseFacts meet() {
    if (!store) {
      settings.watch = &watch;
      open();
    }
    Result<StoreState> state = loop.run(store->check());
    if (!state) ADD_FAILURE() << state.error().message;
    return watch.facts;
  }

  RecordingWatch watch;
};

TEST_F(SqliteMeeting, a_file_keeps_its_cluster_id_and_another_has_another) {
  const DatabaseIdentity first = meet().identity;
  EXPECT_EQ(first.backend, "sqlite");
  EXPECT_EQ(first.cluster_id.size(), 32U);
  EXPECT_TRUE(first.synchronous);
  close();
  EXPECT_EQ(meet().identity, first);
  close();
  settings.path = directory.file("other.db");
  EXPECT_NE(meet().identity.cluster_id, first.cluster_id);
}

TEST_F(SqliteMeeting, a_file_that_is_refused_cannot_be_signed_with) {
  meet();
  watch.refusal = Error{ErrorKind::wrong_database, "it is another one"};
  Result<StoreState> state = loop.run(store->check());
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::wrong_database);
  EXPECT_NE(state.error().message.find(settings.path), std::string::npos);
}

TEST_F(SqliteMeeting, knows_the_newest_release_by_row_ledger_or_watermark) {
  EXPECT_TRUE(meet().knows_newest_release);
  const Duty duty = duty_at(100);
  watch.asked.newest_release = ReleaseEntry{duty.key, duty.message_hash};
  EXPECT_FALSE(meet().knows_newest_release);
  HeldLock held = lock(duty);
  EXPECT_FALSE(meet().knows_newest_release) << "a lock is no release";
  ASSERT_TRUE(recorded(record(std::move(held))));
  EXPECT_TRUE(meet().knows_newest_release);
  OtherProgram other(settings.path);
  ASSERT_EQ(other.run("DELETE FROM validator_duties"), SQLITE_OK);
  EXPECT_TRUE(meet().knows_newest_release) << "by the ledger";
  watch.asked.newest_release->message_hash = hash_of(0xbb);
  EXPECT_FALSE(meet().knows_newest_release) << "another message";
  ASSERT_EQ(other.run("INSERT INTO holdfast_watermark SELECT rollup_address, validator_address, "
                      "duty_type, 100 FROM holdfast_ledger"),
            SQLITE_OK);
  EXPECT_TRUE(meet().knows_newest_release) << "by the watermark";
}

TEST_F(SqliteMeeting, its_registry_is_a_node_table) {
  meet();
  check_node_table(loop, *store);
  EXPECT_EQ(meet().beat, 101);
}

TEST_F(SqliteMeeting, files_of_version_2_are_brought_up_to_date) {
  meet();
  ASSERT_TRUE(recorded(record(lock(duty_at(1)))));
  close();
  {
    OtherProgram older(settings.path);
    ASSERT_EQ(older.run("DROP TABLE holdfast_cluster; DROP TABLE holdfast_nodes; "
                        "PRAGMA user_version = 2"),
              SQLITE_OK);
  }
  EXPECT_EQ(meet().identity.cluster_id.size(), 32U);
  EXPECT_TRUE(row(duty_at(1)).has_value());
  EXPECT_EQ(loop.run(store->check())->holdfast_schema_version, 3);
}

}  // namespace
}  // namespace holdfast::test
