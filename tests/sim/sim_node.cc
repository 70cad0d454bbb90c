#include "sim/sim_node.h"

#include <span>
#include <utility>

#include <fmt/format.h>

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

/** Seeded bytes: lock tokens differ between nodes and are the same in every run of a seed. */
class DiceRandom final : public RandomSource {
 public:
  explicit DiceRandom(Dice& dice) : dice_(dice) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(dice_.bits());
  }

 private:
  Dice& dice_;
};

/** A key at a remote signer, which may be slow, fail cleanly, or hang after it has signed. */
class SimKey final : public KeyBackend {
 public:
  SimKey(SimContext& context, Clock& clock) : context_(context), clock_(clock) {}

  Task<std::variant<SignFailure, Signature>> sign(Address, SignableMessage message) override {
    if (context_.dice.percent(context_.weather.signer_hangs)) {
      co_await clock_.sleep(milliseconds(context_.dice.below(6000)));
      if (context_.dice.percent(50)) {
        co_return SignFailure{MaySign::may_have_signed, Error{ErrorKind::timeout, "hangs"}};
      }
    }
    if (context_.dice.percent(context_.weather.signer_fails)) {
      co_return SignFailure{MaySign::has_not_signed, Error{ErrorKind::unavailable, "fails"}};
    }
    co_return signature_over(message.message_hash);
  }
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address, Transaction) override {
    co_return SignFailure{MaySign::has_not_signed, Error{ErrorKind::invalid_input, "not here"}};
  }

 private:
  SimContext& context_;
  Clock& clock_;
};

/** Tells what happens in a node's memory. */
class Teller final : public ReleaseMemoryObserver {
 public:
  Teller(const SimContext& context, std::string node) : context_(context), node_(std::move(node)) {}

  void on_database_accepted(const DatabaseIdentity& database) override {
    tell("accepts timeline {} of {}", database.timeline, database.cluster_id);
  }
  void on_database_refused(const DatabaseIdentity&, const std::string& why) override {
    tell("refuses the database: {}", why.substr(0, why.find(':')));
  }
  void on_quarantine_begun(const Quarantine& quarantine) override {
    tell("begins a quarantine: {}", name_of(quarantine.reason));
  }
  void on_quarantine_learned(const Quarantine& quarantine) override {
    if (quarantine.floors.empty()) return tell("has learned nothing for its quarantine");
    tell("has learned that slots up to {} are in quarantine",
         quarantine.floors.begin()->second.number());
  }
  void on_quarantine_ended(const Quarantine&) override { tell("is out of quarantine"); }

 private:
  template <class... Values>
  void tell(fmt::format_string<Values...> format, Values&&... values) {
    if (!context_.tell) return;
    context_.tell(node_ + " " + fmt::format(format, std::forward<Values>(values)...));
  }

  const SimContext& context_;
  std::string node_;
};

/** Requests come at their slot's time and at most this many slots later: the margin over a slot
    that one node is asked for is above all that others have signed. */
constexpr SlotMargin kMargin{2};

ReleaseMemorySettings memory_settings(const SimContext& context, const std::string& id) {
  ReleaseMemorySettings settings;
  settings.node_id = id;
  settings.quarantine_margin = kMargin;
  settings.learning_time = milliseconds(3000);
  if (context.mutation == Mutation::quarantine_without_learning) {
    settings.learning_time = milliseconds(0);
  }
  return settings;
}

SignSettings settings_of(const std::string& id) {
  SignSettings settings;
  settings.rules.node_id = id;
  settings.rules.replay = Replay::any;
  return settings;
}

}  // namespace

