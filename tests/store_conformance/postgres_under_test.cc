#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "store/postgres/grants.h"
#include "store/postgres/migrator.h"
#include "store/postgres/postgres_store.h"
#include "store_conformance/store_under_test.h"
#include "support/postgres_server.h"

namespace holdfast::test {
namespace {

/** What the stores connect as: a role with a signer's rights, as an operator makes it. */
constexpr const char* kSignerRole = "Signer of duties";

/** One migrated database for the whole program: each test finds it empty. As its owner. */
const std::string& migrated_database() {
  static const std::string url = [] {
    std::string fresh = shared_postgres().fresh_database();
    Result<PostgresUrl> parsed = PostgresUrl::parse(fresh);
    CHECK(parsed.has_value());
    Result<std::vector<std::string>> applied = Migrator(*parsed).up(Migrator::kNewestSchema);
    if (!applied) fmt::print(stderr, "{}\n", applied.error().message);
    CHECK(applied.has_value());
    run_sql(fresh, fmt::format("CREATE ROLE \"{}\" LOGIN", kSignerRole));
    const GrantRequest to_signer{kSignerRole, GrantFor::pruning_signer, GrantMode::apply};
    Result<std::vector<std::string>> granted = grant_rights(*parsed, to_signer);
    if (!granted) fmt::print(stderr, "{}\n", granted.error().message);
    CHECK(granted.has_value());
    return fresh;
  }();
  return url;
}

/** The same database as the signer's role. */
std::string signer_url() {
  std::string url = migrated_database();
  const std::string owner = "postgres@";
  return url.replace(url.find(owner), owner.size(), "Signer%20of%20duties@");
}

/** The other program's connection: one for all tests, for a new one costs more than a test. It
    belongs to the cluster's owner, who may do more than any signer. */
PGconn* other_program() {
  static const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectdb(migrated_database().c_str()), &PQfinish);
  CHECK(PQstatus(connection.get()) == CONNECTION_OK);
  return connection.get();
}

struct SqlAnswer {
  std::string error;
  /** The first column of the first row. */
  std::string value;
};

SqlAnswer ask_other_program(const std::string& sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(other_program(), sql.c_str()),
                                                             &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK) return {};
  if (status != PGRES_TUPLES_OK) return {PQerrorMessage(other_program()), ""};
  return {"", PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : ""};
}

class PostgresUnderTest final : public SqlStoreUnderTest {
 public:
  explicit PostgresUnderTest(TestLoop& loop) : loop_(loop), url_(signer_url()) {
    // Past the triggers that keep everybody but the cluster's owner from forgetting.
    const SqlAnswer emptied = ask_other_program(
        "SET session_replication_role = replica;"
        "DELETE FROM validator_duties; DELETE FROM holdfast_ledger;"
        "DELETE FROM holdfast_watermark;"
        "RESET session_replication_role");
    CHECK(emptied.error.empty());
  }
  ~PostgresUnderTest() override {
    for (auto& store : stores_) loop_.run(store->close());
  }

  DutyStore& open() override { return open_at(url_); }
  DutyStore& open_as_owner() override { return open_at(migrated_database()); }

  DutyStore& open_at(const std::string& url) {
    Result<PostgresUrl> parsed = PostgresUrl::parse(url);
    CHECK(parsed.has_value());
    PostgresSettings settings;
    // A loaded machine must not turn a slow answer into a failed test.
    settings.pool.max = 4;
    settings.pool.connection_timeout = std::chrono::seconds(60);
    settings.timeouts.statement = std::chrono::seconds(60);
    settings.timeouts.lock = std::chrono::seconds(60);
    settings.timeouts.answer = std::chrono::seconds(60);
    stores_.push_back(
        std::make_unique<PostgresStore>(loop_.context(), loop_.clock(), *parsed, settings));
    return *stores_.back();
  }

  std::string try_sql(const std::string& sql) override { return ask_other_program(sql).error; }

  std::string value(const std::string& sql) override { return ask_other_program(sql).value; }

  std::string earlier(const std::string& column, const std::string& seconds) const override {
    return fmt::format("{} - {} * INTERVAL '1 second'", column, seconds);
  }

 private:
  TestLoop& loop_;
  std::string url_;
  std::vector<std::unique_ptr<PostgresStore>> stores_;
};

}  // namespace

std::unique_ptr<SqlStoreUnderTest> make_postgres(TestLoop& loop) {
  return std::make_unique<PostgresUnderTest>(loop);
}

}  // namespace holdfast::test
