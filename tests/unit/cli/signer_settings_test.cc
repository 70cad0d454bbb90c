#include "cli/signer_settings.h"

#include "cli_test_support.h"

namespace holdfast::cli {
namespace {

using enum SettingId;

const std::map<SettingId, std::string> kComplete = {
    {node_id, "n1"},
    {rollup_address, "0x1111111111111111111111111111111111111111"},
    {keystore, "keys.json"},
    {data_dir, "data"}};

std::string problems_with(std::map<SettingId, std::string> changes) {
  for (const auto& [id, value] : kComplete) changes.emplace(id, value);
  std::string text;
  for (const std::string& problem : signer_problems(settings_from(std::move(changes)))) {
    text += problem + "\n";
  }
  return text;
}

TEST(SignerProblems, are_none_for_complete_settings) {
  EXPECT_EQ(problems_with({}), "");
}

struct Row {
  std::string name;
  std::map<SettingId, std::string> changes;
  /** Empty: no problem. */
  std::string problem;
};
class SignerProblem : public testing::TestWithParam<Row> {};

TEST_P(SignerProblem, is_told_with_what_to_do) {
  const std::string text = problems_with(GetParam().changes);
  if (GetParam().problem.empty()) {
    EXPECT_EQ(text, "");
  } else {
    EXPECT_NE(text.find(GetParam().problem), std::string::npos) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    all, SignerProblem,
    testing::Values(
        Row{"signing_disabled",
            {{signing_enabled, "false"}},
            "--signing-enabled is false: Holdfast signs only with its protection on"},
        Row{"stuck_age_at_the_time_out",
            {{max_stuck_duties_age_ms, "3000"}},
            "VALIDATOR_HA_MAX_STUCK_DUTIES_AGE_MS (3000 ms) must be more than"},
        Row{"stuck_age_above_the_time_out", {{max_stuck_duties_age_ms, "3001"}}, ""},
        Row{"pool_min_above_max", {{pool_min, "11"}}, "VALIDATOR_HA_POOL_MIN (11) is more than"},
        Row{"pool_min_at_max", {{pool_min, "10"}}, ""},
        Row{"batch_above_in_flight",
            {{max_batch, "11"}, {max_in_flight, "10"}},
            "such a batch could never run"},
        Row{"certificate_without_key",
            {{tls_certificate, "c.pem"}},
            "--tls-certificate needs --tls-key"},
        Row{"key_without_certificate", {{tls_key, "k.pem"}}, "--tls-key needs --tls-certificate"},
        Row{"client_ca_without_certificate",
            {{tls_client_ca, "ca.pem"}},
            "--tls-client-ca needs --tls-certificate"},
        Row{"beyond_loopback_without_proof", {{listen, "0.0.0.0:9000"}}, "--listen: "},
        Row{"beyond_loopback_with_tls_but_no_proof",
            {{listen, "0.0.0.0:9000"}, {tls_certificate, "c"}, {tls_key, "k"}},
            "--listen: "},
        Row{"beyond_loopback_with_token", {{listen, "0.0.0.0:9000"}, {bearer_token_file, "t"}}, ""},
        Row{"beyond_loopback_with_client_certificates",
            {{listen, "[::]:9000"}, {tls_certificate, "c"}, {tls_key, "k"}, {tls_client_ca, "a"}},
            ""},
        Row{"same_address_twice", {{ops_listen, "127.0.0.1:9000"}}, "are the same address"},
        Row{"free_ports_twice", {{listen, "127.0.0.1:0"}, {ops_listen, "127.0.0.1:0"}}, ""}),
    [](const auto& row) { return row.param.name; });

TEST(SignerProblems, name_each_missing_setting_with_all_its_names) {
  std::string text;
  for (const std::string& problem : signer_problems(settings_from({}))) text += problem + "\n";
  for (const std::string name :
       {"missing: --node-id (or VALIDATOR_HA_NODE_ID in the environment, or node.id in the file",
        "missing: --rollup-address", "missing: --keystore (or KEY_STORE_DIRECTORY",
        "missing: --data-dir (or DATA_DIRECTORY"}) {
    EXPECT_NE(text.find(name), std::string::npos) << name << "\n" << text;
  }
}

TEST(SignerSettings, prune_only_where_an_age_is_set) {
  const std::string rollup = "0x1111111111111111111111111111111111111111";
  EXPECT_FALSE(clean_up_settings_of(settings_from({{rollup_address, rollup}})).pruning);
  const Settings aged = settings_from({{rollup_address, rollup}, {old_duties_max_age_h, "24"}});
  EXPECT_TRUE(signer_warnings(aged).empty());
  const CleanUpSettings settings = clean_up_settings_of(aged);
  ASSERT_TRUE(settings.pruning.has_value());
  EXPECT_EQ(settings.pruning->max_age, std::chrono::hours(24));
  EXPECT_EQ(to_text(settings.pruning->rollup_address), rollup);
}

TEST(SignerWarnings, tell_what_naming_auth_request_lets_through_in_gated_mode) {
  EXPECT_TRUE(signer_warnings(settings_from({{harmless_duty_types, "AUTH_REQUEST"}})).empty());
  EXPECT_TRUE(
      signer_warnings(settings_from({{gated, "true"}, {harmless_duty_types, "TXS"}})).empty());
  const auto warnings =
      signer_warnings(settings_from({{gated, "true"}, {harmless_duty_types, "TXS,AUTH_REQUEST"}}));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("an eth_sign that belongs to no duty is signed"), std::string::npos);
}

TEST(SignerSettings, become_the_types_of_the_rooms) {
  const Settings settings = settings_from({{node_id, "n1"},
                                           {replay, "any"},
                                           {polling_interval_ms, "7"},
                                           {signing_timeout_ms, "1234"},
                                           {claim_delay_ms, "50"},
                                           {max_in_flight, "900"},
                                           {max_stuck_duties_age_ms, "5000"},
                                           {signer_call_timeout_ms, "800"},
                                           {log_level, "verbose"},
                                           {log_format, "json"}});
  const SignSettings sign = sign_settings_of(settings);
  EXPECT_EQ(sign.rules.node_id, "n1");
  EXPECT_EQ(sign.rules.replay, Replay::any);
  EXPECT_EQ(sign.rules.signing_timeout, std::chrono::milliseconds(1234));
  EXPECT_EQ(sign.polling_interval, std::chrono::milliseconds(7));
  EXPECT_EQ(sign.claim_delay, std::chrono::milliseconds(50));
  EXPECT_EQ(sign.in_flight_max, 900u);
  EXPECT_EQ(clean_up_settings_of(settings).max_stuck_duties_age, std::chrono::seconds(5));
  EXPECT_EQ(remote_signer_settings_of(settings).call_timeout, std::chrono::milliseconds(800));
  EXPECT_EQ(log_settings_of(settings).level, LogLevel::verbose);
  EXPECT_EQ(log_settings_of(settings).format, LogFormat::json);
  EXPECT_EQ(replay_of(settings_from({{replay, "off"}})), Replay::off);
  EXPECT_EQ(replay_of(settings_from({})), Replay::own);
}

}  // namespace
}  // namespace holdfast::cli
