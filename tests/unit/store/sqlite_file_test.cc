// The database file: made for its owner only, refused when it is not what it should be, and
// noticed when it is not the same any more (S4).
#include "store/sqlite/sqlite_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <ostream>

#include "store/sqlite/sqlite_schema.h"
#include "unit/store/sqlite_fixture.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class SqliteFile : public SqliteTest {
 protected:
  mode_t mode_of(const std::string& name) {
    struct stat status {};
    CHECK(::stat(directory.file(name).c_str(), &status) == 0);
    return status.st_mode & 07777U;
  }
  void write(const std::string& name, const std::string& content, mode_t mode = 0600) {
    std::ofstream(directory.file(name)) << content;
    CHECK(::chmod(directory.file(name).c_str(), mode) == 0);
  }
};

TEST_F(SqliteFile, is_made_with_all_its_parts_for_the_owner_only) {
  open();
  const HeldLock held = lock(example_duty());
  EXPECT_EQ(mode_of("duties.db"), 0600U);
  EXPECT_EQ(mode_of("duties.db-wal"), 0600U);
  EXPECT_EQ(mode_of("duties.db-shm"), 0600U);
}

TEST_F(SqliteFile, an_empty_file_of_ours_becomes_a_database) {
  write("duties.db", "");
  open();
  EXPECT_TRUE(recorded(record(lock(example_duty()))));
}

TEST_F(SqliteFile, refuses_a_directory_that_does_not_exist) {
  settings.path = directory.file("nowhere") + "/duties.db";
  EXPECT_EQ(refusal().kind, ErrorKind::not_found);
}

TEST_F(SqliteFile, refuses_a_directory_that_everybody_can_write) {
  const std::string open_to_all = directory.file("open");
  std::filesystem::create_directory(open_to_all);
  settings.path = open_to_all + "/duties.db";
  CHECK(::chmod(open_to_all.c_str(), 0777) == 0);
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::permission_denied);
  EXPECT_NE(error.message.find("chmod o-w"), std::string::npos) << error.message;
  EXPECT_FALSE(std::filesystem::exists(settings.path));
  CHECK(::chmod(open_to_all.c_str(), 01777) == 0);
  EXPECT_TRUE(try_open().has_value()) << "with the sticky bit, as /tmp";
}

TEST_F(SqliteFile, refuses_a_file_that_others_can_read_or_write) {
  open();
  close();
  for (const mode_t mode : {0640U, 0620U, 0604U, 0602U, 0644U, 0666U, 0610U}) {
    CHECK(::chmod(settings.path.c_str(), mode) == 0);
    const Error error = refusal();
    EXPECT_EQ(error.kind, ErrorKind::permission_denied) << mode;
    EXPECT_NE(error.message.find("chmod 600"), std::string::npos) << error.message;
  }
  CHECK(::chmod(settings.path.c_str(), 0600) == 0);
  EXPECT_TRUE(try_open().has_value());
}

TEST_F(SqliteFile, refuses_what_is_no_regular_file) {
  std::filesystem::create_directory(settings.path);
  EXPECT_EQ(refusal().kind, ErrorKind::invalid_input);
  std::filesystem::remove(settings.path);
  write("elsewhere.db", "");
  std::filesystem::create_symlink(directory.file("elsewhere.db"), settings.path);
  EXPECT_EQ(refusal().kind, ErrorKind::invalid_input);
}

TEST_F(SqliteFile, refuses_a_file_that_is_no_database_and_leaves_it_alone) {
  const std::string text(5000, 'x');
  write("duties.db", text);
  EXPECT_EQ(refusal().kind, ErrorKind::corrupt);
  std::ifstream file(settings.path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteFile, refuses_another_programs_database) {
  write("duties.db", "");
  EXPECT_EQ(OtherProgram(settings.path).run("CREATE TABLE theirs (id INTEGER)"), SQLITE_OK);
  EXPECT_EQ(refusal().kind, ErrorKind::invalid_input);
  EXPECT_EQ(OtherProgram(settings.path).run("SELECT id FROM theirs"), SQLITE_OK);
  EXPECT_NE(OtherProgram(settings.path).run("SELECT 1 FROM validator_duties"), SQLITE_OK);
}

TEST_F(SqliteFile, refuses_an_empty_path) {
  settings.path = "";
  Result<std::unique_ptr<SqliteStore>> opened = try_open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::invalid_input);
}

TEST_F(SqliteFile, item_135_refuses_a_newer_schema) {
  open();
  close();
  ASSERT_EQ(OtherProgram(settings.path).run("PRAGMA user_version = 4"), SQLITE_OK);
  const Error error = refusal();
  EXPECT_EQ(error.kind, ErrorKind::schema_mismatch);
  EXPECT_NE(error.message.find("version 4"), std::string::npos) << error.message;
}

