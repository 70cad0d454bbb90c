#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

class PostgresPool : public testing::Test {
 protected:
  std::unique_ptr<PostgresStore> open(const std::string& url,
                                      PostgresSettings settings = patient()) {
    return std::make_unique<PostgresStore>(loop_.context(), loop_.clock(), parsed(url),
                                           std::move(settings));
  }

  /** What check() says of a database. */
  Result<StoreState> check(const std::string& url, PostgresSettings settings = patient()) {
    auto store = open(url, std::move(settings));
    Result<StoreState> state = loop_.run(store->check());
    loop_.run(store->close());
    return state;
  }

  /** For databases that never answer well: how long an operation waits. */
  static PostgresSettings hurried() {
    PostgresSettings settings = patient();
    settings.pool.connection_timeout = seconds(2);
    return settings;
  }

  /** Asks until the error says this: a loaded machine may be too slow for the first attempts. */
  Error error_with(DutyStore& store, const std::string& text) {
    for (;;) {
      Result<StoreState> state = loop_.run(store.check());
      EXPECT_FALSE(state.has_value());
      if (state || state.error().message.find(text) != std::string::npos) {
        return state ? Error{} : state.error();
      }
    }
  }
  Error error_with(const std::string& url, const std::string& text) {
    auto store = open(url, hurried());
    Error error = error_with(*store, text);
    loop_.run(store->close());
    return error;
  }

  TestLoop loop_;
};

TEST_F(PostgresPool, says_what_it_is_connected_to) {
  const std::string url = migrated_database(shared_postgres(), 2);
  Result<StoreState> state = check(url);
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(state->backend, "postgres");
  EXPECT_EQ(state->place, parsed(url).place());
  EXPECT_EQ(state->schema_version, 2);
  EXPECT_EQ(state->holdfast_schema_version, Migrator::kHoldfastVersion);
  EXPECT_TRUE(state->hardened);
  EXPECT_FALSE(state->server_version.empty());
}

TEST_F(PostgresPool, a_database_that_is_down_is_unavailable_and_not_uninitialised) {
  const Error error = error_with("postgresql://u:secret@127.0.0.1:1/d", "127.0.0.1:1/d");
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.message.find("secret"), std::string::npos);
  EXPECT_EQ(error.message.find("migrate"), std::string::npos);
}

TEST_F(PostgresPool, an_empty_database_is_told_to_be_migrated_at_once) {
  Result<StoreState> state = check(shared_postgres().fresh_database());
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::schema_mismatch);
  EXPECT_NE(state.error().message.find("holdfast migrate-ha-db up"), std::string::npos);
}

TEST_F(PostgresPool, a_database_that_does_not_exist_is_not_found) {
  Result<StoreState> state = check(shared_postgres().url("nowhere"));
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::not_found);
}

struct BrokenRow {
  const char* name;
  const char* sql;
};

TEST_F(PostgresPool, refuses_a_schema_that_it_does_not_know_or_that_does_not_protect) {
  const BrokenRow rows[] = {
      {"newer", "UPDATE schema_version SET version = 3"},
      {"empty", "DELETE FROM schema_version"},
      {"newer than ours", "INSERT INTO holdfast_migrations (version, name) VALUES (99, 'x')"},
      {"without ours", "DROP TABLE holdfast_watermark"},
      {"of an earlier version", "DROP TABLE holdfast_cluster"},
      {"trigger gone", "DROP TRIGGER holdfast_keep_deleted ON validator_duties"},
      {"trigger off", "ALTER TABLE validator_duties DISABLE TRIGGER holdfast_keep_signed"},
      {"columns of version 2", "ALTER TABLE validator_duties ADD checkpoint_number BIGINT"},
  };
  for (const BrokenRow& row : rows) {
    SCOPED_TRACE(row.name);
    const std::string url = migrated_database(shared_postgres());
    run_sql(url, row.sql);
    Result<StoreState> state = check(url);
    ASSERT_FALSE(state.has_value());
    EXPECT_EQ(state.error().kind, ErrorKind::schema_mismatch) << state.error().message;
  }
}

TEST_F(PostgresPool, works_without_triggers_only_where_that_was_the_operators_choice) {
  const std::string url = migrated_database(shared_postgres());
  ASSERT_TRUE(Migrator(parsed(url)).up(1, Hardening::off).has_value());
  Result<StoreState> state = check(url);
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_FALSE(state->hardened);
  run_sql(url, "UPDATE holdfast_cluster SET hardened = true");
  state = check(url);
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::schema_mismatch);
  EXPECT_NE(state.error().message.find("triggers"), std::string::npos);
}

TEST_F(PostgresPool, refuses_a_read_only_database_and_recovers_without_restart) {
  const std::string url = migrated_database(shared_postgres());
  const std::string database = sql_value(url, "SELECT current_database()");
  run_sql(url, "ALTER DATABASE " + database + " SET default_transaction_read_only = on");
  auto store = open(url, hurried());
  EXPECT_EQ(error_with(*store, "read-only").kind, ErrorKind::unavailable);
  run_sql(shared_postgres().url("postgres"),
          "ALTER DATABASE " + database + " RESET default_transaction_read_only");
  while (!loop_.run(store->check())) {
  }
  loop_.run(store->close());
}

