#include "os/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "unit/os/test_files.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;
using test::content_of;
using test::FileDir;
using test::kOwnerOnly;

bool mentions(const Error& error, std::string_view text) {
  return error.message.find(text) != std::string::npos;
}

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(ReadFile, reads_up_to_the_bound_and_refuses_one_byte_more) {
  const FileDir dir;
  const fs::path file = dir.write("a", "12345", kOwnerOnly);
  for (const std::size_t bound : {5UL, 6UL}) {
    const Result<std::string> content = read_file(file, bound);
    ASSERT_TRUE(content) << bound;
    EXPECT_EQ(*content, "12345");
  }
  const Result<std::string> refused = read_file(file, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(mentions(refused.error(), file.string()));
}

TEST(ReadFile, reads_an_empty_file_and_one_that_does_not_know_its_size) {
  const FileDir dir;
  const Result<std::string> empty = read_file(dir.write("empty", "", kOwnerOnly), 10);
  ASSERT_TRUE(empty);
  EXPECT_EQ(*empty, "");
  const Result<std::string> status = read_file("/proc/self/status", 1 << 20);
  ASSERT_TRUE(status);
  EXPECT_NE(status->find("VmRSS"), std::string::npos);
}

TEST(ReadFile, names_what_is_wrong) {
  const FileDir dir;
  const Result<std::string> missing = read_file(dir.path() / "none", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_TRUE(mentions(missing.error(), "none"));
  const Result<std::string> directory = read_file(dir.path(), 10);
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(mentions(directory.error(), "regular file"));
}

TEST(ReadFile, does_not_wait_for_the_writer_of_a_pipe) {
  const FileDir dir;
  const fs::path pipe = dir.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const Result<std::string> refused = read_file(pipe, 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
}

TEST(ReadSecretFile, refuses_every_right_of_group_and_others) {
  const FileDir dir;
  struct Row {
    unsigned mode;
    bool good;
  };
  for (const Row row : {Row{0600, true}, Row{0400, true}, Row{0700, true}, Row{0640, false},
                        Row{0620, false}, Row{0610, false}, Row{0604, false}, Row{0602, false},
                        Row{0601, false}, Row{0644, false}, Row{0666, false}}) {
    const fs::path file = dir.write("key", "hunter2", static_cast<fs::perms>(row.mode));
    const Result<Secret> secret = read_secret_file(file, 100, TrailingNewline::keep);
    EXPECT_EQ(secret.has_value(), row.good) << std::oct << row.mode;
    EXPECT_EQ(check_secret_file(file).has_value(), row.good) << std::oct << row.mode;
    if (!secret) {
      EXPECT_EQ(secret.error().kind, ErrorKind::permission_denied);
      EXPECT_TRUE(mentions(secret.error(), "chmod 600 " + file.string()));
      EXPECT_FALSE(mentions(secret.error(), "hunter2")) << "the content is not shown";
    }
    fs::remove(file);
  }
}

TEST(ReadSecretFile, judges_the_file_behind_a_symbolic_link) {
  const FileDir dir;
  const fs::path closed = dir.write("closed", "secret", kOwnerOnly);
  const fs::path open = dir.write("open", "secret", kOwnerOnly | fs::perms::others_read);
  fs::create_symlink(closed, dir.path() / "to_closed");
  fs::create_symlink(open, dir.path() / "to_open");
  const Result<Secret> good =
      read_secret_file(dir.path() / "to_closed", 100, TrailingNewline::keep);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->text(), "secret");
  EXPECT_FALSE(read_secret_file(dir.path() / "to_open", 100, TrailingNewline::keep));
}

TEST(ReadSecretFile, strips_one_line_end_when_told) {
  const FileDir dir;
  struct Row {
    const char* content;
    const char* stripped;
  };
  for (const Row row :
       {Row{"pw", "pw"}, Row{"pw\n", "pw"}, Row{"pw\r\n", "pw"}, Row{"pw\n\n", "pw\n"},
        Row{"pw\r", "pw\r"}, Row{"pw ", "pw "}, Row{"\n", ""}, Row{"\r\n", ""}, Row{"", ""}}) {
    const fs::path file = dir.write("pw", row.content, kOwnerOnly);
    const Result<Secret> kept = read_secret_file(file, 100, TrailingNewline::keep);
    const Result<Secret> stripped = read_secret_file(file, 100, TrailingNewline::strip);
    ASSERT_TRUE(kept && stripped);
    EXPECT_EQ(kept->text(), row.content);
    EXPECT_EQ(stripped->text(), row.stripped);
  }
}

TEST(ReadSecretFile, refuses_what_is_too_long_missing_or_no_file) {
  const FileDir dir;
  const fs::path file = dir.write("key", "12345", kOwnerOnly);
  EXPECT_TRUE(read_secret_file(file, 5, TrailingNewline::keep));
  EXPECT_FALSE(read_secret_file(file, 4, TrailingNewline::keep));
  const Result<Secret> missing = read_secret_file(dir.path() / "x", 5, TrailingNewline::keep);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(check_secret_file(dir.path()));
}

TEST(WriteFileAtomically, writes_replaces_and_sets_the_access) {
  const FileDir dir;
  const fs::path file = dir.path() / "state.json";
  ASSERT_TRUE(
      write_file_atomically(file, as_bytes("one"), FileAccess::owner_only, IfFileExists::refuse));
  EXPECT_EQ(content_of(file), "one");
  EXPECT_EQ(fs::status(file).permissions(), kOwnerOnly);
  ASSERT_TRUE(write_file_atomically(file, as_bytes("two"), FileAccess::readable_by_all,
                                    IfFileExists::replace));
  EXPECT_EQ(content_of(file), "two");
  EXPECT_EQ(fs::status(file).permissions(),
            kOwnerOnly | fs::perms::group_read | fs::perms::others_read);
  EXPECT_EQ(entries(dir.path()), 1U) << "no temporary file is left";
}

TEST(WriteFileAtomically, refuses_to_overwrite_unless_told) {
  const FileDir dir;
  const fs::path file = dir.write("keys.json", "precious", kOwnerOnly);
  const Result<void> refused =
      write_file_atomically(file, as_bytes("new"), FileAccess::owner_only, IfFileExists::refuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid_input);
  EXPECT_TRUE(mentions(refused.error(), "exists already"));
  EXPECT_EQ(content_of(file), "precious");
  EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(WriteFileAtomically, keeps_the_old_content_when_it_fails) {
  const FileDir dir;
  fs::create_directory(dir.path() / "taken");
  EXPECT_FALSE(write_file_atomically(dir.path() / "taken", as_bytes("x"), FileAccess::owner_only,
                                     IfFileExists::replace));
  EXPECT_TRUE(fs::is_directory(dir.path() / "taken"));
  EXPECT_EQ(entries(dir.path()), 1U);
  const Result<void> missing = write_file_atomically(dir.path() / "no" / "file", as_bytes("x"),
                                                     FileAccess::owner_only, IfFileExists::replace);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST(WriteFileAtomically, writes_content_larger_than_a_pipe_and_relative_paths) {
  const FileDir dir;
  const std::string large(3'000'000, 'x');
  ASSERT_TRUE(write_file_atomically(dir.path() / "large", as_bytes(large), FileAccess::owner_only,
                                    IfFileExists::replace));
  EXPECT_EQ(content_of(dir.path() / "large"), large);
}

TEST(AtomicFile, appears_whole_when_it_is_committed_and_not_before) {
  const FileDir dir;
  const fs::path file = dir.path() / "history.json";
  {
    Result<AtomicFile> abandoned =
        AtomicFile::create(file, FileAccess::owner_only, IfFileExists::refuse);
    ASSERT_TRUE(abandoned);
    ASSERT_TRUE(abandoned->write(as_bytes("half")));
    EXPECT_FALSE(fs::exists(file));
  }
  EXPECT_EQ(entries(dir.path()), 0U) << "nothing is left of what was not committed";
  Result<AtomicFile> whole = AtomicFile::create(file, FileAccess::owner_only, IfFileExists::refuse);
  ASSERT_TRUE(whole);
  ASSERT_TRUE(whole->write(as_bytes("one ")));
  ASSERT_TRUE(whole->write(as_bytes("two")));
  ASSERT_TRUE(whole->commit());
  EXPECT_EQ(content_of(file), "one two");
  EXPECT_EQ(fs::status(file).permissions(), kOwnerOnly);
  EXPECT_EQ(entries(dir.path()), 1U);
}

TEST(AtomicFile, refuses_a_path_that_is_taken_at_once_and_at_the_end) {
  const FileDir dir;
  const fs::path file = dir.path() / "history.json";
  Result<AtomicFile> late = AtomicFile::create(file, FileAccess::owner_only, IfFileExists::refuse);
  ASSERT_TRUE(late);
  dir.write("history.json", "precious", kOwnerOnly);
  EXPECT_FALSE(late->commit());
  const Result<AtomicFile> taken =
      AtomicFile::create(file, FileAccess::owner_only, IfFileExists::refuse);
  ASSERT_FALSE(taken);
  EXPECT_TRUE(mentions(taken.error(), "exists already"));
  EXPECT_EQ(content_of(file), "precious");
}

TEST(MakePrivateDirectory, makes_all_parts_for_the_owner_only) {
  const FileDir dir;
  const fs::path deep = dir.path() / "a" / "b" / "";
  ASSERT_TRUE(make_private_directory(deep));
  EXPECT_TRUE(fs::is_directory(deep));
  EXPECT_EQ(fs::status(dir.path() / "a").permissions(), fs::perms::owner_all);
  EXPECT_TRUE(make_private_directory(deep)) << "again is no error";
  const fs::path file = dir.write("file", "", kOwnerOnly);
  EXPECT_FALSE(make_private_directory(file));
  EXPECT_FALSE(make_private_directory(file / "below"));
}

TEST(AppendToFile, keeps_what_is_there_and_is_for_its_owner_only) {
  const test::TempDir directory;
  const std::string path = directory.file("log");
  ASSERT_TRUE(append_to_file(path, "one\n").has_value());
  ASSERT_TRUE(append_to_file(path, "two\n").has_value());
  EXPECT_EQ(*read_file(path, 100), "one\ntwo\n");
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
}

TEST(AppendToFile, follows_no_link_and_names_what_it_cannot_write) {
  const test::TempDir directory;
  std::filesystem::create_symlink(directory.file("elsewhere"), directory.file("link"));
  ASSERT_EQ(mkfifo(directory.file("fifo").c_str(), 0600), 0);
  for (const std::string& path : {directory.file("link"), directory.file("fifo"), directory.path(),
                                  directory.file("absent/log")}) {
    const Result<void> done = append_to_file(path, "x");
    ASSERT_FALSE(done.has_value()) << path;
    EXPECT_NE(done.error().message.find(path), std::string::npos) << done.error().message;
  }
  EXPECT_FALSE(std::filesystem::exists(directory.file("elsewhere")));
}

}  // namespace
}  // namespace holdfast
