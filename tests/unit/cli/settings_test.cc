#include "cli/settings.h"

#include "cli/config_doc.h"
#include "cli_test_support.h"

namespace holdfast::cli {
namespace {

using testing::Test;

TEST(Precedence, is_flag_then_environment_then_file_then_default) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("signer.toml", "[signing]\npolling_interval_ms = 300\n");
  constexpr SettingId kPoll = SettingId::polling_interval_ms;
  const Environment environment = {{"VALIDATOR_HA_POLLING_INTERVAL_MS", "200"}};

  const Settings built_in = settings_from({});
  EXPECT_EQ(built_in.integer(kPoll), 100);
  EXPECT_EQ(built_in.value(kPoll).place, "default");

  const Settings from_file = settings_from({{SettingId::config, file}});
  EXPECT_EQ(from_file.integer(kPoll), 300);
  EXPECT_EQ(from_file.value(kPoll).place, file + ":2");

  const Settings from_environment = settings_from({{SettingId::config, file}}, environment);
  EXPECT_EQ(from_environment.integer(kPoll), 200);
  EXPECT_EQ(from_environment.value(kPoll).place, "VALIDATOR_HA_POLLING_INTERVAL_MS");

  const Settings from_flag =
      settings_from({{SettingId::config, file}, {kPoll, "150"}}, environment);
  EXPECT_EQ(from_flag.integer(kPoll), 150);
  EXPECT_EQ(from_flag.value(kPoll).place, "--polling-interval-ms");
}

TEST(Environment, that_is_empty_counts_as_not_set) {
  const Settings settings =
      settings_from({}, {{"VALIDATOR_HA_SIGNING_ENABLED", ""}, {"VALIDATOR_HA_POOL_MAX", ""}});
  EXPECT_TRUE(settings.boolean(SettingId::signing_enabled));
  EXPECT_EQ(settings.integer(SettingId::pool_max), 10);
}

TEST(Environment, with_a_wrong_number_is_an_error_that_names_the_variable) {
  const std::string error = settings_error({}, {{"VALIDATOR_HA_POOL_MAX", "ten"}});
  EXPECT_TRUE(has(error, "VALIDATOR_HA_POOL_MAX: 'ten' is not a whole number")) << error;
}

TEST(Environment, accepts_title_case_true_that_aztec_reads_as_off) {
  EXPECT_TRUE(settings_from({}, {{"VALIDATOR_HA_SIGNING_ENABLED", "True"}})
                  .boolean(SettingId::signing_enabled));
  EXPECT_TRUE(has(settings_error({}, {{"VALIDATOR_HA_SIGNING_ENABLED", "ture"}}),
                  "VALIDATOR_HA_SIGNING_ENABLED: 'ture'"));
}

TEST(Environment, with_an_unknown_variable_of_the_guide_gives_a_warning) {
  const Settings settings = settings_from({}, {{"VALIDATOR_HA_NODEID", "a"}});
  ASSERT_EQ(settings.warnings().size(), 1u);
  EXPECT_TRUE(has(settings.warnings()[0], "did you mean VALIDATOR_HA_NODE_ID?"));
}

TEST(Errors, are_all_told_at_once) {
  const std::string error =
      settings_error({{SettingId::pool_max, "x"}},
                     {{"VALIDATOR_HA_REPLAY", "maybe"}, {"HOLDFAST_GATED", "perhaps"}});
  EXPECT_TRUE(has(error, "--pool-max: "));
  EXPECT_TRUE(has(error, "VALIDATOR_HA_REPLAY: "));
  EXPECT_TRUE(has(error, "HOLDFAST_GATED: "));
}

struct FileRow {
  std::string name;
  std::string text;
  /** What follows "PATH". */
  std::string error;
};
class SettingsFile : public testing::TestWithParam<FileRow> {};

TEST_P(SettingsFile, is_refused_with_file_and_line) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("signer.toml", GetParam().text);
  const std::string error = settings_error({{SettingId::config, file}});
  EXPECT_TRUE(has(error, file + GetParam().error)) << error;
}

INSTANTIATE_TEST_SUITE_P(
    wrong, SettingsFile,
    testing::Values(
        FileRow{"unknown_key", "[node]\nidd = \"a\"\n",
                ":2: unknown key 'node.idd'; did you mean 'node.id'?"},
        FileRow{"unknown_table", "\n[whatever]\nx = 1\n", ":3: unknown key 'whatever.x'"},
        FileRow{"key_outside_its_table", "id = \"a\"\n", ":1: unknown key 'id'"},
        FileRow{"number_in_quotes", "[database]\npool_max = \"10\"\n",
                ":2: database.pool_max must be a whole number without quotes"},
        FileRow{"fraction", "[database]\npool_max = 1.5\n",
                ":2: database.pool_max must be a whole number"},
        FileRow{"text_for_boolean", "[gated]\nenabled = \"true\"\n",
                ":2: gated.enabled must be true or false without quotes"},
        FileRow{"number_for_text", "[node]\nid = 7\n", ":2: node.id must be a text in quotes"},
        FileRow{"list_for_text", "[node]\nid = [\"a\"]\n", ":2: node.id must be a text"},
        FileRow{"out_of_range", "[database]\npool_max = 0\n", ":2: '0' is out of range"},
        FileRow{"no_toml", "[node\nid = 1\n", ":1: not TOML: "},
        FileRow{"twice", "[node]\nid = \"a\"\nid = \"b\"\n", ":3: not TOML: "}),
    [](const auto& row) { return row.param.name; });

