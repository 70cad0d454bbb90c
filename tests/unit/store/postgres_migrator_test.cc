#include <fstream>
#include <sstream>
#include <thread>

#include <libpq-fe.h>

#include "store/postgres/migrator.h"
#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

using Names = std::vector<std::string>;

/** Columns, constraints and indexes of Aztec's tables, as the catalogue describes them; without
    the casts and brackets that a dump adds to check constraints. */
std::vector<std::vector<std::string>> description_of(const std::string& url) {
  return run_sql(
      url,
      "SELECT table_name::text, column_name::text, data_type::text || "
      "coalesce(character_maximum_length::text, ''), is_nullable::text, coalesce(column_default, "
      "'') FROM information_schema.columns WHERE table_name IN ('validator_duties', "
      "'schema_version', 'pgmigrations') "
      "UNION ALL SELECT conrelid::regclass::text, conname::text, "
      "regexp_replace(pg_get_constraintdef(oid), '[()]|::(character varying|text)(\\[\\])?', '', "
      "'g'), '', '' "
      "FROM pg_constraint WHERE conrelid IN ('validator_duties'::regclass, "
      "'schema_version'::regclass, 'pgmigrations'::regclass) "
      "UNION ALL SELECT tablename::text, indexname::text, indexdef, '', '' FROM pg_indexes WHERE "
      "tablename IN ('validator_duties', 'schema_version', 'pgmigrations') ORDER BY 1, 2, 3");
}

/** The dump of a database that Aztec 4.1.2 migrated, without psql's own commands. */
std::string aztec_dump() {
  std::ifstream file(std::string(HOLDFAST_VECTORS) + "/schema_v1_4.1.2.sql");
  std::ostringstream sql;
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("\\")) sql << line << '\n';
  }
  return sql.str();
}

std::string newest_database() {
  return shared_postgres().fresh_database();
}

TEST(Migrator, makes_aztecs_own_schema_to_the_letter) {
  const std::string ours = newest_database();
  migrate(ours);
  const std::string aztecs = newest_database();
  run_sql(aztecs, aztec_dump());
  const auto expected = description_of(aztecs);
  ASSERT_GT(expected.size(), 20U);
  EXPECT_EQ(description_of(ours), expected);
}

TEST(Migrator, records_what_it_did_as_aztecs_runner_does) {
  const std::string url = newest_database();
  Result<Names> done = Migrator(parsed(url)).up(2);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, (Names{"1_initial-schema", "2_add-checkpoint-number", "holdfast_1_ledger",
                          "holdfast_2_prune", "holdfast_3_cluster", "holdfast_triggers"}));
  Result<MigrationStatus> status = Migrator(parsed(url)).status();
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(status->applied, (Names{"1_initial-schema", "2_add-checkpoint-number"}));
  EXPECT_EQ(status->schema_version, 2);
  EXPECT_EQ(status->holdfast_version, 3);
  EXPECT_TRUE(status->protects_signed_duties);
  EXPECT_EQ(sql_value(url, "SELECT count(*) FROM schema_version"), "1");
}

TEST(Migrator, does_nothing_the_second_time) {
  const std::string url = newest_database();
  migrate(url);
  Result<Names> done = Migrator(parsed(url)).up(1);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(*done, Names{});
}

TEST(Migrator, goes_from_1_to_2_and_never_back) {
  const std::string url = newest_database();
  migrate(url, 1);
  Result<Names> done = Migrator(parsed(url)).up(2);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, Names{"2_add-checkpoint-number"});
  done = Migrator(parsed(url)).up(1);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(*done, Names{});
  EXPECT_EQ(Migrator(parsed(url)).status()->schema_version, 2);
}

TEST(Migrator, adds_only_its_own_tables_to_a_database_that_aztec_migrated) {
  const std::string url = newest_database();
  run_sql(url, aztec_dump());
  run_sql(url,
          "INSERT INTO schema_version (version) VALUES (1);"
          "INSERT INTO pgmigrations (name, run_on) VALUES ('1_initial-schema', now())");
  Result<Names> done = Migrator(parsed(url)).up(1);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, (Names{"holdfast_1_ledger", "holdfast_2_prune", "holdfast_3_cluster",
                          "holdfast_triggers"}));
}

