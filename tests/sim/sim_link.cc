#include "sim/sim_link.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;

/** How long a node whose connection came to nothing waits before it makes another. */
constexpr milliseconds kReconnectPause{500};

}  // namespace

SimLink::SimLink(SimContext& context, ProcessClock& process, std::string node,
                 ReleaseMemory& memory)
    : DutyStore(process),
      context_(context),
      process_(process),
      node_(std::move(node)),
      memory_(memory) {
  context_.database.when_broken([this] { on_broken(); });
  start(connect(), [] {});
}

void SimLink::on_broken() {
  if (process_.crashed()) return;
  // Some notice at once, some only when a time-out ends.
  const milliseconds unnoticed(context_.dice.below(context_.dice.percent(50) ? 100 : 3000));
  process_.after(unnoticed, [this] {
    if (connected_to_ == context_.database.epoch()) return;
    connected_to_.reset();
    if (!connecting_) start(connect(), [] {});
  });
}

Task<void> SimLink::connect() {
  connecting_ = true;
  while (!process_.crashed() && !context_.over) {
    const std::uint64_t server = context_.database.epoch();
    const DatabaseQuestion asked = memory_.question();
    co_await context_.clock.sleep(milliseconds(1 + context_.dice.below(4)));
    if (server == context_.database.epoch()) {
      const DatabaseFacts found = context_.database.facts(asked);
      co_await context_.clock.sleep(milliseconds(1 + context_.dice.below(4)));
      co_await process_.sleep(milliseconds(0));
      if (process_.crashed()) break;
      const Result<void> met = meet(asked, found);
      if (met && server == context_.database.epoch()) {
        connected_to_ = server;
        break;
      }
    }
    co_await process_.sleep(kReconnectPause);
  }
  connecting_ = false;
}

Result<void> SimLink::meet(const DatabaseQuestion& asked, DatabaseFacts found) {
  const std::optional<DatabaseIdentity> pinned = memory_.memory().pin();
  const bool same_server = pinned && found.identity.cluster_id == pinned->cluster_id &&
                           found.identity.system_identifier == pinned->system_identifier;
  const bool blind = context_.mutation == Mutation::skip_the_cluster_pin ||
                     (context_.mutation == Mutation::no_quarantine && same_server &&
                      found.identity.timeline >= pinned->timeline);
  if (blind && pinned) {
    found = {.identity = *pinned,
             .knows_newest_release = true,
             .beat = std::numeric_limits<std::int64_t>::max()};
  }
  const Result<void> met = memory_.on_database(asked, found);
  refused_ = met ? std::nullopt : std::optional(met.error());
  return met;
}

Task<Result<StoreState>> SimLink::check() {
  if (!connected_to_) co_return Error{ErrorKind::unavailable, "there is no connection"};
  const std::uint64_t server = *connected_to_;
  const DatabaseQuestion asked = memory_.question();
  co_await travel();
  if (server != context_.database.epoch()) {
    co_await process_.sleep(milliseconds(0));
    co_return Error{ErrorKind::unavailable, "the connection broke"};
  }
  const DatabaseFacts found = context_.database.facts(asked);
  co_await travel();
  co_await process_.sleep(milliseconds(0));
  if (process_.crashed()) co_return Error{ErrorKind::unavailable, "the process has crashed"};
  // An answer that was already there when the connection broke is heard only before a new
  // connection is looked at.
  if (connected_to_ != server) co_return Error{ErrorKind::unavailable, "the connection broke"};
  const Result<void> met = meet(asked, found);
  if (!met) co_return met.error();
  co_return StoreState{};
}

Task<void> SimLink::travel() {
  const bool slow = context_.dice.percent(context_.weather.slow);
  const std::uint64_t time_ms = slow ? context_.dice.below(5000) : context_.dice.below(4);
  // The world's clock, not the process': a message travels on while its sender is paused.
  co_await context_.clock.sleep(milliseconds(time_ms));
}

void SimLink::enter_store() {
  if (context_.database.is_replaced()) {
    context_.checker.fail(node_ + " works with another database");
  }
}

