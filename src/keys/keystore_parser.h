// Reads one keystore file's text. It accepts and refuses what Aztec's loader accepts and refuses,
// but for the differences that README.md lists, and says where and why.
//
// No error holds any part of a key, a password or a mnemonic. What is parsed lives in memory that
// is wiped before parse_keystore returns; keys go straight into Secrets.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "keys/keystore.h"
#include "keys/wiping_resource.h"

namespace holdfast {

/** `file` is the name for messages. Every error begins with it. `memory` is where the tree is
    built. */
Result<KeystoreFile> parse_keystore(std::shared_ptr<const std::string> file, std::string_view text,
                                    WipingResource& memory);

/** The same, with memory of its own. */
Result<KeystoreFile> parse_keystore(std::string file, std::string_view text);

/** The error of a text that is no JSON, without any run of hex digits that may be a key. */
std::string without_hex_runs(std::string_view message);

}  // namespace holdfast
