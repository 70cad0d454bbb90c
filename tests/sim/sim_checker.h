// The independent judge of a simulated world: it knows nothing of stores and locks, sees every
// signature that left a node, and never forgets one.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/hex.h"
#include "crypto/secp256k1.h"
#include "duty/duty.h"

namespace holdfast::sim {

/** What a simulated key makes of a message: no real ECDSA, but it tells what was signed. */
inline Signature signature_over(const MessageHash& hash) {
  Signature signature;
  for (std::size_t at = 0; at < signature.bytes.size(); ++at) {
    signature.bytes[at] = hash.bytes[at % hash.bytes.size()];
  }
  return signature;
}

class Checker {
 public:
  /** A signature has left `node`, in answer to a request to sign `hash` for `key`. */
  void released(const std::string& node, const DutyKey& key, const MessageHash& hash,
                const Signature& signature) {
    if (signature != signature_over(hash)) {
      fail(fmt::format("{} answered {} with the signature of another message", node, to_text(key)));
    }
    claim(node, key, hash, "released");
  }

  /** `node` was told that the duty is pinned: from now on only this hash may be released. */
  void pinned(const std::string& node, const DutyKey& key, const MessageHash& hash) {
    claim(node, key, hash, "pinned");
  }

  bool was_signed(const DutyKey& key) const { return first_.contains(key); }
  std::size_t count() const noexcept { return first_.size(); }
  const std::optional<std::string>& violation() const noexcept { return violation_; }
  void fail(std::string what) {
    if (!violation_) violation_ = std::move(what);
  }

 private:
  struct First {
    std::string node;
    MessageHash hash;
    std::string how;
  };

  void claim(const std::string& node, const DutyKey& key, const MessageHash& hash,
             std::string how) {
    const auto [found, inserted] = first_.try_emplace(key, First{node, hash, how});
    if (inserted || found->second.hash == hash) return;
    fail(fmt::format("two contents for {}: {} {} {}, and {} {} {}", to_text(key),
                     found->second.node, found->second.how,
                     to_text(found->second.hash).substr(0, 10), node, how,
                     to_text(hash).substr(0, 10)));
  }

  std::map<DutyKey, First> first_;
  std::optional<std::string> violation_;
};

}  // namespace holdfast::sim
