#include "store_conformance/store_under_test.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "store/memory/memory_store.h"

namespace holdfast::test {
namespace {

class MemoryUnderTest final : public StoreUnderTest {
 public:
  explicit MemoryUnderTest(TestLoop& loop) : loop_(loop), store_(loop.clock()) {}

  DutyStore& open() override { return store_; }
  bool insert_stock_row(const Duty& duty, const std::string& node_id,
                        const std::string& token) override {
    return store_.insert_stock_row(duty, node_id, token);
  }
  void delete_row(const DutyKey& key) override { store_.delete_row(key); }
  void delete_other_rollups(const RollupAddress& kept) override {
    DutyFilter all;
    all.limit = 1000000;
    Result<std::vector<DutyRow>> rows = loop_.run(store_.list(all));
    CHECK(rows.has_value());
    for (const DutyRow& row : *rows) {
      if (row.duty.key.rollup_address != kept) store_.delete_row(row.duty.key);
    }
  }
  void raise_watermark(const DutyKey& key, Slot slot) override {
    store_.raise_watermark(key.rollup_address, key.validator_address, key.duty_type, slot);
  }
  void age_row(const DutyKey& key, std::chrono::milliseconds age) override {
    store_.age_row(key, age);
  }

 private:
  TestLoop& loop_;
  MemoryStore store_;
};

void must(const std::string& error) {
  if (error.empty()) return;
  fmt::print(stderr, "the test's own SQL failed: {}\n", error);
  CHECK(error.empty());
}

}  // namespace

std::string name_of(StoreKind kind) {
  switch (kind) {
    case StoreKind::memory:
      return "memory";
    case StoreKind::sqlite:
      return "sqlite";
    case StoreKind::postgres:
      return "postgres";
  }
  return "unknown";
}

std::string sql_key(const DutyKey& key) {
  return fmt::format(
      "rollup_address = '{}' AND validator_address = '{}' AND slot = {} AND duty_type = '{}'"
      " AND block_index_within_checkpoint = {}",
      to_hex(key.rollup_address.view()), to_hex(key.validator_address.view()), key.slot.number(),
      name_of(key.duty_type), key.block_index_within_checkpoint.number());
}

bool SqlStoreUnderTest::insert_stock_row(const Duty& duty, const std::string& node_id,
                                         const std::string& token) {
  const DutyKey& key = duty.key;
  const std::string error = try_sql(fmt::format(
      "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number,"
      " block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token)"
      " VALUES ('{}', '{}', {}, {}, {}, '{}', 'signing', '{}', '{}', '{}')",
      to_hex(key.rollup_address.view()), to_hex(key.validator_address.view()), key.slot.number(),
      duty.block_number.number(), key.block_index_within_checkpoint.number(),
      name_of(key.duty_type), to_hex(duty.message_hash.view()), node_id, token));
  return error.empty();
}

void SqlStoreUnderTest::delete_row(const DutyKey& key) {
  must(try_sql("DELETE FROM validator_duties WHERE " + sql_key(key)));
}

void SqlStoreUnderTest::delete_other_rollups(const RollupAddress& kept) {
  must(try_sql(fmt::format("DELETE FROM validator_duties WHERE rollup_address <> '{}'",
                           to_hex(kept.view()))));
}

void SqlStoreUnderTest::raise_watermark(const DutyKey& key, Slot slot) {
  must(try_sql(fmt::format(
      "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot)"
      " VALUES ('{}', '{}', '{}', {})",
      to_hex(key.rollup_address.view()), to_hex(key.validator_address.view()),
      name_of(key.duty_type), slot.number())));
}

void SqlStoreUnderTest::age_row(const DutyKey& key, std::chrono::milliseconds age) {
  const std::string seconds = fmt::format("{}", static_cast<double>(age.count()) / 1000);
  must(try_sql(
      fmt::format("UPDATE validator_duties SET started_at = {}, completed_at = {} WHERE {}",
                  earlier("started_at", seconds), earlier("completed_at", seconds), sql_key(key))));
}

std::unique_ptr<StoreUnderTest> make_store(StoreKind kind, TestLoop& loop) {
  if (kind == StoreKind::memory) return std::make_unique<MemoryUnderTest>(loop);
  return make_sql_store(kind, loop);
}

std::unique_ptr<SqlStoreUnderTest> make_sql_store(StoreKind kind, TestLoop& loop) {
  CHECK(kind != StoreKind::memory);
  if (kind == StoreKind::sqlite) return make_sqlite(loop);
  return make_postgres(loop);
}

}  // namespace holdfast::test