SimNode::SimNode(SimContext& context, std::string id, SimDisk& disk, Address validator,
                 Address second_validator)
    : context_(context),
      id_(std::move(id)),
      process_(context.clock),
      journal_(context, process_, disk),
      memory_observer_(std::make_unique<Teller>(context, id_)),
      memory_(journal_, process_, *memory_observer_, memory_settings(context, id_)),
      link_(context, process_, id_, memory_),
      random_(std::make_unique<DiceRandom>(context.dice)) {
  const auto key = std::make_shared<SimKey>(context, process_);
  keys_.add(validator, {.attester = true}, key);
  keys_.add(second_validator, {.attester = true}, key);
  ReleaseMemory* judging = &memory_;
  if (context.mutation == Mutation::no_second_look) {
    // Reads the same journal, but no database is ever shown to it.
    blind_memory_ = std::make_unique<ReleaseMemory>(journal_, process_, *memory_observer_,
                                                    memory_settings(context, id_));
    judging = blind_memory_.get();
  }
  path_ = path_with(*judging);
  if (context.mutation == Mutation::believe_the_journal_in_quarantine) {
    believing_memory_ = std::make_unique<test::OwnMemory>(process_, id_);
    believing_path_ = path_with(believing_memory_->memory);
  }
  process_.after(milliseconds(100 + context.dice.below(900)), [this] { live(); });
}

std::unique_ptr<SignPath> SimNode::path_with(ReleaseMemory& memory) {
  return std::make_unique<SignPath>(link_, memory, keys_, process_, *random_, observer_,
                                    settings_of(id_));
}

void SimNode::crash() {
  process_.crash();
  journal_.crash();
}

void SimNode::live() {
  if (process_.crashed() || context_.over) return;
  start(beat(), [this] {
    if (process_.crashed() || context_.over) return;
    process_.after(kBeatInterval, [this] { live(); });
  });
  // On a connection of its own, side by side with the beat.
  process_.after(milliseconds(context_.dice.below(20)), [this] {
    if (!process_.crashed()) start(link_.check(), [](const Result<StoreState>&) {});
  });
}

Task<void> SimNode::beat() {
  const Result<void> settled = co_await memory_.settle();
  if (!settled) co_return;
  Result<std::int64_t> beat = co_await link_.beat();
  // A beat that cannot be kept is told again by the next one.
  if (beat) {
    Result<void> kept = co_await memory_.beaten(*beat);
    static_cast<void>(kept);
  }
}

SignPath& SimNode::path_for(const Duty& duty) {
  const bool remembered = memory_.memory().released(duty.key) == duty.message_hash;
  return believing_path_ && remembered ? *believing_path_ : *path_;
}

void SimNode::ask(const Duty& duty, std::chrono::seconds within) {
  if (process_.crashed()) return;
  ++unanswered_;
  const MonotonicTime asked_at = process_.now();
  SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
  start(path_for(duty).sign(duty, std::move(message), process_.now() + within),
        [this, duty, asked_at](SignOutcome outcome) { take(duty, asked_at, std::move(outcome)); });
}

void SimNode::ask_gated(const Duty& duty, std::chrono::seconds within) {
  if (process_.crashed()) return;
  ++unanswered_;
  const MonotonicTime asked_at = process_.now();
  SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
  start(path_for(duty).sign_gated(duty.key.rollup_address, duty.key.validator_address,
                                  std::move(message), process_.now() + within),
        [this, duty, asked_at](SignOutcome outcome) { take(duty, asked_at, std::move(outcome)); });
}

void SimNode::take(const Duty& duty, MonotonicTime asked_at, SignOutcome outcome) {
  --unanswered_;
  // What a crashed process would have answered has left nowhere.
  if (process_.crashed()) return;
  if (const auto* released = std::get_if<Released>(&outcome)) {
    context_.checker.released(id_, duty.key, duty.message_hash, released->signature, asked_at);
    if (context_.tell)
      context_.tell(fmt::format("{} releases {} {}", id_, to_text(duty.key),
                                to_text(duty.message_hash).substr(0, 6)));
  }
  answers_.insert_or_assign(duty.key, std::move(outcome));
}

}  // namespace holdfast::sim
