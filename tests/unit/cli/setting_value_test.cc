#include <string>
#include <vector>

#include "cli/setting.h"
#include "gtest/gtest.h"

namespace holdfast::cli {
namespace {

struct Row {
  std::string name;
  SettingId id;
  std::string text;
  /** The canonical value; empty: refused. */
  std::string expected;
  /** A part of the error. */
  std::string error;
};

class CheckedValue : public testing::TestWithParam<Row> {};

TEST_P(CheckedValue, is_canonical_or_refused_with_what_would_be_right) {
  const Row& row = GetParam();
  const Result<std::string> value = checked_value(setting_of(row.id), row.text);
  if (!row.expected.empty()) {
    ASSERT_TRUE(value.has_value()) << value.error().message;
    EXPECT_EQ(*value, row.expected);
    return;
  }
  ASSERT_FALSE(value.has_value()) << *value;
  EXPECT_EQ(value.error().kind, ErrorKind::invalid_input);
  EXPECT_NE(value.error().message.find(row.error), std::string::npos) << value.error().message;
}

constexpr SettingId kFlag = SettingId::signing_enabled;
constexpr SettingId kPoll = SettingId::polling_interval_ms;
constexpr SettingId kUrl = SettingId::database_url;

INSTANTIATE_TEST_SUITE_P(
    booleans, CheckedValue,
    testing::Values(
        Row{"lower_true", kFlag, "true", "true", ""}, Row{"title_true", kFlag, "True", "true", ""},
        Row{"upper_true", kFlag, "TRUE", "true", ""}, Row{"one", kFlag, "1", "true", ""},
        Row{"yes", kFlag, "Yes", "true", ""}, Row{"on", kFlag, "oN", "true", ""},
        Row{"lower_false", kFlag, "false", "false", ""}, Row{"zero", kFlag, "0", "false", ""},
        Row{"no", kFlag, "NO", "false", ""}, Row{"off", kFlag, "Off", "false", ""},
        Row{"letter_t", kFlag, "t", "", "'t' is neither yes nor no"},
        Row{"two", kFlag, "2", "", "neither yes nor no"},
        Row{"with_space", kFlag, "true ", "", "neither yes nor no"},
        Row{"enabled", kFlag, "enabled", "", "neither yes nor no"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    numbers, CheckedValue,
    testing::Values(Row{"below", kPoll, "0", "", "out of range: allowed are 1 to 60000"},
                    Row{"at_the_lower_bound", kPoll, "1", "1", ""},
                    Row{"within", kPoll, "250", "250", ""},
                    Row{"leading_zeros", kPoll, "0250", "250", ""},
                    Row{"at_the_upper_bound", kPoll, "60000", "60000", ""},
                    Row{"above", kPoll, "60001", "", "out of range"},
                    Row{"beyond_64_bits", kPoll, "99999999999999999999", "", "out of range"},
                    Row{"negative", kPoll, "-5", "", "out of range"},
                    Row{"with_a_unit", kPoll, "10s", "",
                        "'10s' is not a whole number of milliseconds (1 to 60000)"},
                    Row{"fraction", kPoll, "1.5", "", "not a whole number"},
                    Row{"hexadecimal", kPoll, "0x10", "", "not a whole number"},
                    Row{"plus_sign", kPoll, "+5", "", "not a whole number"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    others, CheckedValue,
    testing::Values(
        Row{"choice_in_capitals", SettingId::replay, "ANY", "any", ""},
        Row{"choice_unknown", SettingId::replay, "all", "", "'all' is not one of off|own|any"},
        Row{"address_with_check_sum", SettingId::rollup_address,
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", ""},
        Row{"address_with_wrong_check_sum", SettingId::rollup_address,
            "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "", "0x5AAeb6053F3E94C9b9A0"},
        Row{"address_too_short", SettingId::rollup_address, "0x1234", "", "0x1234"},
        Row{"localhost", SettingId::listen, "localhost:9000", "127.0.0.1:9000", ""},
        Row{"ipv6", SettingId::listen, "[::1]:0", "[::1]:0", ""},
        Row{"no_port", SettingId::listen, "127.0.0.1", "", "127.0.0.1"},
        Row{"port_too_large", SettingId::listen, "127.0.0.1:65536", "", "65536"},
        Row{"harmless_types", SettingId::harmless_duty_types, " TXS , AUTH_REQUEST",
            "TXS,AUTH_REQUEST", ""},
        Row{"harmful_type", SettingId::harmless_duty_types, "ATTESTATION", "",
            "'ATTESTATION' is not a harmless duty type"},
        Row{"node_id_of_255", SettingId::node_id, std::string(255, 'n'), std::string(255, 'n'), ""},
        Row{"node_id_of_256", SettingId::node_id, std::string(256, 'n'), "", "256 characters"},
        Row{"node_id_with_line_end", SettingId::node_id, "a\nb", "", "control character"},
        Row{"empty_keystore_list", SettingId::keystore, " , ", "", "names no file"},
        Row{"sqlite_file", kUrl, "sqlite:/tmp/duties.db", "sqlite:/tmp/duties.db", ""},
        Row{"sqlite_without_path", kUrl, "sqlite:", "", "not followed by a path"},
        Row{"postgres", kUrl, "postgres://u:p@h:1/d", "postgres://u:p@h:1/d", ""}),
    [](const auto& row) { return row.param.name; });

TEST(DatabaseUrl, is_refused_without_being_shown) {
  for (const std::string text : {"mysql://root:hunter2@host/db", "hunter2", "hunter2@host"}) {
    const Result<std::string> value = checked_value(setting_of(kUrl), text);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().message.find("hunter2"), std::string::npos) << value.error().message;
    EXPECT_NE(value.error().message.find("postgresql://"), std::string::npos);
  }
}

struct MaskRow {
  std::string name;
  std::string url;
  std::string masked;
};
class MaskedUrl : public testing::TestWithParam<MaskRow> {};

TEST_P(MaskedUrl, hides_every_password) {
  EXPECT_EQ(masked_database_url(GetParam().url), GetParam().masked);
  EXPECT_EQ(has_password(GetParam().url), GetParam().url != GetParam().masked);
}

INSTANTIATE_TEST_SUITE_P(
    forms, MaskedUrl,
    testing::Values(
        MaskRow{"plain", "postgresql://u:secret@h:5432/d", "postgresql://u:***@h:5432/d"},
        MaskRow{"no_password", "postgresql://u@h:5432/d", "postgresql://u@h:5432/d"},
        MaskRow{"no_user", "postgresql://h:5432/d", "postgresql://h:5432/d"},
        MaskRow{"unencoded_at", "postgresql://u:se@cret@h/d", "postgresql://u:***@h/d"},
        MaskRow{"unencoded_slash", "postgresql://u:se/cr?et@h/d", "postgresql://u:***@h/d"},
        MaskRow{"parameter", "postgresql://h/d?user=u&password=secret&sslmode=require",
                "postgresql://h/d?user=u&password=***&sslmode=require"},
        MaskRow{"parameter_last", "postgresql://h/d?PASSWORD=secret",
                "postgresql://h/d?PASSWORD=***"},
        MaskRow{"key_password", "postgresql://u:a@h/d?sslpassword=b",
                "postgresql://u:***@h/d?sslpassword=***"},
        MaskRow{"conninfo", "host=h password='my secret' dbname=d", "host=h password=***"},
        MaskRow{"several_hosts", "postgresql://u:secret@a:1,b:2/d", "postgresql://u:***@a:1,b:2/d"},
        MaskRow{"sqlite", "sqlite:/data/duties.db", "sqlite:/data/duties.db"}),
    [](const auto& row) { return row.param.name; });

TEST(SettingsTable, has_its_rows_in_the_order_of_the_enumeration) {
  for (std::size_t i = 0; i < kSettingCount; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(settings_table()[i].id), i);
  }
}

TEST(SettingsTable, has_every_name_once_and_defaults_that_are_right) {
  std::vector<std::string_view> names;
  for (const Setting& setting : settings_table()) {
    for (const std::string_view name : {setting.flag, setting.environment, setting.toml_key}) {
      if (!name.empty()) names.push_back(name);
    }
    EXPECT_TRUE(setting.flag.starts_with("--")) << setting.flag;
    EXPECT_FALSE(setting.help.empty()) << setting.flag;
    if (setting.default_value.empty()) continue;
    const Result<std::string> value = checked_value(setting, setting.default_value);
    ASSERT_TRUE(value.has_value()) << setting.flag << ": " << value.error().message;
    EXPECT_EQ(*value, setting.default_value);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(SettingsTable, has_the_guides_variables_with_aztecs_defaults) {
  const auto default_of = [](std::string_view variable) -> std::string_view {
    for (const Setting& setting : settings_table()) {
      if (setting.environment == variable) return setting.default_value;
    }
    return "no such variable";
  };
  EXPECT_EQ(default_of("VALIDATOR_HA_NODE_ID"), "");
  EXPECT_EQ(default_of("VALIDATOR_HA_DATABASE_URL"), "");
  EXPECT_EQ(default_of("VALIDATOR_HA_POLLING_INTERVAL_MS"), "100");
  EXPECT_EQ(default_of("VALIDATOR_HA_SIGNING_TIMEOUT_MS"), "3000");
  EXPECT_EQ(default_of("VALIDATOR_HA_MAX_STUCK_DUTIES_AGE_MS"), "144000");
  EXPECT_EQ(default_of("VALIDATOR_HA_OLD_DUTIES_MAX_AGE_H"), "");
  EXPECT_EQ(default_of("VALIDATOR_HA_POOL_MAX"), "10");
  EXPECT_EQ(default_of("VALIDATOR_HA_POOL_MIN"), "0");
  EXPECT_EQ(default_of("VALIDATOR_HA_POOL_IDLE_TIMEOUT_MS"), "10000");
  EXPECT_EQ(default_of("VALIDATOR_HA_POOL_CONNECTION_TIMEOUT_MS"), "0");
  EXPECT_EQ(default_of("VALIDATOR_SIGNER_CALL_TIMEOUT_MS"), "30000");
  EXPECT_EQ(default_of("VALIDATOR_HA_REPLAY"), "own");
  EXPECT_EQ(default_of("VALIDATOR_HA_CLAIM_DELAY_MS"), "0");
  EXPECT_EQ(default_of("KEY_STORE_DIRECTORY"), "");
  EXPECT_EQ(default_of("DATA_DIRECTORY"), "");
  // Aztec's default is false; a Holdfast signer without protection does not exist.
  EXPECT_EQ(default_of("VALIDATOR_HA_SIGNING_ENABLED"), "true");
}

}  // namespace
}  // namespace holdfast::cli