TEST_F(SqliteFile, of_version_1_is_brought_up_to_date) {
  open();
  close();
  OtherProgram old(settings.path);
  // As version 1 had them: a ledger that gave up nothing at all.
  ASSERT_EQ(
      old.run("DROP TRIGGER holdfast_delete_ledger; CREATE TRIGGER holdfast_delete_ledger"
              " BEFORE DELETE ON holdfast_ledger BEGIN SELECT RAISE(ABORT, 'no'); END;"
              " DROP TABLE holdfast_cluster; DROP TABLE holdfast_nodes; PRAGMA user_version = 1"),
      SQLITE_OK);
  const std::string below =
      "INSERT INTO holdfast_watermark VALUES ('r', 'v', 'ATTESTATION', 5);"
      "INSERT INTO holdfast_ledger VALUES (1, 'r', 'v', 5, 0, 0, 0, 'ATTESTATION', 'signed', 'h',"
      " 's', 'n', 't', 0, 0, NULL, 0)";
  ASSERT_EQ(old.run(below), SQLITE_OK);
  ASSERT_NE(old.run("DELETE FROM holdfast_ledger"), SQLITE_OK);
  open();
  const Result<StoreState> state = loop.run(store->check());
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(state->holdfast_schema_version, kSqliteSchemaVersion);
  EXPECT_EQ(old.run("DELETE FROM holdfast_ledger"), SQLITE_OK);
}

TEST_F(SqliteFile, stops_when_a_newer_program_changes_the_schema_meanwhile) {
  open();
  ASSERT_EQ(OtherProgram(settings.path).run("PRAGMA user_version = 4"), SQLITE_OK);
  Result<ClaimAnswer> answer = claim(example_duty());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::schema_mismatch);
  EXPECT_FALSE(loop.run(store->check()).has_value());
}

/** What somebody does to the files of an open database, by the name of the file. */
class SqliteFileGone : public SqliteFile, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Files, SqliteFileGone, testing::Values("duties.db", "duties.db-wal"),
                         [](const auto& info) {
                           return std::string(info.param) == "duties.db" ? "database" : "log";
                         });

TEST_P(SqliteFileGone, refuses_to_sign_while_it_is_missing_or_replaced) {
  open();
  EXPECT_TRUE(recorded(record(lock(duty_at(1)))));
  HeldLock held = lock(duty_at(2));
  const std::string file = directory.file(GetParam());
  const std::string aside = file + ".aside";

  std::filesystem::rename(file, aside);
  Result<ClaimAnswer> without = claim(duty_at(3));
  ASSERT_FALSE(without.has_value()) << "deleted";
  EXPECT_EQ(without.error().kind, ErrorKind::unavailable);
  EXPECT_NE(without.error().message.find(settings.path), std::string::npos);

  std::filesystem::copy_file(aside, file);
  EXPECT_FALSE(claim(duty_at(3)).has_value()) << "replaced by a copy";
  EXPECT_FALSE(loop.run(store->read(duty_at(1).key)).has_value()) << "readers notice it too";
  EXPECT_FALSE(loop.run(store->check()).has_value());

  std::filesystem::rename(aside, file);
  EXPECT_TRUE(recorded(record(std::move(held)))) << "the original is back";
  EXPECT_EQ(row(duty_at(3)), std::nullopt) << "nothing was written meanwhile";
}

struct FileSystemRow {
  const char* name;
  std::int64_t type;
  bool network;
};
void PrintTo(const FileSystemRow& row, std::ostream* out) {
  *out << row.name;
}

class FileSystems : public testing::TestWithParam<FileSystemRow> {};
INSTANTIATE_TEST_SUITE_P(Types, FileSystems,
                         testing::Values(FileSystemRow{"ext4", 0xef53, false},
                                         FileSystemRow{"xfs", 0x58465342, false},
                                         FileSystemRow{"btrfs", 0x9123683e, false},
                                         FileSystemRow{"tmpfs", 0x01021994, false},
                                         FileSystemRow{"overlayfs", 0x794c7630, false},
                                         FileSystemRow{"nfs", 0x6969, true},
                                         FileSystemRow{"cifs", 0xff534d42, true},
                                         FileSystemRow{"cifs_sign_extended", -11317950, true},
                                         FileSystemRow{"smb2", 0xfe534d42, true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(FileSystems, are_told_apart) {
  EXPECT_EQ(is_network_filesystem(GetParam().type), GetParam().network);
}

TEST(FileIdentity, is_of_the_inode_and_not_of_the_name) {
  TempDir directory;
  EXPECT_EQ(identity_of(directory.file("a")), std::nullopt);
  std::ofstream(directory.file("a")) << "a";
  const auto first = identity_of(directory.file("a"));
  ASSERT_TRUE(first.has_value());
  std::filesystem::create_hard_link(directory.file("a"), directory.file("b"));
  EXPECT_EQ(identity_of(directory.file("b")), first);
  std::ofstream(directory.file("c")) << "a";
  EXPECT_NE(identity_of(directory.file("c")), first);
}

}  // namespace
}  // namespace holdfast
