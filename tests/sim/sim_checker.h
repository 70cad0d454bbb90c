// The independent judge of a simulated world: it knows nothing of stores and locks, sees every
// signature that left a node, and never forgets one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/hex.h"
#include "crypto/secp256k1.h"
#include "duty/duty.h"
#include "os/clock.h"

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
  /** A signature has left `node`, in answer to a request of `asked_at` to sign `hash` for `key`. */
  void released(const std::string& node, const DutyKey& key, const MessageHash& hash,
                const Signature& signature, MonotonicTime asked_at) {
    if (forbidden_since_ && asked_at >= *forbidden_since_) {
      fail(fmt::format("{} releases {} while the right database is away", node, to_text(key)));
    }
    released_.insert(key);
    if (signature != signature_over(hash)) {
      fail(fmt::format("{} answered {} with the signature of another message", node, to_text(key)));
    }
    claim(node, key, hash, "released");
  }

  /** `node` was told that the duty is pinned: from now on only this hash may be released. */
  void pinned(const std::string& node, const DutyKey& key, const MessageHash& hash) {
    const auto found = first_.find(key);
    if (history_may_be_lost_ && found != first_.end()) return;
    claim(node, key, hash, "pinned");
  }

  /** The database may be set back to a time before a release, where its lock may be pinned to
      another message. That is no harm: a pin lets nothing out. */
  void expect_lost_history() { history_may_be_lost_ = true; }

  /** From `since` on nothing that is asked for may be released; nullopt: everything may again. */
  void forbid_releases(std::optional<MonotonicTime> since) { forbidden_since_ = since; }

  bool was_released(const DutyKey& key) const { return released_.contains(key); }
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
  bool history_may_be_lost_ = false;
  std::set<DutyKey> released_;
  std::optional<MonotonicTime> forbidden_since_;
  std::optional<std::string> violation_;
};

}  // namespace holdfast::sim
