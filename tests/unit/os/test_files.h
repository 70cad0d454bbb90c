// Files with a given content and mode, in a test's own directory.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace holdfast::test {

inline constexpr auto kOwnerOnly =
    std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

/** A directory in which files are made. */
class FileDir {
 public:
  std::filesystem::path path() const { return dir_.path(); }

  std::filesystem::path write(std::string_view name, std::string_view content,
                              std::filesystem::perms mode = kOwnerOnly) const {
    const std::filesystem::path file = path() / name;
    std::ofstream(file, std::ios::binary) << content;
    std::filesystem::permissions(file, mode);
    return file;
  }

 private:
  TempDir dir_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace holdfast::test
