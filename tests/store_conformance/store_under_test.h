// One fresh database of one kind, with as many stores on it as a test opens, and what other
// programs may do to it. Every test of this suite runs on each kind.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "store/duty_store.h"
#include "support/test_loop.h"

namespace holdfast::test {

enum class StoreKind : std::uint8_t { memory = 0, sqlite, postgres };

std::string name_of(StoreKind kind);
inline void PrintTo(StoreKind kind, std::ostream* out) {
  *out << name_of(kind);
}

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;

  /** Another store on the database, as another process has one (the memory store: the only one).
      Lives as long as this object. */
  virtual DutyStore& open() = 0;
  /** With the rights of the tables' owner, which importing needs. */
  virtual DutyStore& open_as_owner() { return open(); }

  /** A stock Aztec node's INSERT of a 'signing' row; false when it is refused. */
  virtual bool insert_stock_row(const Duty& duty, const std::string& node_id,
                                const std::string& token) = 0;
  /** Any program's DELETE of one row. */
  virtual void delete_row(const DutyKey& key) = 0;
  /** What an Aztec node does when it starts: deletes all rows of other rollups. */
  virtual void delete_other_rollups(const RollupAddress& kept) = 0;
  virtual void raise_watermark(const DutyKey& key, Slot slot) = 0;
  /** Makes the row's start, and its completion if it has one, this much older, by the database's
      clock. */
  virtual void age_row(const DutyKey& key, std::chrono::milliseconds age) = 0;
};

/** A database that is asked in SQL. */
class SqlStoreUnderTest : public StoreUnderTest {
 public:
  /** Runs one statement; the database's error text, empty when there was none. */
  virtual std::string try_sql(const std::string& sql) = 0;
  /** The first column of the first row, as text. */
  virtual std::string value(const std::string& sql) = 0;
  /** The column moved back by `seconds`, as an expression. */
  virtual std::string earlier(const std::string& column, const std::string& seconds) const = 0;

  bool insert_stock_row(const Duty& duty, const std::string& node_id,
                        const std::string& token) override;
  void delete_row(const DutyKey& key) override;
  void delete_other_rollups(const RollupAddress& kept) override;
  void raise_watermark(const DutyKey& key, Slot slot) override;
  void age_row(const DutyKey& key, std::chrono::milliseconds age) override;
};

/** The loop outlives what is made here. */
std::unique_ptr<StoreUnderTest> make_store(StoreKind kind, TestLoop& loop);
/** CHECKs that the kind is asked in SQL. */
std::unique_ptr<SqlStoreUnderTest> make_sql_store(StoreKind kind, TestLoop& loop);
std::unique_ptr<SqlStoreUnderTest> make_sqlite(TestLoop& loop);
std::unique_ptr<SqlStoreUnderTest> make_postgres(TestLoop& loop);

/** "rollup_address = '0x..' AND ..." */
std::string sql_key(const DutyKey& key);

}  // namespace holdfast::test
