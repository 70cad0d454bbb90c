// What the signer that runs on this machine says of itself, at its ops address.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/listen_address.h"

namespace holdfast::cli {

struct SignerAnswer {
  std::string node_id;
  std::string version;
  /** Why it is not ready; empty when it is. */
  std::vector<std::string> reasons;
};

/** Of the bodies of /status and /readyz. invalid_input when they are not a signer's. Pure. */
Result<SignerAnswer> read_signer_answer(std::string_view status, std::string_view readyz);

/** Asks both, for a few seconds at most. Blocks. */
Result<SignerAnswer> ask_signer(const ListenAddress& ops_address);

}  // namespace holdfast::cli