TEST(Migrator, brings_its_own_version_1_up_to_date) {
  const std::string url = newest_database();
  migrate(url);
  run_sql(url,
          "DELETE FROM holdfast_migrations WHERE version > 1;"
          "DROP FUNCTION holdfast_prune(TEXT, TEXT, TEXT, BIGINT, BIGINT, BOOLEAN, BIGINT);"
          "DROP FUNCTION holdfast_keep_ledger_entry() CASCADE;"
          "CREATE TRIGGER holdfast_refuse_delete BEFORE DELETE ON holdfast_ledger FOR EACH ROW "
          "EXECUTE FUNCTION holdfast_refuse()");
  EXPECT_TRUE(Migrator(parsed(url)).status()->protects_signed_duties);
  Result<Names> done = Migrator(parsed(url)).up(1);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, (Names{"holdfast_2_prune", "holdfast_3_cluster", "holdfast_triggers"}));
  EXPECT_EQ(sql_value(url,
                      "SELECT proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
                      "WHERE tgname = 'holdfast_refuse_delete' AND tgrelid = "
                      "'holdfast_ledger'::regclass"),
            "holdfast_keep_ledger_entry");
  EXPECT_EQ(Migrator(parsed(url)).status()->holdfast_version, 3);
}

TEST(Migrator, puts_the_triggers_back_when_aztec_made_the_table_anew) {
  const std::string url = newest_database();
  migrate(url);
  run_sql(url, "DROP TABLE validator_duties");
  run_sql(url, "CREATE TABLE validator_duties (LIKE holdfast_ledger)");
  EXPECT_FALSE(Migrator(parsed(url)).status()->protects_signed_duties);
  Result<Names> done = Migrator(parsed(url)).up(1);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(*done, Names{"holdfast_triggers"});
  EXPECT_TRUE(Migrator(parsed(url)).status()->protects_signed_duties);
}

std::string triggers_on(const std::string& url, const std::string& table) {
  return sql_value(url,
                   "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'holdfast%' AND "
                   "tgrelid = '" +
                       table + "'::regclass");
}

TEST(Migrator, leaves_the_triggers_out_where_the_operator_chose_so) {
  const std::string url = newest_database();
  Result<Names> done = Migrator(parsed(url)).up(1, Hardening::off);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->back(), "holdfast_no_harden");
  EXPECT_EQ(triggers_on(url, "validator_duties"), "0");
  EXPECT_EQ(triggers_on(url, "holdfast_ledger"), "3");
  EXPECT_EQ(triggers_on(url, "holdfast_watermark"), "3");
  Result<MigrationStatus> status = Migrator(parsed(url)).status();
  EXPECT_EQ(status->chosen, Hardening::off);
  EXPECT_FALSE(status->protects_signed_duties);
  EXPECT_TRUE(status->is_as_chosen());
  done = Migrator(parsed(url)).up(1, Hardening::off);
  EXPECT_EQ(*done, Names{}) << "the second time";
}

TEST(Migrator, hardens_again_unless_told_not_to_and_says_so) {
  const std::string url = newest_database();
  migrate(url);
  Result<Names> done = Migrator(parsed(url)).up(1, Hardening::off);
  EXPECT_EQ(*done, Names{"holdfast_no_harden"});
  done = Migrator(parsed(url)).up(1);
  EXPECT_EQ(*done, (Names{"holdfast_triggers", "holdfast_harden"}));
  EXPECT_EQ(triggers_on(url, "validator_duties"), "5");
  Result<MigrationStatus> status = Migrator(parsed(url)).status();
  EXPECT_EQ(status->chosen, Hardening::on);
  EXPECT_TRUE(status->protects_signed_duties);
}

TEST(Migrator, mends_the_guards_of_the_ledger_in_a_database_that_is_not_hardened) {
  const std::string url = newest_database();
  ASSERT_TRUE(Migrator(parsed(url)).up(1, Hardening::off).has_value());
  run_sql(url, "DROP TRIGGER holdfast_refuse_delete ON holdfast_ledger");
  EXPECT_FALSE(Migrator(parsed(url)).status()->is_as_chosen());
  Result<Names> done = Migrator(parsed(url)).up(1, Hardening::off);
  EXPECT_EQ(*done, Names{"holdfast_triggers"});
  EXPECT_EQ(triggers_on(url, "validator_duties"), "0");
  EXPECT_TRUE(Migrator(parsed(url)).status()->is_as_chosen());
}

TEST(Migrator, tells_triggers_that_are_missing_from_those_that_were_left_out) {
  const std::string url = newest_database();
  migrate(url);
  run_sql(url, "DROP TRIGGER holdfast_keep_signed ON validator_duties");
  EXPECT_FALSE(Migrator(parsed(url)).status()->is_as_chosen());
  EXPECT_EQ(Migrator(parsed(url)).status()->chosen, Hardening::on);
}

TEST(Migrator, gives_nobody_the_triggers_functions) {
  const std::string url = newest_database();
  migrate(url);
  EXPECT_EQ(sql_value(url,
                      "SELECT count(*) FROM pg_proc WHERE proname LIKE 'holdfast%' AND "
                      "has_function_privilege('public', oid, 'EXECUTE')"),
            "0");
}

