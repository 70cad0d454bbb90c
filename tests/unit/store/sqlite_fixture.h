// What the tests of the SQLite store share: a directory, a loop, and the operations unpacked.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "keys/key_ring.h"
#include "store/sqlite/sqlite_store.h"
#include "support/example_duty.h"
#include "support/temp_dir.h"
#include "support/test_key.h"
#include "support/test_loop.h"

namespace holdfast::test {

/** Another program's connection to the file. */
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path) {
    CHECK(sqlite3_open_v2(path.c_str(), &database_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          nullptr) == SQLITE_OK);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  ~OtherProgram() { sqlite3_close_v2(database_); }

  int run(const std::string& sql) {
    return sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    keys.add(filled_with<Address>(0x22), {.attester = true},
             std::make_shared<TestKey>(loop.clock()));
    settings.path = directory.file("duties.db");
  }
  ~SqliteTest() override {
    if (store) loop.run(store->close());
  }

  Result<std::unique_ptr<SqliteStore>> try_open() {
    return SqliteStore::open(settings, loop.clock(), loop.post());
  }
  void open() {
    Result<std::unique_ptr<SqliteStore>> opened = try_open();
    if (!opened) ADD_FAILURE() << opened.error().message;
    CHECK(opened.has_value());
    store = std::move(*opened);
  }
  void close() {
    loop.run(store->close());
    store.reset();
  }
  /** The error of opening, which must name the file. */
  Error refusal() {
    Result<std::unique_ptr<SqliteStore>> opened = try_open();
    CHECK(!opened.has_value());
    EXPECT_NE(opened.error().message.find(directory.path()), std::string::npos)
        << opened.error().message;
    return std::move(opened).error();
  }

  Result<ClaimAnswer> claim(const Duty& duty) {
    return loop.run(store->claim(duty, "node-1", LockToken::from_random(random.bytes16())));
  }
  HeldLock lock(const Duty& duty) {
    Result<ClaimAnswer> answer = claim(duty);
    if (!answer) ADD_FAILURE() << answer.error().message;
    CHECK(answer.has_value() && std::holds_alternative<HeldLock>(*answer));
    return std::get<HeldLock>(std::move(*answer));
  }
  Result<RecordAnswer> record(HeldLock held) {
    SignableMessage message{MessageForm::eth_sign, held.duty().message_hash, ""};
    auto sealed = loop.run(keys.sign(held, std::move(message)));
    CHECK(std::holds_alternative<SealedSignature>(sealed));
    return loop.run(store->record(std::move(held), std::get<SealedSignature>(sealed)));
  }
  static bool recorded(const Result<RecordAnswer>& answer) {
    return answer.has_value() && std::holds_alternative<SignedRecord>(*answer);
  }
  std::optional<DutyRow> row(const Duty& duty) {
    Result<std::optional<DutyRow>> found = loop.run(store->read(duty.key));
    if (!found) ADD_FAILURE() << found.error().message;
    CHECK(found.has_value());
    return *std::move(found);
  }
  static Duty duty_at(std::int64_t slot, std::uint8_t hash_byte = 0xaa) {
    Duty duty = example_duty(hash_byte);
    duty.key.slot = Slot(slot);
    return duty;
  }

  TempDir directory;
  TestLoop loop;
  CountingRandom random;
  KeyRing keys;
  SqliteSettings settings;
  std::unique_ptr<SqliteStore> store;
};

}  // namespace holdfast::test
