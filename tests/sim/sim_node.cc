#include "sim/sim_node.h"

#include <span>

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

SignSettings settings_of(const std::string& id) {
  SignSettings settings;
  settings.rules.node_id = id;
  settings.rules.replay = Replay::any;
  return settings;
}

}  // namespace

Task<void> SimLink::travel() {
  const bool slow = context_.dice.percent(context_.weather.slow);
  const std::uint64_t time_ms = slow ? context_.dice.below(5000) : context_.dice.below(4);
  // The world's clock, not the process': a message travels on while its sender is paused.
  co_await context_.clock.sleep(milliseconds(time_ms));
}

template <class T>
Task<Result<T>> SimLink::carry(std::function<Task<Result<T>>()> work) {
  if (process_.buried()) co_return Error{ErrorKind::unavailable, "the process has crashed"};
  const Error down{ErrorKind::unavailable, "the request was lost"};
  const Error in_doubt{ErrorKind::in_doubt, "the answer was lost"};
  Dice& dice = context_.dice;
  const bool lost_request = dice.percent(context_.weather.lost_request);
  const bool late_commit = dice.percent(context_.weather.late_commit);
  const bool lost_reply = dice.percent(context_.weather.lost_reply);
  co_await travel();
  if (late_commit) {
    // The connection broke; the server is still at work on what it had read.
    const auto late = milliseconds(dice.below(4000));
    context_.clock.after(late, [work] { start(work(), [](Result<T>) {}); });
    co_await process_.sleep(milliseconds(0));
    co_return in_doubt;
  }
  if (lost_request) {
    co_await process_.sleep(milliseconds(0));
    co_return down;
  }
  Result<T> answer = co_await work();
  co_await travel();
  co_await process_.sleep(milliseconds(0));
  if (lost_reply) co_return in_doubt;
  co_return answer;
}

Task<Result<DutyStore::LockReply>> SimLink::do_lock(LockRequest request) {
  const MessageHash wanted = request.duty.message_hash;
  std::function<Task<Result<LockReply>>()> work = [this, request] {
    return context_.store.do_lock(request);
  };
  Result<LockReply> reply = co_await carry(std::move(work));
  if (context_.mutation == Mutation::confuse_hashes && reply) {
    if (auto* taken = std::get_if<Taken>(&*reply)) taken->existing.message_hash = wanted;
  }
  co_return reply;
}

Task<Result<DutyStore::Recorded>> SimLink::do_record(RecordRequest request) {
  if (context_.mutation == Mutation::release_before_record) {
    const auto later = milliseconds(context_.dice.below(100));
    context_.clock.after(later, [this, request] {
      start(context_.store.do_record(request), [](Result<Recorded>) {});
    });
    co_return Recorded::yes;
  }
  std::function<Task<Result<Recorded>>()> work = [this, request] {
    return context_.store.do_record(request);
  };
  Result<Recorded> recorded = co_await carry(std::move(work));
  const bool in_doubt = !recorded && recorded.error().kind == ErrorKind::in_doubt;
  if (in_doubt && context_.mutation == Mutation::believe_a_record_in_doubt) {
    co_return Recorded::yes;
  }
  const bool lost = recorded && *recorded == Recorded::lock_lost;
  if (lost && context_.mutation == Mutation::ignore_a_lost_lock) co_return Recorded::yes;
  co_return recorded;
}

Task<Result<void>> SimLink::release_at_store(ReleaseRequest request,
                                             std::shared_ptr<bool> was_ours) {
  TokenQuestion question{.duty = request.duty, .token = request.token, .signature = std::nullopt};
  Result<TokenState> state = co_await context_.store.do_read_token(std::move(question));
  *was_ours = state && *state == TokenState::locked;
  co_return co_await context_.store.do_release(std::move(request));
}

Task<Result<void>> SimLink::do_release(ReleaseRequest request) {
  const Duty duty = request.duty;
  const bool pins = request.pin_reason.has_value();
  if (context_.mutation == Mutation::skip_the_pin) request.pin_reason.reset();
  // The row may be somebody else's by now; a pin counts only where it was written.
  const auto was_ours = std::make_shared<bool>(false);
  std::function<Task<Result<void>>()> work = [this, request, was_ours] {
    return release_at_store(request, was_ours);
  };
  Result<void> done = co_await carry(std::move(work));
  if (pins && *was_ours && done && !process_.crashed()) {
    context_.checker.pinned(node_, duty.key, duty.message_hash);
  }
  co_return done;
}

