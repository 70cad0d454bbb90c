// What the tests of the upstream checklist share: nodes with a sign path each, over one memory
// store, on virtual time.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "signer/sign_path.h"
#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/own_memory.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
inline constexpr const char* kStockToken = "0123456789abcdef0123456789abcdef";

/** One node: its keys and sign path over the store that all share. */
struct UpstreamNode {
  UpstreamNode(const std::string& node_id, DutyStore& store, Clock& clock, RandomSource& random,
               Replay replay)
      : key(std::make_shared<TestKey>(clock)), memory(clock, node_id) {
    for (std::uint8_t validator = 0x21; validator < 0x29; ++validator) {
      ring.add(filled_with<Address>(validator), {.attester = true}, key);
    }
    SignSettings settings;
    settings.rules.node_id = node_id;
    settings.rules.replay = replay;
    path =
        std::make_unique<SignPath>(store, memory.memory, ring, clock, random, observer, settings);
  }

  std::shared_ptr<TestKey> key;
  KeyRing ring;
  SignObserver observer;
  OwnMemory memory;
  std::unique_ptr<SignPath> path;
};

/** Ten nodes, which by default answer as the guide says to the letter (no replay). */
class Upstream : public testing::Test {
 protected:
  using Outcomes = std::vector<std::pair<std::string, SignOutcome>>;

  Upstream() { add_nodes(10, Replay::off); }

  void add_nodes(int count, Replay replay) {
    nodes.clear();
    for (int number = 0; number < count; ++number) {
      nodes.push_back(std::make_unique<UpstreamNode>("node-" + std::to_string(number), store, clock,
                                                     random, replay));
    }
  }

  static Duty duty(std::int64_t slot = 100, std::int32_t index = 0, std::uint8_t hash_byte = 0xaa) {
    Duty duty = example_duty(hash_byte);
    duty.key.slot = Slot(slot);
    duty.key.block_index_within_checkpoint = BlockIndex(index);
    return duty;
  }
  static Duty duty_of(DutyType type, std::uint8_t hash_byte = 0xaa) {
    Duty duty = example_duty(hash_byte);
    duty.key.duty_type = type;
    if (type != DutyType::block_proposal) duty.key.block_index_within_checkpoint = kNoBlockIndex;
    if (is_vote(type)) duty.block_number = BlockNumber(0);
    return duty;
  }
  static Duty with_hash(Duty duty, std::uint8_t hash_byte) {
    duty.message_hash = hash_of(hash_byte);
    return duty;
  }
  static Duty on_rollup(Duty duty, std::uint8_t rollup_byte) {
    duty.key.rollup_address = filled_with<RollupAddress>(rollup_byte);
    return duty;
  }
  static Duty by_validator(Duty duty, std::uint8_t validator_byte) {
    duty.key.validator_address = filled_with<Address>(validator_byte);
    return duty;
  }

  Task<SignOutcome> ask(std::size_t node, const Duty& duty) {
    SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
    return nodes[node]->path->sign(duty, std::move(message), clock.now() + seconds(60));
  }
  SignOutcome sign(std::size_t node, const Duty& duty) { return clock.run(ask(node, duty)); }

  /** Starts all at once; outcomes in the order of the asking. */
  std::vector<SignOutcome> sign_all(const std::vector<std::pair<std::size_t, Duty>>& asks) {
    std::vector<std::optional<SignOutcome>> answers(asks.size());
    std::size_t done = 0;
    for (std::size_t at = 0; at < asks.size(); ++at) {
      start(ask(asks[at].first, asks[at].second), [&answers, &done, at](SignOutcome outcome) {
        answers[at].emplace(std::move(outcome));
        ++done;
      });
    }
    while (done < asks.size() && clock.step()) {
    }
    CHECK(done == asks.size());
    std::vector<SignOutcome> outcomes;
    for (auto& answer : answers) outcomes.push_back(std::move(*answer));
    return outcomes;
  }

  static std::string name_of(const SignOutcome& outcome) {
    if (std::holds_alternative<Released>(outcome)) return "released";
    if (const auto* refusal = std::get_if<Refusal>(&outcome)) {
      return std::string(error_name_of(refusal->reason));
    }
    return "error: " + std::get<Error>(outcome).message;
  }
  static std::size_t count(const std::vector<SignOutcome>& outcomes, const std::string& name) {
    std::size_t found = 0;
    for (const SignOutcome& outcome : outcomes) found += name_of(outcome) == name ? 1 : 0;
    return found;
  }
  void expect(const SignOutcome& outcome, const std::string& name) {
    EXPECT_EQ(name_of(outcome), name);
  }
  std::optional<DutyRow> row(const Duty& duty) {
    Result<std::optional<DutyRow>> found = clock.run(store.read(duty.key));
    CHECK(found.has_value());
    return *found;
  }
  /** The next signing of this node fails before anything was signed. */
  void fail_signing(std::size_t node, MaySign may_sign = MaySign::has_not_signed) {
    nodes[node]->key->failure =
        SignFailure{may_sign, Error{ErrorKind::unavailable, "the key cannot be reached"}};
  }

  VirtualClock clock;
  CountingRandom random;
  MemoryStore store{clock};
  std::vector<std::unique_ptr<UpstreamNode>> nodes;
};

inline constexpr const char* kReleased = "released";
inline constexpr const char* kAlreadySigned = "DutyAlreadySignedError";
inline constexpr const char* kSlashing = "SlashingProtectionError";

}  // namespace holdfast::test
