#include "os/file_system.h"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

TEST(FileSystem, tells_free_space_and_who_may_write) {
  const test::TempDir directory;
  const fs::path own = directory.file("own");
  fs::create_directory(own);
  fs::permissions(own, fs::perms::owner_all);
  const Result<FileSystemFacts> closed = file_system_of(own);
  ASSERT_TRUE(closed.has_value()) << closed.error().message;
  EXPECT_GT(closed->bytes_free, 0U);
  EXPECT_FALSE(closed->others_may_write);
  fs::permissions(own, fs::perms::owner_all | fs::perms::others_write);
  EXPECT_TRUE(file_system_of(own)->others_may_write);
  // As /tmp is: nobody removes what is another's.
  fs::permissions(own, fs::perms::owner_all | fs::perms::others_write | fs::perms::sticky_bit);
  EXPECT_FALSE(file_system_of(own)->others_may_write);
  fs::permissions(own, fs::perms::owner_all | fs::perms::group_write);
  EXPECT_TRUE(file_system_of(own)->others_may_write);
}

TEST(FileSystem, tells_memory_from_what_is_not) {
  EXPECT_EQ(file_system_of("/dev/shm")->kind, FileSystemKind::memory);
  EXPECT_EQ(file_system_of("/proc")->kind, FileSystemKind::unknown);
}

TEST(FileSystem, of_what_is_no_directory_is_an_error_that_names_it) {
  const test::TempDir directory;
  const std::string file = directory.file("file");
  std::ofstream(file) << "x";
  const auto kind_of_error = [](const std::string& path) {
    const Result<FileSystemFacts> facts = file_system_of(path);
    if (facts) return ErrorKind::unknown;
    EXPECT_NE(facts.error().message.find(path), std::string::npos) << facts.error().message;
    return facts.error().kind;
  };
  EXPECT_EQ(kind_of_error(file), ErrorKind::invalid_input);
  EXPECT_EQ(kind_of_error(directory.file("absent")), ErrorKind::not_found);
  EXPECT_EQ(kind_of_error(file + "/below"), ErrorKind::not_found);
}

}  // namespace
}  // namespace holdfast