Task<Result<DutyStore::GatedReply>> SimLink::do_find_gated(RollupAddress rollup, Address validator,
                                                           MessageHash message_hash) {
  std::function<Task<Result<GatedReply>>()> work = [this, rollup, validator, message_hash] {
    return context_.store.do_find_gated(rollup, validator, message_hash);
  };
  co_return co_await carry(std::move(work));
}

Task<Result<DutyStore::TokenState>> SimLink::do_read_token(TokenQuestion question) {
  std::function<Task<Result<TokenState>>()> work = [this, question] {
    return context_.store.do_read_token(question);
  };
  Result<TokenState> state = co_await carry(std::move(work));
  // A question changes nothing, so there is nothing to be in doubt about.
  if (!state && state.error().kind == ErrorKind::in_doubt) {
    co_return Error{ErrorKind::unavailable, "the answer was lost"};
  }
  co_return state;
}

Task<Result<std::optional<DutyRow>>> SimLink::read(DutyKey key) {
  co_return co_await context_.store.read(key);
}
Task<Result<std::vector<DutyRow>>> SimLink::list(DutyFilter filter) {
  co_return co_await context_.store.list(std::move(filter));
}
Task<Result<std::vector<DutyCount>>> SimLink::count_by_node(std::chrono::seconds newer_than) {
  co_return co_await context_.store.count_by_node(newer_than);
}
Task<Result<std::int64_t>> SimLink::delete_stuck(std::string node_id, milliseconds min_age) {
  co_return co_await context_.store.delete_stuck(std::move(node_id), min_age);
}
Task<Result<std::vector<PrunedDuties>>> SimLink::do_prune(PruneRequest request) {
  co_return co_await context_.store.do_prune(std::move(request));
}
Task<Result<HistoryMarks>> SimLink::read_history_marks(HistoryFilter filter) {
  co_return co_await context_.store.read_history_marks(std::move(filter));
}
Task<Result<std::vector<DutyRow>>> SimLink::do_read_history(HistoryFilter filter,
                                                            std::optional<DutyKey> after,
                                                            std::size_t limit) {
  co_return co_await context_.store.do_read_history(std::move(filter), std::move(after), limit);
}
Task<Result<MergedHistory>> SimLink::do_import_history(HistoryBatch batch, ImportMode mode) {
  co_return co_await context_.store.do_import_history(std::move(batch), mode);
}
Task<Result<StoreState>> SimLink::check() {
  co_return co_await context_.store.check();
}
Task<void> SimLink::close() {
  co_return;
}

SimNode::SimNode(SimContext& context, std::string id, Address validator, Address second_validator)
    : context_(context),
      id_(std::move(id)),
      process_(context.clock),
      link_(context, process_, id_),
      random_(std::make_unique<DiceRandom>(context.dice)),
      memory_(process_, id_),
      path_(link_, memory_.memory, keys_, process_, *random_, observer_, settings_of(id_)) {
  const auto key = std::make_shared<SimKey>(context, process_);
  keys_.add(validator, {.attester = true}, key);
  keys_.add(second_validator, {.attester = true}, key);
}

void SimNode::ask(const Duty& duty, std::chrono::seconds within) {
  ++unanswered_;
  SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
  start(path_.sign(duty, std::move(message), process_.now() + within),
        [this, duty](SignOutcome outcome) { take(duty, std::move(outcome)); });
}

void SimNode::ask_gated(const Duty& duty, std::chrono::seconds within) {
  ++unanswered_;
  SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
  start(path_.sign_gated(duty.key.rollup_address, duty.key.validator_address, std::move(message),
                         process_.now() + within),
        [this, duty](SignOutcome outcome) { take(duty, std::move(outcome)); });
}

void SimNode::take(const Duty& duty, SignOutcome outcome) {
  --unanswered_;
  // What a crashed process would have answered has left nowhere.
  if (process_.crashed()) return;
  if (const auto* released = std::get_if<Released>(&outcome)) {
    context_.checker.released(id_, duty.key, duty.message_hash, released->signature);
  }
  answers_.insert_or_assign(duty.key, std::move(outcome));
}

}  // namespace holdfast::sim
