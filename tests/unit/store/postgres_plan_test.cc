// How PostgreSQL carries out the statements about one key once it has statistics: by the primary
// key, whatever else looks cheap. Most rows are signed, so that it takes rows in status 'signing'
// for few; but each signed duty leaves a dead entry under 'signing' in that index.
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/postgres/pg_session.h"
#include "store/postgres/statements.h"
#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

constexpr std::array kKeyed = {Sql::record_many, Sql::record_one,     Sql::record_gated,
                               Sql::take_over,   Sql::release,        Sql::release_pinned,
                               Sql::pin,         Sql::take_over_gone, Sql::facts};

std::string_view name_of(PgType type) {
  switch (type) {
    case PgType::text:
      return "text";
    case PgType::int8:
      return "bigint";
    case PgType::int4:
      return "int";
    case PgType::texts:
      return "text[]";
    case PgType::int8s:
      return "bigint[]";
    case PgType::int4s:
      return "int[]";
  }
  return "?";
}

std::string plan_of(const std::string& url, const PgStatement& statement) {
  std::string text = statement.text;
  const std::size_t marker = text.find(kSameTables);
  if (marker != std::string::npos) text.replace(marker, kSameTables.size(), "true");
  std::vector<std::string_view> types;
  for (const PgType type : statement.types) types.push_back(name_of(type));
  const std::vector<std::string_view> nulls(types.size(), "NULL");
  // As a session of the store is set up, which turns off some plans.
  return sql_value(
      url, fmt::format("PREPARE s(text, text, text) AS {}; EXECUTE s('0', '0', '0'); "
                       "PREPARE p({}) AS {}; EXPLAIN (FORMAT JSON) EXECUTE p({})",
                       session_setup_text(), fmt::join(types, ", "), text, fmt::join(nulls, ", ")));
}

class PostgresPlan : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(SchemaVersions, PostgresPlan, testing::Values(1, 2),
                         [](const auto& info) { return "v" + std::to_string(info.param); });

TEST_P(PostgresPlan, goes_by_the_key_where_statistics_are_known) {
  const std::string url = migrated_database(shared_postgres(), GetParam());
  run_sql(url,
          "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, "
          "block_index_within_checkpoint, duty_type, status, message_hash, signature, node_id, "
          "lock_token, started_at, completed_at) SELECT '0x' || repeat('11', 20), '0x' || "
          "repeat('22', 20), n, 1, 0, 'BLOCK_PROPOSAL', 'signed', '0x' || repeat('aa', 32), "
          "'0x' || repeat('cc', 65), 'n', 'hf1-' || repeat('b', 32), now(), now() "
          "FROM generate_series(1, 5000) n");
  run_sql(url, "ANALYZE validator_duties");
  for (const Sql sql : kKeyed) {
    const PgStatement& statement = statements_of(GetParam()).at(static_cast<std::size_t>(sql));
    const std::string plan = plan_of(url, statement);
    EXPECT_EQ(plan.find("idx_validator_duties"), std::string::npos) << statement.name << plan;
    if (sql == Sql::take_over_gone) continue;
    EXPECT_NE(plan.find("\"validator_duties_pkey\""), std::string::npos) << statement.name << plan;
  }
}

}  // namespace
}  // namespace holdfast::test
