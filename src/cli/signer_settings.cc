#include "cli/signer_settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hex.h"
#include "http/listen_address.h"

namespace holdfast::cli {
namespace {

using enum SettingId;

/** Both or neither of two settings. */
void check_pair(const Settings& settings, SettingId one, SettingId other,
                std::vector<std::string>& problems) {
  if (settings.has(one) == settings.has(other)) return;
  const SettingId given = settings.has(one) ? one : other;
  const SettingId wanted = settings.has(one) ? other : one;
  problems.push_back(
      fmt::format("{} needs {} beside it", settings.value(given).place, setting_of(wanted).flag));
}

CallerProof proof_of(const Settings& settings) {
  if (settings.has(tls_client_ca)) return CallerProof::client_certificate;
  if (settings.has(bearer_token_file)) return CallerProof::bearer_token;
  return CallerProof::none;
}

void check_listeners(const Settings& settings, std::vector<std::string>& problems) {
  const Result<ListenAddress> signing = parse_listen_address(settings.text(listen));
  CHECK(signing.has_value());
  const Result<void> allowed = check_listen_address(*signing, proof_of(settings));
  if (!allowed) {
    problems.push_back(
        fmt::format("{}: {}", settings.value(listen).place, allowed.error().message));
  }
  if (settings.text(listen) == settings.text(ops_listen) && signing->port != 0) {
    problems.push_back(fmt::format("{} and {} are the same address {}", setting_of(listen).flag,
                                   setting_of(ops_listen).flag, settings.text(listen)));
  }
}

}  // namespace

std::span<const SettingId> every_setting() {
  static const std::vector<SettingId> ids = [] {
    std::vector<SettingId> all;
    for (const Setting& setting : settings_table()) all.push_back(setting.id);
    return all;
  }();
  return ids;
}

Replay replay_of(const Settings& settings) {
  const std::string& text = settings.text(replay);
  if (text == "any") return Replay::any;
  return text == "own" ? Replay::own : Replay::off;
}

JudgeRules judge_rules_of(const Settings& settings) {
  return {settings.text(node_id), replay_of(settings), settings.milliseconds(signing_timeout_ms)};
}

SignSettings sign_settings_of(const Settings& settings) {
  return {.rules = judge_rules_of(settings),
          .polling_interval = settings.milliseconds(polling_interval_ms),
          .claim_delay = settings.milliseconds(claim_delay_ms),
          .in_flight_max = settings.count(max_in_flight)};
}

CleanUpSettings clean_up_settings_of(const Settings& settings) {
  CleanUpSettings result;
  result.node_id = settings.text(node_id);
  result.max_stuck_duties_age = settings.milliseconds(max_stuck_duties_age_ms);
  if (settings.has(old_duties_max_age_h)) {
    const std::chrono::hours max_age(settings.integer(old_duties_max_age_h));
    result.pruning =
        CleanUpSettings::Pruning{.rollup_address = rollup_address_of(settings), .max_age = max_age};
  }
  return result;
}

RemoteSignerSettings remote_signer_settings_of(const Settings& settings) {
  RemoteSignerSettings result;
  result.call_timeout = settings.milliseconds(signer_call_timeout_ms);
  result.ca_file = settings.text(remote_signer_ca);
  return result;
}

LogSettings log_settings_of(const Settings& settings) {
  LogSettings result;
  result.level = log_level_from_name(settings.text(log_level)).value_or(LogLevel::info);
  result.format = log_format_from_name(settings.text(log_format)).value_or(LogFormat::text);
  return result;
}

RollupAddress rollup_address_of(const Settings& settings) {
  const auto address = fixed_from_hex<RollupAddress>(settings.text(rollup_address));
  CHECK(address.has_value());
  return *address;
}

std::vector<std::string> signer_problems(const Settings& settings) {
  std::vector<std::string> problems;
  for (const SettingId id : {node_id, rollup_address, keystore, data_dir}) {
    if (!settings.has(id)) problems.push_back(missing_setting(id));
  }
  if (!settings.boolean(signing_enabled)) {
    problems.push_back(fmt::format(
        "{} is false: Holdfast signs only with its protection on, so there is nothing for this "
        "signer to do. Set it to true, or do not start the signer",
        settings.value(signing_enabled).place));
  }
  if (settings.integer(max_stuck_duties_age_ms) <= settings.integer(signing_timeout_ms)) {
    problems.push_back(fmt::format(
        "{} ({} ms) must be more than {} ({} ms): a duty that is being signed is not stuck",
        setting_of(max_stuck_duties_age_ms).environment, settings.integer(max_stuck_duties_age_ms),
        setting_of(signing_timeout_ms).environment, settings.integer(signing_timeout_ms)));
  }
  if (settings.integer(pool_min) > settings.integer(pool_max)) {
    problems.push_back(fmt::format("{} ({}) is more than {} ({})", setting_of(pool_min).environment,
                                   settings.integer(pool_min), setting_of(pool_max).environment,
                                   settings.integer(pool_max)));
  }
  if (settings.integer(max_batch) > settings.integer(max_in_flight)) {
    problems.push_back(fmt::format("{} ({}) is more than {} ({}): such a batch could never run",
                                   setting_of(max_batch).flag, settings.integer(max_batch),
                                   setting_of(max_in_flight).flag,
                                   settings.integer(max_in_flight)));
  }
  check_pair(settings, tls_certificate, tls_key, problems);
  if (settings.has(tls_client_ca) && !settings.has(tls_certificate)) {
    problems.push_back(fmt::format("{} needs {} beside it", settings.value(tls_client_ca).place,
                                   setting_of(tls_certificate).flag));
  }
  check_listeners(settings, problems);
  return problems;
}

std::vector<std::string> signer_warnings(const Settings& settings) {
  std::vector<std::string> warnings;
  if (settings.boolean(allow_attester_exit)) {
    warnings.push_back(
        fmt::format("{} is on: a client of this signer can withdraw the attester's stake",
                    settings.value(allow_attester_exit).place));
  }
  const std::vector<std::string> harmless = settings.list(harmless_duty_types);
  const bool any_payload =
      settings.boolean(gated) && std::find(harmless.begin(), harmless.end(),
                                           name_of(DutyType::auth_request)) != harmless.end();
  if (any_payload) {
    warnings.push_back(
        fmt::format("{} names AUTH_REQUEST: an eth_sign that belongs to no duty is signed whatever "
                    "it is. That is safe only where all duties are typed data, so never behind "
                    "Aztec 4.1.2",
                    settings.value(harmless_duty_types).place));
  }
  if (settings.has(bearer_token_file) && !settings.has(tls_certificate)) {
    const Result<ListenAddress> address = parse_listen_address(settings.text(listen));
    if (address && !address->is_loopback()) {
      warnings.push_back(
          "the bearer token travels without TLS: whoever can listen on the "
          "network between client and signer can use it");
    }
  }
  const Result<ListenAddress> ops = parse_listen_address(settings.text(ops_listen));
  if (ops && !ops->is_loopback()) {
    warnings.push_back(
        "the ops listener is reachable beyond this machine: it is read-only, and "
        "shows addresses, counts and versions to whoever gets there");
  }
  return warnings;
}

}  // namespace holdfast::cli