TEST(SettingsFile, that_is_not_there_is_an_error) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("none.toml");
  EXPECT_TRUE(has(settings_error({{SettingId::config, file}}), file));
  EXPECT_TRUE(has(settings_error({}, {{"HOLDFAST_CONFIG", file}}), file));
}

TEST(SettingsFile, takes_lists_as_lists_or_as_one_text) {
  const TemporaryDirectory directory;
  const std::string list = directory.write("a.toml", "[node]\nkeystore = [\"a\", \"b\"]\n");
  const std::string text = directory.write("b.toml", "[node]\nkeystore = \"a,b\"\n");
  const std::vector<std::string> both = {"a", "b"};
  EXPECT_EQ(settings_from({{SettingId::config, list}}).list(SettingId::keystore), both);
  EXPECT_EQ(settings_from({{SettingId::config, text}}).list(SettingId::keystore), both);
}

TEST(Password, on_the_command_line_gives_a_warning_and_elsewhere_none) {
  const std::string url = "postgresql://u:secret@h/d";
  const Settings on_argv = settings_from({{SettingId::database_url, url}});
  ASSERT_EQ(on_argv.warnings().size(), 1u);
  EXPECT_TRUE(has(on_argv.warnings()[0], "visible to every user"));
  EXPECT_FALSE(has(on_argv.warnings()[0], "secret"));
  EXPECT_TRUE(settings_from({}, {{"VALIDATOR_HA_DATABASE_URL", url}}).warnings().empty());
  EXPECT_TRUE(settings_from({{SettingId::database_url, "postgresql://u@h/d"}}).warnings().empty());
}

TEST(Password, in_a_file_that_others_can_read_gives_a_warning) {
  const TemporaryDirectory directory;
  const std::string file =
      directory.write("signer.toml", "[database]\nurl = \"postgresql://u:secret@h/d\"\n");
  EXPECT_TRUE(settings_from({{SettingId::config, file}}).warnings().empty());
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::others_read);
  const Settings settings = settings_from({{SettingId::config, file}});
  ASSERT_EQ(settings.warnings().size(), 1u);
  EXPECT_TRUE(has(settings.warnings()[0], "chmod 600"));
}

TEST(DatabaseUrlVariable, of_a_command_is_read_and_must_not_contradict) {
  const std::string a = "postgresql://h/a";
  const std::string b = "postgresql://h/b";
  const auto resolve = [](std::map<SettingId, std::string> flags, Environment environment) {
    return resolve_settings({std::move(flags), std::move(environment), "DATABASE_URL"});
  };
  const Result<Settings> alone = resolve({}, {{"DATABASE_URL", a}});
  ASSERT_TRUE(alone.has_value());
  EXPECT_EQ(alone->text(SettingId::database_url), a);
  EXPECT_EQ(alone->value(SettingId::database_url).place, "DATABASE_URL");
  const Result<Settings> same =
      resolve({}, {{"DATABASE_URL", a}, {"VALIDATOR_HA_DATABASE_URL", a}});
  EXPECT_TRUE(same.has_value());
  const Result<Settings> differ =
      resolve({}, {{"DATABASE_URL", a}, {"VALIDATOR_HA_DATABASE_URL", b}});
  ASSERT_FALSE(differ.has_value());
  EXPECT_TRUE(has(differ.error().message, "two different databases"));
  const Result<Settings> flag =
      resolve({{SettingId::database_url, b}},
              {{"DATABASE_URL", a}, {"VALIDATOR_HA_DATABASE_URL", "postgresql://h/c"}});
  ASSERT_TRUE(flag.has_value());
  EXPECT_EQ(flag->text(SettingId::database_url), b);
  // Other commands do not look at it.
  EXPECT_FALSE(settings_from({}, {{"DATABASE_URL", a}}).has(SettingId::database_url));
}

TEST(PrintedConfig, shows_every_setting_with_its_place_and_no_password) {
  const Settings settings = settings_from(
      {{SettingId::node_id, "n1"}},
      {{"VALIDATOR_HA_DATABASE_URL", "postgresql://u:hunter2@h/d?sslpassword=hunter2"}});
  const std::string text = render(config_table(settings), OutputFormat::table);
  EXPECT_FALSE(has(text, "hunter2"));
  EXPECT_TRUE(has(text, "postgresql://u:***@h/d"));
  EXPECT_TRUE(has(text, "VALIDATOR_HA_DATABASE_URL"));
  EXPECT_TRUE(has(text, "--node-id"));
  EXPECT_TRUE(has(text, "not set"));
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(has(text, std::string(setting.toml_key))) << setting.toml_key;
  }
}

}  // namespace
}  // namespace holdfast::cli
