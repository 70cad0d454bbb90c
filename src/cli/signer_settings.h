// The settings as the types of the rooms below. Pure but for reading nothing: files are opened by
// the rooms themselves.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/settings.h"
#include "duty/duty.h"
#include "keys/node_keys.h"
#include "protection/judge.h"
#include "signer/clean_up.h"
#include "signer/sign_path.h"
#include "telemetry/log.h"

namespace holdfast::cli {

/** Every setting, for CommandSpec::settings of the signer and of what looks at all of it. */
std::span<const SettingId> every_setting();

Replay replay_of(const Settings& settings);
JudgeRules judge_rules_of(const Settings& settings);
SignSettings sign_settings_of(const Settings& settings);
CleanUpSettings clean_up_settings_of(const Settings& settings);
RemoteSignerSettings remote_signer_settings_of(const Settings& settings);
LogSettings log_settings_of(const Settings& settings);
/** CHECKs that it is set. */
RollupAddress rollup_address_of(const Settings& settings);

/** What a signer cannot do without, and settings that contradict each other: one line for each
    thing that is wrong. Empty when a signer may start. */
std::vector<std::string> signer_problems(const Settings& settings);

/** What the operator of a signer should know, such as a variable that has no effect here. */
std::vector<std::string> signer_warnings(const Settings& settings);

}  // namespace holdfast::cli