TEST(Migrator, is_safe_and_quiet_when_ten_run_at_once) {
  const std::string url = newest_database();
  std::vector<std::thread> threads;
  std::vector<std::optional<Result<Names>>> results(10);
  for (std::size_t index = 0; index < results.size(); ++index) {
    threads.emplace_back(
        [&, index] { results[index].emplace(Migrator(parsed(url)).up(index % 2 == 0 ? 1 : 2)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) {
    EXPECT_TRUE(result->has_value()) << (*result ? "" : result->error().message);
  }
  EXPECT_EQ(sql_value(url, "SELECT string_agg(name, ' ' ORDER BY id) FROM pgmigrations"),
            "1_initial-schema 2_add-checkpoint-number");
  EXPECT_EQ(sql_value(url, "SELECT count(*) FROM holdfast_migrations"), "3");
}

TEST(Migrator, waits_for_the_lock_of_aztecs_runner_no_longer_than_told) {
  const std::string url = newest_database();
  TestLoop loop;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(url.c_str()), &PQfinish);
  PQclear(PQexec(other.get(), "SELECT pg_advisory_lock(7241865325823964)"));
  Result<Names> done = Migrator(parsed(url), milliseconds(50)).up(1);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::timeout);
  EXPECT_NE(done.error().message.find("another migration"), std::string::npos);
  EXPECT_EQ(sql_value(url, "SELECT to_regclass('validator_duties') IS NULL"), "t");
}

TEST(Migrator, refuses_a_schema_that_is_newer_than_it_knows) {
  const std::string url = newest_database();
  migrate(url, 2);
  run_sql(url,
          "UPDATE schema_version SET version = 3;"
          "INSERT INTO pgmigrations (name, run_on) VALUES ('3_more', now())");
  Result<Names> done = Migrator(parsed(url)).up(1);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::schema_mismatch);
}

TEST(Migrator, refuses_a_list_in_another_order) {
  const std::string url = newest_database();
  migrate(url);
  run_sql(url, "UPDATE pgmigrations SET name = '1_something-else'");
  Result<Names> done = Migrator(parsed(url)).up(2);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::schema_mismatch);
}

TEST(Migrator, refuses_a_schema_version_that_does_not_exist) {
  const std::string url = newest_database();
  for (const int version : {0, 3}) {
    Result<Names> done = Migrator(parsed(url)).up(version);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind, ErrorKind::invalid_input);
  }
}

TEST(Migrator, says_that_the_database_is_down_and_not_that_it_is_empty) {
  Result<MigrationStatus> status = Migrator(parsed("postgresql://u:secret@127.0.0.1:1/d")).status();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(status.error().message.find("secret"), std::string::npos);
}

class MigratorDown : public testing::Test {
 protected:
  MigratorDown() : url_(newest_database()) { migrate(url_, 2); }

  std::string database() { return sql_value(url_, "SELECT current_database()"); }
  void insert_signed() {
    run_sql(url_,
            "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, "
            "block_index_within_checkpoint, duty_type, status, message_hash, signature, node_id, "
            "lock_token, completed_at) VALUES ('0x11', '0x22', 1, 1, 0, 'BLOCK_PROPOSAL', "
            "'signed', '0xaa', '0x5c', 'n', 't', now()::timestamp + interval '1 day')");
  }

  std::string url_;
};

TEST_F(MigratorDown, removes_everything_and_up_makes_it_again) {
  Result<Names> removed = Migrator(parsed(url_)).down(std::nullopt);
  ASSERT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(*removed, (Names{"holdfast_3_cluster", "holdfast_2_prune", "holdfast_1_ledger",
                             "2_add-checkpoint-number", "1_initial-schema"}));
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM pgmigrations"), "0");
  migrate(url_, 1);
  EXPECT_EQ(Migrator(parsed(url_)).status()->schema_version, 1);
}

TEST_F(MigratorDown, refuses_while_a_duty_is_signed) {
  insert_signed();
  Result<Names> removed = Migrator(parsed(url_)).down(std::nullopt);
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::permission_denied);
  EXPECT_EQ(Migrator(parsed(url_)).status()->signed_duties, 1);
}

TEST_F(MigratorDown, refuses_while_the_ledger_remembers) {
  insert_signed();
  run_sql(url_, "DELETE FROM validator_duties");
  Result<Names> removed = Migrator(parsed(url_)).down(std::nullopt);
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::permission_denied);
}

TEST_F(MigratorDown, refuses_another_databases_name) {
  Result<Names> removed = Migrator(parsed(url_)).down("postgres");
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().kind, ErrorKind::invalid_input);
}

TEST_F(MigratorDown, obeys_when_given_the_databases_own_name) {
  insert_signed();
  Result<Names> removed = Migrator(parsed(url_)).down(database());
  ASSERT_TRUE(removed.has_value()) << removed.error().message;
  EXPECT_EQ(sql_value(url_, "SELECT to_regclass('validator_duties') IS NULL"), "t");
}

}  // namespace
}  // namespace holdfast::test