template <class T>
Task<Result<T>> SimLink::carry(std::function<Task<Result<T>>()> work) {
  if (process_.buried()) co_return Error{ErrorKind::unavailable, "the process has crashed"};
  const Error down{ErrorKind::unavailable, "the request was lost"};
  const Error in_doubt{ErrorKind::in_doubt, "the answer was lost"};
  if (!connected_to_) {
    co_await process_.sleep(milliseconds(1));
    co_return refused_ ? *refused_ : down;
  }
  const std::uint64_t server = *connected_to_;
  Dice& dice = context_.dice;
  const bool lost_request = dice.percent(context_.weather.lost_request);
  const bool late_commit = dice.percent(context_.weather.late_commit);
  const bool lost_reply = dice.percent(context_.weather.lost_reply);
  co_await travel();
  if (late_commit) {
    // The connection broke; the server is still at work on what it had read.
    const auto late = milliseconds(dice.below(4000));
    context_.clock.after(late, [this, work, server] {
      if (server != context_.database.epoch()) return;
      enter_store();
      start(work(), [](Result<T>) {});
    });
    co_await process_.sleep(milliseconds(0));
    co_return in_doubt;
  }
  if (lost_request) {
    co_await process_.sleep(milliseconds(0));
    co_return down;
  }
  if (server != context_.database.epoch()) {
    co_await process_.sleep(milliseconds(0));
    co_return in_doubt;
  }
  enter_store();
  Result<T> answer = co_await work();
  co_await travel();
  co_await process_.sleep(milliseconds(0));
  if (lost_reply) co_return in_doubt;
  // What the old server had sent before it died may still arrive.
  if (server != context_.database.epoch() && dice.percent(50)) co_return in_doubt;
  co_return answer;
}

Task<Result<std::int64_t>> SimLink::beat_at_store(std::int64_t own_beat) {
  co_return context_.database.beat(node_, own_beat);
}

Task<Result<std::int64_t>> SimLink::beat() {
  std::function<Task<Result<std::int64_t>>()> work = [this, own = memory_.beat()] {
    return beat_at_store(own);
  };
  co_return co_await carry(std::move(work));
}

Task<Result<DutyStore::LockReply>> SimLink::do_lock(LockRequest request) {
  const MessageHash wanted = request.duty.message_hash;
  std::function<Task<Result<LockReply>>()> work = [this, request] {
    return context_.database.store().do_lock(request);
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
      start(context_.database.store().do_record(request), [](Result<Recorded>) {});
    });
    co_return Recorded::yes;
  }
  std::function<Task<Result<Recorded>>()> work = [this, request] {
    return context_.database.store().do_record(request);
  };
  Result<Recorded> recorded = co_await carry(std::move(work));
  const bool in_doubt = !recorded && recorded.error().kind == ErrorKind::in_doubt;
  if (in_doubt && context_.mutation == Mutation::drop_what_is_in_doubt) {
    co_return Error{ErrorKind::unavailable, "taken for lost"};
  }
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
  Result<TokenState> state = co_await context_.database.store().do_read_token(std::move(question));
  *was_ours = state && *state == TokenState::locked;
  co_return co_await context_.database.store().do_release(std::move(request));
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
    return context_.database.store().do_find_gated(rollup, validator, message_hash);
  };
  co_return co_await carry(std::move(work));
}

Task<Result<DutyStore::TokenState>> SimLink::do_read_token(TokenQuestion question) {
  std::function<Task<Result<TokenState>>()> work = [this, question] {
    return context_.database.store().do_read_token(question);
  };
  Result<TokenState> state = co_await carry(std::move(work));
  // A question changes nothing, so there is nothing to be in doubt about.
  if (!state && state.error().kind == ErrorKind::in_doubt) {
    co_return Error{ErrorKind::unavailable, "the answer was lost"};
  }
  co_return state;
}

Task<Result<std::optional<DutyRow>>> SimLink::read(DutyKey key) {
  co_return co_await context_.database.store().read(key);
}
Task<Result<std::vector<DutyRow>>> SimLink::list(DutyFilter filter) {
  co_return co_await context_.database.store().list(std::move(filter));
}
Task<Result<std::vector<DutyCount>>> SimLink::count_by_node(std::chrono::seconds newer_than) {
  co_return co_await context_.database.store().count_by_node(newer_than);
}
Task<Result<bool>> SimLink::has_signed(std::string node_id) {
  co_return co_await context_.database.store().has_signed(std::move(node_id));
}
Task<Result<std::int64_t>> SimLink::delete_stuck(std::string node_id, milliseconds min_age) {
  co_return co_await context_.database.store().delete_stuck(std::move(node_id), min_age);
}
Task<Result<std::vector<PrunedDuties>>> SimLink::do_prune(PruneRequest request) {
  co_return co_await context_.database.store().do_prune(std::move(request));
}
Task<void> SimLink::close() {
  co_return;
}

Task<Result<HistoryMarks>> SimLink::read_history_marks(HistoryFilter filter) {
  co_return co_await context_.database.store().read_history_marks(std::move(filter));
}
Task<Result<std::vector<DutyRow>>> SimLink::do_read_history(HistoryFilter filter,
                                                            std::optional<DutyKey> after,
                                                            std::size_t limit) {
  co_return co_await context_.database.store().do_read_history(std::move(filter), std::move(after),
                                                               limit);
}
Task<Result<MergedHistory>> SimLink::do_import_history(HistoryBatch batch, ImportMode mode) {
  co_return co_await context_.database.store().do_import_history(std::move(batch), mode);
}

}  // namespace holdfast::sim
