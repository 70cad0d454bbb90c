#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/sqlite_store.h"
#include "store_conformance/store_under_test.h"
#include "support/temp_dir.h"

namespace holdfast::test {
namespace {

class SqliteUnderTest final : public SqlStoreUnderTest {
 public:
  explicit SqliteUnderTest(TestLoop& loop) : loop_(loop), path_(directory_.file("duties.db")) {
    (void)open();
    CHECK(sqlite3_open_v2(path_.c_str(), &other_program_, SQLITE_OPEN_READWRITE, nullptr) ==
          SQLITE_OK);
    sqlite3_busy_timeout(other_program_, 60000);
  }
  ~SqliteUnderTest() override {
    for (auto& store : stores_) loop_.run(store->close());
    sqlite3_close_v2(other_program_);
  }

  DutyStore& open() override {
    SqliteSettings settings;
    settings.path = path_;
    settings.busy_timeout = std::chrono::seconds(60);
    Result<std::unique_ptr<SqliteStore>> store =
        SqliteStore::open(settings, loop_.clock(), loop_.post());
    if (!store) fmt::print(stderr, "{}\n", store.error().message);
    CHECK(store.has_value());
    stores_.push_back(std::move(*store));
    return *stores_.back();
  }

  std::string try_sql(const std::string& sql) override {
    char* message = nullptr;
    const int code = sqlite3_exec(other_program_, sql.c_str(), nullptr, nullptr, &message);
    std::string error = message != nullptr ? message : "";
    sqlite3_free(message);
    CHECK((code == SQLITE_OK) == error.empty());
    return error;
  }

  std::string value(const std::string& sql) override {
    std::string first;
    const auto take = [](void* out, int, char** columns, char**) {
      *static_cast<std::string*>(out) = columns[0] != nullptr ? columns[0] : "(null)";
      return 1;  // Stops after the first row.
    };
    (void)sqlite3_exec(other_program_, sql.c_str(), take, &first, nullptr);
    return first;
  }

  std::string earlier(const std::string& column, const std::string& seconds) const override {
    return fmt::format("{} - CAST({} * 1000 AS INTEGER)", column, seconds);
  }

 private:
  TestLoop& loop_;
  TempDir directory_;
  std::string path_;
  std::vector<std::unique_ptr<SqliteStore>> stores_;
  sqlite3* other_program_ = nullptr;
};

}  // namespace

std::unique_ptr<SqlStoreUnderTest> make_sqlite(TestLoop& loop) {
  return std::make_unique<SqliteUnderTest>(loop);
}

}  // namespace holdfast::test
