// Keystore files from disk: a comma-separated list of files and directories, as KEY_STORE_DIRECTORY
// and --keystore take it. A directory stands for its *.json files (any case, not those of its
// sub-directories), sorted by name.
//
// A file that group or others can read is refused, and so is the whole list when one file is bad.
// The text lives in locked memory and is wiped when it is parsed. Blocks: for the start only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "keys/key_plan.h"
#include "keys/keystore.h"

namespace holdfast {

/** not_found, permission_denied or invalid_input, with the file's name. */
Result<std::vector<KeystoreFile>> load_keystores(std::string_view paths);

/** load_keystores and plan_keys. */
Result<KeyPlan> load_key_plan(std::string_view paths);

}  // namespace holdfast
