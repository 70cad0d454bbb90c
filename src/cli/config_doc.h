// What people read about the settings, made from the table.
#pragma once

#include <string>

#include "cli/settings.h"
#include "cli/table_output.h"

namespace holdfast::cli {

/** docs/CONFIGURATION.md, whole. */
std::string configuration_document();

/** deploy/signer.example.toml, whole: every key, commented out at its default. */
std::string example_toml();

/** --print-config: setting, value (secrets masked) and where it came from. */
Table config_table(const Settings& settings);

}  // namespace holdfast::cli
