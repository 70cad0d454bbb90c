// What the tests of the commands share: temporary directories of their own, and a run of the whole
// program with its output as text.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/settings.h"
#include "support/temp_dir.h"

namespace holdfast::cli {

/** What a run of the program gave. */
struct Output {
  ExitCode code;
  std::string out;
  std::string err;
};

inline Output run(std::vector<std::string> words, Environment environment = {}) {
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = run_program(std::move(words), std::move(environment), out, err);
  return {code, out.str(), err.str()};
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/** A directory of the test's own, and files in it. */
class TemporaryDirectory {
 public:
  std::string file(const std::string& name) const { return directory_.file(name); }
  const std::string& path() const { return directory_.path(); }

  /** Writes the file with mode 0600 and gives its path. */
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = file(name);
    std::ofstream(path) << text;
    using std::filesystem::perms;
    std::filesystem::permissions(path, perms::owner_read | perms::owner_write);
    return path;
  }

 private:
  test::TempDir directory_;
};

/** The settings, which must resolve. */
inline Settings settings_from(std::map<SettingId, std::string> flags,
                              Environment environment = {}) {
  Result<Settings> settings = resolve_settings({std::move(flags), std::move(environment), ""});
  EXPECT_TRUE(settings.has_value()) << settings.error().message;
  return settings ? std::move(*settings) : Settings();
}

/** The error, which must be there. */
inline std::string settings_error(std::map<SettingId, std::string> flags,
                                  Environment environment = {}) {
  const Result<Settings> settings =
      resolve_settings({std::move(flags), std::move(environment), ""});
  return settings ? "no error" : settings.error().message;
}

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace holdfast::cli
