#include <stdexcept>

#include <fmt/format.h>

#include "store/postgres/migrator.h"
#include "store/postgres/postgres_store.h"
#include "store_conformance/store_under_test.h"
#include "support/postgres_server.h"

namespace holdfast::test {
namespace {

/** One migrated database for the whole program: each test finds it empty. */
const std::string& migrated_database() {
  static const std::string url = [] {
    std::string fresh = shared_postgres().fresh_database();
    Result<PostgresUrl> parsed = PostgresUrl::parse(fresh);
    CHECK(parsed.has_value());
    Result<std::vector<std::string>> applied = Migrator(*parsed).up(Migrator::kNewestSchema);
    if (!applied) fmt::print(stderr, "{}\n", applied.error().message);
    CHECK(applied.has_value());
    return fresh;
  }();
  return url;
}

class PostgresUnderTest final : public SqlStoreUnderTest {
 public:
  explicit PostgresUnderTest(TestLoop& loop) : loop_(loop), url_(migrated_database()) {
    // As the cluster's owner, past the triggers that keep everybody else from forgetting.
    run_sql(url_,
            "SET session_replication_role = replica;"
            "TRUNCATE validator_duties, holdfast_ledger, holdfast_watermark");
  }
  ~PostgresUnderTest() override {
    for (auto& store : stores_) loop_.run(store->close());
  }

  DutyStore& open() override {
    Result<PostgresUrl> parsed = PostgresUrl::parse(url_);
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

  std::string try_sql(const std::string& sql) override {
    try {
      run_sql(url_, sql);
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  std::string value(const std::string& sql) override { return sql_value(url_, sql); }

  std::string earlier(const std::string& seconds) const override {
    return fmt::format("started_at - {} * INTERVAL '1 second'", seconds);
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
