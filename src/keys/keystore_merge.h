// The top-level values of several keystore files, as one. Aztec lets the last file win, or adds up,
// so that one file redirects the validators of another; here that is refused. The rule: a file
// means with others what it means alone, except that a remote signer may fill another file's gap.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "keys/keystore.h"

namespace holdfast {

struct MergedDefaults {
  std::shared_ptr<const RemoteSignerConfig> remote_signer;
};

/** Refuses two schema versions among files with validators, two provers, two different values of
    remoteSigner, coinbase or feeRecipient, and a coinbase or publisher that would reach the
    validators of a file that does not set it. That the publishers of several files are the same is
    for the resolver to see, for it takes addresses. */
Result<MergedDefaults> merge_defaults(const std::vector<KeystoreFile>& files);

}  // namespace holdfast
