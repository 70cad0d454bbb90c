// What the tests of the PostgreSQL store share: migrated databases, pools whose time-outs a loaded
// machine does not meet by accident, and the queue's operations with their answers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/hex.h"
#include "store/postgres/migrator.h"
#include "store/postgres/pg_pool.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/row_codec.h"
#include "support/example_duty.h"
#include "support/postgres_server.h"
#include "support/test_loop.h"

namespace holdfast::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline PostgresUrl parsed(const std::string& url) {
  Result<PostgresUrl> result = PostgresUrl::parse(url);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  return *std::move(result);
}

inline void migrate(const std::string& url, int schema_version = 1) {
  Result<std::vector<std::string>> applied = Migrator(parsed(url)).up(schema_version);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
}

/** A fresh database of the server with the tables of that version. */
inline std::string migrated_database(PostgresServer& server, int schema_version = 1) {
  std::string url = server.fresh_database();
  migrate(url, schema_version);
  return url;
}

/** Nothing times out but what a test makes time out. */
inline PostgresSettings patient() {
  PostgresSettings settings;
  settings.pool.max = 4;
  settings.pool.connection_timeout = seconds(60);
  settings.timeouts.statement = seconds(60);
  settings.timeouts.lock = seconds(60);
  settings.timeouts.answer = seconds(60);
  return settings;
}

inline std::string token_of(std::uint64_t number) {
  std::array<std::uint8_t, 16> random{};
  for (std::size_t byte = 0; byte < 8; ++byte) {
    random[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
  }
  return LockToken::from_random(random).text();
}

inline Duty duty_at(std::int64_t slot, std::uint8_t hash_byte = 0xaa) {
  Duty duty = example_duty(hash_byte);
  duty.key.slot = Slot(slot);
  return duty;
}

inline const std::string& some_signature() {
  static const std::string text = signature_text(filled_with<Signature>(0x5c));
  return text;
}

/** A pool and the answers of what was put into its queue. */
class PoolUnderTest {
 public:
  PoolUnderTest(TestLoop& loop, const std::string& url, PostgresSettings settings = patient())
      : loop_(loop), pool(loop.context(), parsed(url), std::move(settings)) {}
  ~PoolUnderTest() { pool.close(); }

  /** Adds a claim; `claims[index]` is its answer when there is one. */
  std::size_t claim(const Duty& duty, const std::string& token,
                    const std::string& node_id = "node-1") {
    const std::size_t index = claims.size();
    claims.emplace_back();
    pool.queue().add(PgClaim{.duty = duty,
                             .node_id = node_id,
                             .token = token,
                             .done = [this, index](PgClaimReply reply) {
                               claims[index] = std::move(reply);
                               ++answered;
                             }});
    return index;
  }

  std::size_t record(const Duty& duty, const std::string& token,
                     const std::string& signature = some_signature()) {
    const std::size_t index = records.size();
    records.emplace_back();
    pool.queue().add(PgRecord{.duty = duty,
                              .token = token,
                              .signature = signature,
                              .done = [this, index](PgRecordReply reply) {
                                records[index] = std::move(reply);
                                ++answered;
                              }});
    return index;
  }

  void run_until_all_answered() {
    loop_.run_until([this] { return answered == claims.size() + records.size(); });
  }

  PgClaimReply claim_now(const Duty& duty, const std::string& token,
                         const std::string& node_id = "node-1") {
    const std::size_t index = claim(duty, token, node_id);
    loop_.run_until([this, index] { return claims[index].has_value(); });
    return *claims[index];
  }

 private:
  TestLoop& loop_;

 public:
  PgPool pool;
  std::vector<std::optional<PgClaimReply>> claims;
  std::vector<std::optional<PgRecordReply>> records;
  std::size_t answered = 0;
};

}  // namespace holdfast::test