TEST_F(PostgresPool, refuses_a_replica_and_finds_the_primary_among_several_hosts) {
  PostgresOptions options;
  options.settings["wal_level"] = "replica";
  PostgresServer replica(options);
  const std::string there = migrated_database(replica);
  const std::string name = sql_value(there, "SELECT current_database()");
  replica.become_replica();
  EXPECT_EQ(error_with(there, "replica").kind, ErrorKind::unavailable);

  run_sql(shared_postgres().url("postgres"), "CREATE DATABASE " + name);
  migrate(shared_postgres().url(name));
  const std::string both = "host=127.0.0.1,127.0.0.1 port=" + std::to_string(replica.port()) + "," +
                           std::to_string(shared_postgres().port()) +
                           " user=postgres dbname=" + name;
  Result<StoreState> state = check(both);
  EXPECT_TRUE(state.has_value()) << state.error().message;
}

TEST_F(PostgresPool, a_terminated_session_is_made_again_and_counted) {
  const std::string url = migrated_database(shared_postgres());
  PoolUnderTest node(loop_, url);
  ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
  run_sql(url,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
          "'holdfast' AND datname = current_database()");
  loop_.run_until([&] { return node.pool.use().reconnects == 1; });
  EXPECT_TRUE(node.claim_now(duty_at(2), token_of(2)).won);
}

TEST_F(PostgresPool, waits_for_a_server_that_is_out_of_connections) {
  PostgresOptions options;
  options.max_connections = 12;
  PostgresServer server(options);
  const std::string url = migrated_database(server);
  int refused = 0;
  PostgresSettings settings = patient();
  settings.events.lost = [&refused](const Error&) { ++refused; };
  // A session that ends late may leave room for one more: then again.
  while (refused == 0) {
    std::vector<std::unique_ptr<PGconn, decltype(&PQfinish)>> others;
    do {
      others.emplace_back(PQconnectdb(url.c_str()), &PQfinish);
    } while (PQstatus(others.back().get()) == CONNECTION_OK);
    PoolUnderTest node(loop_, url, settings);
    node.claim(duty_at(1), token_of(1));
    loop_.run_until([&] { return refused > 0 || node.answered == 1; });
    others.clear();
    node.run_until_all_answered();
    EXPECT_EQ(node.claims[0]->outcome, PgReply::Outcome::done) << node.claims[0]->error.message;
  }
}

TEST_F(PostgresPool, reports_every_loss) {
  int lost = 0;
  PostgresSettings settings = hurried();
  settings.events.lost = [&lost](const Error&) { ++lost; };
  Result<StoreState> state = check("postgresql://u@127.0.0.1:1/d", settings);
  EXPECT_FALSE(state.has_value());
  EXPECT_GE(lost, 1);
}

TEST_F(PostgresPool, answers_unavailable_after_close) {
  auto store = open(migrated_database(shared_postgres()));
  loop_.run(store->close());
  loop_.run(store->close());
  Result<StoreState> state = loop_.run(store->check());
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind, ErrorKind::unavailable);
}

TEST_F(PostgresPool, answers_what_is_on_its_way_when_it_is_closed) {
  const std::string url = migrated_database(shared_postgres());
  PoolUnderTest node(loop_, url);
  ASSERT_TRUE(node.claim_now(duty_at(1), token_of(1)).won);
  node.claim(duty_at(2), token_of(2));
  loop_.run_until([&] { return node.pool.use().in_use == 1; });
  node.claim(duty_at(3), token_of(3));
  node.pool.close();
  ASSERT_EQ(node.answered, 3U);
  EXPECT_EQ(node.claims[1]->outcome, PgReply::Outcome::lost);
  EXPECT_EQ(node.claims[2]->outcome, PgReply::Outcome::unsent);
}

TEST_F(PostgresPool, closes_idle_connections_down_to_one) {
  PostgresSettings settings = patient();
  settings.pool.idle_timeout = milliseconds(1);
  auto store = open(migrated_database(shared_postgres()), settings);
  std::vector<Task<Result<std::vector<DutyRow>>>> lists;
  for (int count = 0; count < 3; ++count) lists.push_back(store->list(DutyFilter{}));
  for (const auto& rows : loop_.run_all(std::move(lists))) EXPECT_TRUE(rows.has_value());
  EXPECT_GE(store->pool_use().connections, 1U);
  loop_.run_until([&] { return store->pool_use().connections == 1; });
  EXPECT_TRUE(loop_.run(store->check()).has_value());
  loop_.run(store->close());
}

TEST_F(PostgresPool, works_with_a_pool_of_one) {
  PostgresSettings settings = patient();
  settings.pool.max = 1;
  auto store = open(migrated_database(shared_postgres()), settings);
  EXPECT_TRUE(loop_.run(store->list(DutyFilter{})).has_value());
  EXPECT_TRUE(loop_.run(store->check()).has_value());
  EXPECT_EQ(store->pool_use().connections, 1U);
  loop_.run(store->close());
}

}  // namespace
}  // namespace holdfast::test
