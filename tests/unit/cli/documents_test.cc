// docs/CONFIGURATION.md and deploy/signer.example.toml are what the table of settings says.
// HOLDFAST_REWRITE_DOCS=1 writes them anew; look at the difference before committing it.
#include <algorithm>
#include <cstdlib>

#include "cli/config_doc.h"
#include "cli/toml_file.h"
#include "cli_test_support.h"

namespace holdfast::cli {
namespace {

void expect_document(const std::string& path, const std::string& wanted) {
  const std::string full = std::string(HOLDFAST_SOURCE_DIR) + "/" + path;
  if (std::getenv("HOLDFAST_REWRITE_DOCS") != nullptr) std::ofstream(full) << wanted;
  EXPECT_EQ(read_whole(full), wanted)
      << path << " differs from the table: run HOLDFAST_REWRITE_DOCS=1 unit_cli";
}

TEST(Documents, configuration_page_equals_the_table) {
  expect_document("docs/CONFIGURATION.md", configuration_document());
}

TEST(Documents, example_file_equals_the_table) {
  expect_document("deploy/signer.example.toml", example_toml());
}

TEST(Documents, example_file_is_right_also_when_every_line_is_in_force) {
  std::string text = example_toml();
  std::string in_force;
  std::size_t settings = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_setting = line.starts_with("#") && !line.starts_with("# ");
    settings += is_setting ? 1 : 0;
    in_force += (is_setting ? line.substr(1) : line) + "\n";
  }
  const TemporaryDirectory directory;
  const std::string file = directory.write("signer.toml", in_force);
  EXPECT_EQ(settings, kSettingCount - 1);
  EXPECT_EQ(settings_from({{SettingId::config, file}}).text(SettingId::node_id),
            "validator-node-1");
}

TEST(Documents, lines_of_the_example_file_are_short) {
  std::istringstream lines(example_toml());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

}  // namespace
}  // namespace holdfast::cli
