// What a signer's role may do and what it may not, and which roles are refused (S3).
#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "store/postgres/grants.h"
#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

using Statements = std::vector<std::string>;

class PostgresGrants : public testing::Test {
 protected:
  PostgresGrants()
      : url_(migrated_database(shared_postgres())),
        database_(sql_value(url_, "SELECT current_database()")),
        role_("signer_of_" + database_) {
    run_sql(url_, "CREATE ROLE " + role_ + " LOGIN");
  }

  Result<Statements> grant(GrantFor purpose = GrantFor::signer, GrantMode mode = GrantMode::apply) {
    return grant_to(role_, purpose, mode);
  }
  Result<Statements> grant_to(const std::string& role, GrantFor purpose = GrantFor::signer,
                              GrantMode mode = GrantMode::apply) {
    return grant_rights(parsed(url_), GrantRequest{role, purpose, mode});
  }
  void expect_granted(GrantFor purpose = GrantFor::signer) {
    Result<Statements> done = grant(purpose);
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  void expect_refused(const std::string& role, ErrorKind kind, const std::string& text,
                      GrantFor purpose = GrantFor::signer) {
    Result<Statements> done = grant_to(role, purpose);
    ASSERT_FALSE(done.has_value()) << text;
    EXPECT_EQ(done.error().kind, kind) << done.error().message;
    EXPECT_NE(done.error().message.find(text), std::string::npos) << done.error().message;
  }

  std::string url_as(const std::string& role) const {
    std::string url = url_;
    return url.replace(url.find("postgres@"), 8, role);
  }
  /** PostgreSQL's refusal of what the role sends; empty when it obeyed. */
  std::string refusal_of(const std::string& sql) const {
    try {
      run_sql(url_as(role_), sql);
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  bool may(const std::string& sql) const { return refusal_of(sql).empty(); }
  std::string rights() {
    return sql_value(url_,
                     "SELECT coalesce(string_agg(table_name || ':' || privilege_type, ' ' ORDER BY "
                     "table_name, privilege_type), '') FROM information_schema.role_table_grants "
                     "WHERE grantee = '" +
                         role_ + "'");
  }
  static std::string insert_signed(const std::string& status = "signing") {
    return "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, "
           "block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token) "
           "VALUES ('0x11', '0x22', 1, 1, 0, 'BLOCK_PROPOSAL', '" +
           status + "', '0xaa', 'n', 't')";
  }
  static std::string prune() {
    return "SELECT * FROM holdfast_prune('0x11', NULL, NULL, 5, NULL, false, 500)";
  }

  std::string url_;
  std::string database_;
  std::string role_;
};

TEST_F(PostgresGrants, before_it_the_role_may_not_even_read) {
  EXPECT_NE(refusal_of("SELECT FROM validator_duties").find("permission denied"),
            std::string::npos);
}

TEST_F(PostgresGrants, lets_a_signer_lock_sign_and_give_back) {
  expect_granted();
  EXPECT_EQ(refusal_of(insert_signed()), "");
  EXPECT_EQ(refusal_of("DELETE FROM validator_duties"), "");
  EXPECT_EQ(refusal_of(insert_signed()), "");
  EXPECT_EQ(refusal_of("UPDATE validator_duties SET status = 'signed', signature = '0x5c', "
                       "completed_at = CURRENT_TIMESTAMP"),
            "");
  for (const char* table : {"schema_version", "holdfast_migrations", "holdfast_ledger",
                            "holdfast_watermark", "holdfast_cluster", "holdfast_nodes"}) {
    EXPECT_TRUE(may(std::string("SELECT * FROM ") + table)) << table;
  }
  EXPECT_EQ(refusal_of("INSERT INTO holdfast_nodes (node_id, instance_id, place, version, "
                       "publishers, journal_id, journal_sequence, beat, running) VALUES "
                       "('n', 'i', 'p', 'v', '{}', 'j', 0, 0, true)"),
            "");
  EXPECT_TRUE(may("UPDATE holdfast_nodes SET beat = 1"));
}

TEST_F(PostgresGrants, a_signature_that_the_role_deletes_stays_in_the_ledger) {
  expect_granted();
  ASSERT_EQ(refusal_of(insert_signed()), "");
  ASSERT_TRUE(
      may("UPDATE validator_duties SET status = 'signed', signature = '0x5c', "
          "completed_at = CURRENT_TIMESTAMP"));
  EXPECT_EQ(refusal_of("DELETE FROM validator_duties"), "");
  EXPECT_EQ(sql_value(url_, "SELECT message_hash FROM holdfast_ledger"), "0xaa");
}

TEST_F(PostgresGrants, a_store_works_as_that_role) {
  expect_granted();
  TestLoop loop;
  PoolUnderTest pool(loop, url_as(role_));
  EXPECT_TRUE(pool.claim_now(duty_at(1), token_of(1)).won);
  pool.record(duty_at(1), token_of(1));
  pool.run_until_all_answered();
  EXPECT_TRUE(pool.records[0]->recorded) << pool.records[0]->error.message;
}

TEST_F(PostgresGrants, keeps_the_role_from_everything_that_forgets) {
  expect_granted();
  const std::vector<std::string> statements = {
      "TRUNCATE validator_duties",
      "ALTER TABLE validator_duties DISABLE TRIGGER ALL",
      "DROP TRIGGER holdfast_keep_deleted ON validator_duties",
      "DROP TABLE validator_duties",
      "CREATE TRIGGER own BEFORE DELETE ON validator_duties FOR EACH ROW EXECUTE "
      "FUNCTION suppress_redundant_updates_trigger()",
      "CREATE RULE own AS ON INSERT TO holdfast_ledger DO INSTEAD NOTHING",
      "CREATE FUNCTION lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT 1'",
      "CREATE TABLE own ()",
      "SET session_replication_role = replica",
      "DELETE FROM holdfast_ledger",
      "UPDATE holdfast_ledger SET message_hash = '0xbb'",
      "INSERT INTO holdfast_ledger SELECT * FROM holdfast_ledger",
      "TRUNCATE holdfast_ledger",
      "DELETE FROM holdfast_watermark",
      "UPDATE holdfast_watermark SET slot = 0",
      "INSERT INTO holdfast_watermark (rollup_address, validator_address, "
      "duty_type, slot) VALUES ('0x11', '0x22', 'ATTESTATION', 1)",
      "TRUNCATE holdfast_watermark",
      "UPDATE holdfast_cluster SET hardened = false",
      "DELETE FROM holdfast_cluster",
      "DELETE FROM holdfast_nodes",
      "UPDATE schema_version SET version = 2",
      "DELETE FROM holdfast_migrations",
      prune(),
      "SET ROLE postgres",
  };
  for (const std::string& sql : statements) {
    EXPECT_NE(refusal_of(sql), "") << sql;
  }
}

/** The functions run as the owner: from a table of the role's own they would write anything. */
TEST_F(PostgresGrants, keeps_the_role_from_the_triggers_functions) {
  run_sql(url_, "GRANT EXECUTE ON FUNCTION holdfast_keep_deleted() TO PUBLIC");
  expect_granted();
  EXPECT_NE(refusal_of("CREATE TEMP TABLE mine (LIKE holdfast_ledger);"
                       "CREATE TRIGGER t AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION "
                       "holdfast_keep_deleted()")
                .find("permission denied for function"),
            std::string::npos);
  // Nobody needs a right to the function for the triggers that are there.
  EXPECT_EQ(refusal_of(insert_signed() + "; DELETE FROM validator_duties"), "");
}

TEST_F(PostgresGrants, lets_it_prune_only_when_told_to) {
  expect_granted(GrantFor::pruning_signer);
  EXPECT_EQ(refusal_of(prune()), "");
  expect_granted(GrantFor::signer);
  EXPECT_NE(refusal_of(prune()).find("permission denied"), std::string::npos);
}

TEST_F(PostgresGrants, gives_a_stock_node_aztecs_tables_and_none_of_ours) {
  expect_granted(GrantFor::stock_node);
  EXPECT_EQ(rights(),
            "schema_version:SELECT validator_duties:DELETE validator_duties:INSERT "
            "validator_duties:SELECT validator_duties:UPDATE");
  // The triggers look into our tables for it, and put there what it deletes.
  EXPECT_EQ(refusal_of(insert_signed() +
                       "; UPDATE validator_duties SET status = 'signed', signature = '0x5c', "
                       "completed_at = CURRENT_TIMESTAMP; DELETE FROM validator_duties"),
            "");
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM holdfast_ledger"), "1");
}

TEST_F(PostgresGrants, takes_away_what_the_role_had_besides) {
  expect_granted();
  const std::string exactly = rights();
  run_sql(url_, "GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role_);
  run_sql(url_, "GRANT UPDATE (slot) ON holdfast_watermark TO " + role_);
  run_sql(url_, "GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO " + role_);
  run_sql(url_, "GRANT CREATE ON SCHEMA public TO " + role_);
  run_sql(url_, "REVOKE ALL ON TABLE pgmigrations FROM " + role_);
  expect_granted();
  EXPECT_EQ(rights(), exactly);
  EXPECT_FALSE(may("UPDATE holdfast_watermark SET slot = 0"));
  EXPECT_FALSE(may("CREATE TABLE own ()"));
  EXPECT_FALSE(may(prune()));
}

TEST_F(PostgresGrants, says_and_does_the_same_each_time) {
  Result<Statements> first = grant();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  const std::string had = rights();
  Result<Statements> second = grant();
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(rights(), had);
  EXPECT_NE(std::find(first->begin(), first->end(),
                      "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public.validator_duties TO " +
                          role_),
            first->end());
}

TEST_F(PostgresGrants, a_dry_run_says_the_same_and_changes_nothing) {
  Result<Statements> dry = grant(GrantFor::pruning_signer, GrantMode::dry_run);
  ASSERT_TRUE(dry.has_value()) << dry.error().message;
  EXPECT_EQ(rights(), "");
  EXPECT_FALSE(may("SELECT FROM validator_duties"));
  EXPECT_EQ(*grant(GrantFor::pruning_signer), *dry);
}

TEST_F(PostgresGrants, knows_every_name_that_postgresql_allows) {
  const std::vector<std::string> names = {"Upper Case", "with\"quote", "it's; DROP TABLE x", "täß",
                                          "select"};
  for (const std::string& name : names) {
    const std::string role = name + " " + database_;
    std::string in_quotes = "\"";
    for (const char letter : role) in_quotes += letter == '"' ? "\"\"" : std::string(1, letter);
    in_quotes += '"';
    run_sql(url_, "CREATE ROLE " + in_quotes + " LOGIN");
    Result<Statements> done = grant_to(role);
    ASSERT_TRUE(done.has_value()) << name << ": " << done.error().message;
    EXPECT_NE(done->back().find(in_quotes), std::string::npos) << done->back();
  }
  EXPECT_EQ(sql_value(url_, "SELECT count(*) FROM validator_duties"), "0");
}

TEST_F(PostgresGrants, refuses_a_role_that_does_not_exist_or_cannot_log_in) {
  expect_refused("nobody_here", ErrorKind::not_found, "nobody_here");
  std::string upper = role_;
  upper[0] = 'S';
  expect_refused(upper, ErrorKind::not_found, "case counts");
  expect_refused("public", ErrorKind::not_found, "public");
  run_sql(url_, "ALTER ROLE " + role_ + " NOLOGIN");
  expect_refused(role_, ErrorKind::permission_denied, "LOGIN");
}

TEST_F(PostgresGrants, refuses_whom_no_missing_right_would_stop) {
  expect_refused("postgres", ErrorKind::permission_denied, "superuser");
  struct Row {
    const char* sql;
    const char* undo;
    const char* text;
  };
  for (const Row& row : {
           Row{"ALTER ROLE {} CREATEROLE", "ALTER ROLE {} NOCREATEROLE", "CREATEROLE"},
           Row{"GRANT pg_write_server_files TO {}", "REVOKE pg_write_server_files FROM {}",
               "pg_write_server_files"},
           Row{"ALTER TABLE holdfast_ledger OWNER TO {}",
               "ALTER TABLE holdfast_ledger OWNER TO postgres", "owns the table holdfast_ledger"},
           Row{"ALTER FUNCTION holdfast_keep_signed() OWNER TO {}",
               "ALTER FUNCTION holdfast_keep_signed() OWNER TO postgres",
               "owns the function holdfast_keep_signed"},
           Row{"ALTER SCHEMA public OWNER TO {}", "ALTER SCHEMA public OWNER TO postgres",
               "owns the schema public"},
           Row{"ALTER ROLE {} SET timezone = 'Etc/GMT+9'", "ALTER ROLE {} RESET timezone",
               "time zone"},
       }) {
    run_sql(url_, fmt::format(fmt::runtime(row.sql), role_));
    expect_refused(role_, ErrorKind::permission_denied, row.text);
    run_sql(url_, fmt::format(fmt::runtime(row.undo), role_));
  }
  expect_granted();
}

TEST_F(PostgresGrants, refuses_a_member_of_the_owner_even_where_it_inherits_nothing) {
  const std::string owner = "owner_of_" + database_;
  run_sql(url_, "CREATE ROLE " + owner);
  run_sql(url_, "ALTER TABLE validator_duties OWNER TO " + owner);
  run_sql(url_, "GRANT " + owner + " TO " + role_ + "; ALTER ROLE " + role_ + " NOINHERIT");
  expect_refused(role_, ErrorKind::permission_denied, "owns the table validator_duties");
}

TEST_F(PostgresGrants, refuses_and_changes_nothing_where_others_give_the_role_more) {
  const std::string group = "group_of_" + database_;
  run_sql(url_, "CREATE ROLE " + group + "; GRANT " + group + " TO " + role_);
  run_sql(url_, "GRANT DELETE ON holdfast_ledger TO " + group);
  expect_refused(role_, ErrorKind::permission_denied, group);
  EXPECT_EQ(rights(), "");
  run_sql(url_, "REVOKE DELETE ON holdfast_ledger FROM " + group);
  run_sql(url_, "GRANT UPDATE (slot) ON holdfast_watermark TO PUBLIC");
  expect_refused(role_, ErrorKind::permission_denied, "PUBLIC");
  run_sql(url_, "REVOKE UPDATE (slot) ON holdfast_watermark FROM PUBLIC");
  run_sql(url_, "GRANT CREATE ON SCHEMA public TO PUBLIC");
  expect_refused(role_, ErrorKind::permission_denied, "CREATE on public");
  run_sql(url_, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
  run_sql(url_, "GRANT " + std::string("pg_write_all_data") + " TO " + role_);
  expect_refused(role_, ErrorKind::permission_denied, "pg_write_all_data");
  run_sql(url_, "REVOKE pg_write_all_data FROM " + role_);
  expect_granted();
}

TEST_F(PostgresGrants, refuses_a_connection_that_does_not_own_the_tables) {
  Result<Statements> done =
      grant_rights(parsed(url_as(role_)), GrantRequest{"postgres", GrantFor::signer});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(done.error().message.find("own"), std::string::npos) << done.error().message;
}

TEST_F(PostgresGrants, refuses_a_database_without_our_tables) {
  run_sql(url_, "DROP TABLE holdfast_nodes");
  expect_refused(role_, ErrorKind::schema_mismatch, "migrate-ha-db up");
}

TEST_F(PostgresGrants, finds_the_tables_in_another_schema) {
  const std::string url = shared_postgres().fresh_database();
  run_sql(url, "CREATE SCHEMA \"My duties\"");
  run_sql(url, fmt::format("ALTER DATABASE {} SET search_path = \"My duties\"",
                           sql_value(url, "SELECT current_database()")));
  migrate(url);
  Result<Statements> done = grant_rights(parsed(url), GrantRequest{role_, GrantFor::signer});
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(sql_value(url, "SELECT has_table_privilege('" + role_ +
                               "', '\"My duties\".holdfast_ledger', 'SELECT')"),
            "t");
}

}  // namespace
}  // namespace holdfast::test
