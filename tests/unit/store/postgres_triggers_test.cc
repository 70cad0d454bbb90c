// S2 and S3 against other programs: what the triggers keep, whoever writes.
#include <thread>

#include <libpq-fe.h>

#include "unit/store/postgres_test_support.h"

namespace holdfast::test {
namespace {

class PostgresTriggers : public testing::TestWithParam<int> {
 protected:
  PostgresTriggers() : url_(migrated_database(shared_postgres(), GetParam())) {}

  static std::string insert_text(int slot, const std::string& hash, const std::string& token = "t",
                                 const std::string& rollup = "0x11") {
    return "INSERT INTO validator_duties (rollup_address, validator_address, slot, block_number, "
           "block_index_within_checkpoint, duty_type, status, message_hash, node_id, lock_token) "
           "VALUES ('" +
           rollup + "', '0x22', " + std::to_string(slot) +
           ", 1, 0, 'BLOCK_PROPOSAL', 'signing', '" + hash + "', 'stock', '" + token + "')";
  }
  void sign(int slot, const std::string& hash) {
    run_sql(url_, insert_text(slot, hash));
    run_sql(url_,
            "UPDATE validator_duties SET status = 'signed', signature = '0x5c', "
            "completed_at = CURRENT_TIMESTAMP WHERE slot = " +
                std::to_string(slot));
  }
  /** The server's refusal, empty when it obeyed. */
  std::string refusal_of(const std::string& sql) {
    try {
      run_sql(url_, sql);
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }
  std::string count(const std::string& table) {
    return sql_value(url_, "SELECT count(*) FROM " + table);
  }

  std::string url_;
};

INSTANTIATE_TEST_SUITE_P(SchemaVersions, PostgresTriggers, testing::Values(1, 2),
                         [](const auto& info) { return "v" + std::to_string(info.param); });

TEST_P(PostgresTriggers, move_deleted_signatures_into_the_ledger_and_nothing_else) {
  sign(1, "0xaa");
  run_sql(url_, insert_text(2, "0xbb"));
  run_sql(url_, insert_text(3, "0xcc", "hf1-pin-1"));
  run_sql(url_, insert_text(4, "0xdd"));
  run_sql(url_, "UPDATE validator_duties SET signature = '0x5d' WHERE slot = 4");
  run_sql(url_, "DELETE FROM validator_duties WHERE rollup_address <> '0x99'");
  EXPECT_EQ(sql_value(url_,
                      "SELECT string_agg(slot || message_hash, ' ' ORDER BY slot) FROM "
                      "holdfast_ledger"),
            "10xaa 30xcc 40xdd");
}

TEST_P(PostgresTriggers, refuse_a_stock_lock_that_contradicts_the_ledger) {
  sign(1, "0xaa");
  run_sql(url_, "DELETE FROM validator_duties");
  EXPECT_NE(refusal_of(insert_text(1, "0xbb")).find("signed with another message hash"),
            std::string::npos);
  EXPECT_EQ(refusal_of(insert_text(1, "0xaa")), "");
}

TEST_P(PostgresTriggers, see_through_letter_case) {
  // As it may be from before the database was hardened.
  run_sql(url_, "ALTER TABLE validator_duties DISABLE TRIGGER USER");
  run_sql(url_, insert_text(1, "0xAA", "t", "0xAB"));
  run_sql(url_, "UPDATE validator_duties SET status = 'signed', signature = '0x5c'");
  run_sql(url_, "ALTER TABLE validator_duties ENABLE TRIGGER USER");
  run_sql(url_, "DELETE FROM validator_duties");
  EXPECT_NE(refusal_of(insert_text(1, "0xbb", "t", "0xab")).find("another message hash"),
            std::string::npos);
  EXPECT_EQ(refusal_of(insert_text(1, "0xaa", "t", "0xab")), "");
}

TEST_P(PostgresTriggers, refuse_a_stock_lock_that_would_stand_beside_one_in_lower_case) {
  run_sql(url_, insert_text(1, "0xaa", "t", "0xab"));
  for (const char* rollup : {"0xAB", "0xaB", "0XAB"}) {
    EXPECT_NE(refusal_of(insert_text(1, "0xbb", "t", rollup)).find("not in lower case"),
              std::string::npos)
        << rollup;
  }
  EXPECT_NE(refusal_of(insert_text(2, "0xbb", "t", "0xAB")), "") << "nor may it come first";
}

TEST_P(PostgresTriggers, refuse_a_stock_lock_at_or_below_the_watermark) {
  run_sql(url_,
          "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot) "
          "VALUES ('0x11', '0x22', 'BLOCK_PROPOSAL', 5)");
  EXPECT_NE(refusal_of(insert_text(4, "0xaa")).find("watermark"), std::string::npos);
  EXPECT_NE(refusal_of(insert_text(5, "0xaa")).find("watermark"), std::string::npos);
  EXPECT_EQ(refusal_of(insert_text(6, "0xaa")), "");
}

TEST_P(PostgresTriggers, refuse_a_signature_that_ledger_or_watermark_speak_against) {
  const std::string sign_two = "UPDATE validator_duties SET signature = '0x5c' WHERE slot = 2";
  run_sql(url_, insert_text(2, "0xbb"));
  // As an import writes it, after the lock was taken.
  run_sql(url_,
          "INSERT INTO holdfast_ledger (rollup_address, validator_address, slot, duty_type, "
          "block_index_within_checkpoint, block_number, status, message_hash, signature, node_id, "
          "lock_token, started_at) VALUES ('0x11', '0x22', 2, 'BLOCK_PROPOSAL', 0, 1, 'signed', "
          "'0xaa', '0x5d', 'elsewhere', 't', now())");
  EXPECT_NE(refusal_of(sign_two).find("another message hash"), std::string::npos);
  run_sql(url_, insert_text(3, "0xbb"));
  run_sql(url_,
          "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot) "
          "VALUES ('0x11', '0x22', 'BLOCK_PROPOSAL', 3)");
  EXPECT_NE(
      refusal_of("UPDATE validator_duties SET signature = '0x5c' WHERE slot = 3").find("watermark"),
      std::string::npos);
  run_sql(url_, insert_text(4, "0xbb"));
  EXPECT_EQ(refusal_of("UPDATE validator_duties SET signature = '0x5c' WHERE slot = 4"), "");
}

TEST_P(PostgresTriggers, keep_signed_rows_as_they_are) {
  sign(1, "0xaa");
  for (const char* change :
       {"message_hash = '0xbb'", "signature = '0x00'", "signature = NULL", "status = 'signing'",
        "slot = 2", "node_id = 'x', duty_type = 'ATTESTATION'"}) {
    EXPECT_NE(refusal_of(std::string("UPDATE validator_duties SET ") + change), "") << change;
  }
  EXPECT_EQ(refusal_of("UPDATE validator_duties SET node_id = 'x'"), "");
}

TEST_P(PostgresTriggers, let_a_stock_node_finish_a_gated_row_with_the_same_signature) {
  run_sql(url_, insert_text(1, "0xaa"));
  run_sql(url_, "UPDATE validator_duties SET signature = '0x5c'");
  EXPECT_NE(refusal_of("UPDATE validator_duties SET signature = '0x5d', status = 'signed'"), "");
  EXPECT_EQ(refusal_of("UPDATE validator_duties SET signature = '0x5c', status = 'signed'"), "");
}

TEST_P(PostgresTriggers, refuse_to_forget) {
  sign(6, "0xaa");
  run_sql(url_, "DELETE FROM validator_duties");
  run_sql(url_,
          "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot) "
          "VALUES ('0x11', '0x22', 'BLOCK_PROPOSAL', 5)");
  for (const char* sql :
       {"TRUNCATE validator_duties", "TRUNCATE holdfast_ledger", "TRUNCATE holdfast_watermark",
        "DELETE FROM holdfast_ledger", "DELETE FROM holdfast_watermark",
        "UPDATE holdfast_ledger SET message_hash = '0xbb'",
        "UPDATE holdfast_watermark SET slot = 4"}) {
    EXPECT_NE(refusal_of(sql), "") << sql;
  }
  EXPECT_EQ(refusal_of("UPDATE holdfast_watermark SET slot = 6"), "");
  EXPECT_EQ(count("holdfast_ledger"), "1");
}

/** The insert waits for the delete of the same key, and must see the ledger's row of it. */
TEST_P(PostgresTriggers, refuse_an_insert_that_waited_for_the_delete_of_the_signed_row) {
  sign(1, "0xaa");
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(url_.c_str()), &PQfinish);
  PQclear(PQexec(other.get(), "BEGIN"));
  PQclear(PQexec(other.get(), "DELETE FROM validator_duties"));
  std::string refused;
  std::thread stock([&] { refused = refusal_of(insert_text(1, "0xbb")); });
  const std::string waiting =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
      "wait_event_type = 'Lock'";
  while (sql_value(url_, waiting) == "0") {
  }
  PQclear(PQexec(other.get(), "COMMIT"));
  stock.join();
  EXPECT_NE(refused.find("signed with another message hash"), std::string::npos) << refused;
}

/** The same race against our own claim: the lock may be given, but nothing can be recorded. */
TEST_P(PostgresTriggers, a_claim_that_waited_for_the_delete_of_the_signed_row_records_nothing) {
  const Duty signed_duty = duty_at(1, 0xaa);
  TestLoop loop;
  PoolUnderTest first(loop, url_);
  ASSERT_TRUE(first.claim_now(signed_duty, token_of(1)).won);
  first.record(signed_duty, token_of(1));
  first.run_until_all_answered();
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(url_.c_str()), &PQfinish);
  PQclear(PQexec(other.get(), "BEGIN"));
  PQclear(PQexec(other.get(), "DELETE FROM validator_duties"));
  PoolUnderTest node(loop, url_);
  node.claim(duty_at(1, 0xbb), token_of(2));
  loop.run_until([&] {
    return sql_value(url_,
                     "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "wait_event_type = 'Lock'") == "1";
  });
  PQclear(PQexec(other.get(), "COMMIT"));
  node.run_until_all_answered();
  ASSERT_EQ(node.claims[0]->outcome, PgReply::Outcome::done);
  node.record(duty_at(1, 0xbb), token_of(2));
  node.run_until_all_answered();
  EXPECT_FALSE(node.records[0]->recorded);
}

}  // namespace
}  // namespace holdfast::test
