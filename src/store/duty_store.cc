#include "store/duty_store.h"

#include <map>
#include <utility>

namespace holdfast {
namespace {

/** Pauses before each reading back of a commit in doubt: the server that lost our answer may be
    restarting. Their sum, and the store's own time-outs, bound how long a request can hang here. */
constexpr std::chrono::milliseconds kResolvePauses[] = {
    std::chrono::milliseconds(0), std::chrono::milliseconds(50), std::chrono::milliseconds(200),
    std::chrono::milliseconds(500), std::chrono::milliseconds(1000)};

/** How often one signature is written again after the store was seen not to have it. */
constexpr int kRecordTries = 3;

Error in_doubt(const Duty& duty, std::string_view what, const Error& last) {
  return Error{ErrorKind::in_doubt,
               std::string(what) + " of " + to_text(duty.key) +
                   " is in doubt, and reading it back failed: " + last.message};
}

/** Adds what one more transaction pruned. */
void add_pruned(std::map<std::pair<Address, DutyType>, PrunedDuties>& all,
                const PrunedDuties& pruned) {
  auto [entry, is_new] =
      all.try_emplace(std::pair(pruned.validator_address, pruned.duty_type), pruned);
  if (is_new) return;
  entry->second.watermark_after = pruned.watermark_after;
  entry->second.rows_deleted += pruned.rows_deleted;
  entry->second.ledger_entries_deleted += pruned.ledger_entries_deleted;
}

}  // namespace

Task<Result<ClaimAnswer>> DutyStore::claim(Duty duty, std::string node_id, LockToken token) {
  LockRequest request{.duty = std::move(duty),
                      .node_id = std::move(node_id),
                      .token = std::move(token),
                      .take_over_age = std::nullopt};
  co_return co_await lock(std::move(request));
}

Task<Result<ClaimAnswer>> DutyStore::take_over(Duty duty, std::string node_id, LockToken token,
                                               std::chrono::milliseconds min_age) {
  LockRequest request{.duty = std::move(duty),
                      .node_id = std::move(node_id),
                      .token = std::move(token),
                      .take_over_age = min_age};
  co_return co_await lock(std::move(request));
}

Task<Result<ClaimAnswer>> DutyStore::lock(LockRequest request) {
  const Duty duty = request.duty;
  // Either form of the token is ours: a take-over of a pinned lock stores the pinned one.
  const LockToken token = request.token;
  Result<LockReply> reply = co_await do_lock(std::move(request));
  if (reply) {
    if (auto* taken = std::get_if<Taken>(&*reply)) co_return ClaimAnswer(std::move(*taken));
    if (auto* below = std::get_if<BelowWatermark>(&*reply)) co_return ClaimAnswer(*below);
    co_return ClaimAnswer(HeldLock(duty, std::move(std::get<Locked>(*reply).token), false));
  }
  if (reply.error().kind != ErrorKind::in_doubt) co_return std::move(reply).error();

  for (const std::string& text : {token.text(), token.pinned().text()}) {
    TokenQuestion question{.duty = duty, .token = text, .signature = std::nullopt};
    Result<TokenState> state = co_await resolve(std::move(question));
    if (!state) co_return in_doubt(duty, "the claim", state.error());
    if (*state == TokenState::locked) co_return ClaimAnswer(HeldLock(duty, text, false));
  }
  // The lock is not ours now. Should the lost commit still land, the row is one that any node may
  // take over when it is abandoned: nothing was signed under it.
  co_return Error{ErrorKind::unavailable,
                  "the claim of " + to_text(duty.key) + " was lost together with its connection"};
}

Task<Result<RecordAnswer>> DutyStore::record(HeldLock lock, const SealedSignature& signature) {
  CHECK(signature.duty_ == lock.duty_);
  const RecordRequest request{.duty = lock.duty_,
                              .token = lock.token_,
                              .gated = lock.gated_,
                              .signature = signature.signature_};
  const TokenQuestion question{
      .duty = lock.duty_, .token = lock.token_, .signature = signature.signature_};
  bool was_in_doubt = false;
  for (int attempt = 0; attempt < kRecordTries; ++attempt) {
    RecordRequest sent = request;
    Result<Recorded> reply = co_await do_record(std::move(sent));
    if (reply && *reply == Recorded::yes) co_return RecordAnswer(SignedRecord(request.duty));
    if (reply && !was_in_doubt) co_return RecordAnswer(LockLost{});
    if (!reply && reply.error().kind != ErrorKind::in_doubt) {
      if (!was_in_doubt) co_return std::move(reply).error();
      co_return in_doubt(request.duty, "the record", reply.error());
    }
    // From here on only what is read back counts: a "no rows" may be the echo of our own commit.
    was_in_doubt = true;
    TokenQuestion asked = question;
    Result<TokenState> state = co_await resolve(std::move(asked));
    if (!state) co_return in_doubt(request.duty, "the record", state.error());
    if (*state == TokenState::signed_) co_return RecordAnswer(SignedRecord(request.duty));
    if (*state == TokenState::not_ours) {
      co_return RecordAnswer(LockLost{.was_in_doubt = true});
    }
  }
  // The lock is ours still, so a commit that is late may land yet.
  co_return Error{ErrorKind::in_doubt,
                  "the signature of " + to_text(request.duty.key) + " could not be recorded"};
}

Task<Result<void>> DutyStore::release(HeldLock lock) {
  if (lock.gated_) co_return Result<void>();
  ReleaseRequest request{
      .duty = std::move(lock.duty_), .token = std::move(lock.token_), .pin_reason = std::nullopt};
  co_return co_await do_release(std::move(request));
}

Task<Result<void>> DutyStore::pin(HeldLock lock, std::string reason) {
  if (lock.gated_) co_return Result<void>();
  ReleaseRequest request{.duty = std::move(lock.duty_),
                         .token = std::move(lock.token_),
                         .pin_reason = std::move(reason)};
  co_return co_await do_release(std::move(request));
}

Task<Result<GatedAnswer>> DutyStore::find_gated(RollupAddress rollup, Address validator,
                                                MessageHash message_hash) {
  Result<GatedReply> reply = co_await do_find_gated(rollup, validator, message_hash);
  if (!reply) co_return std::move(reply).error();
  if (auto* row = std::get_if<GatedRow>(&*reply)) {
    co_return GatedAnswer(HeldLock(std::move(row->duty), std::move(row->token), true));
  }
  if (auto* taken = std::get_if<Taken>(&*reply)) co_return GatedAnswer(std::move(*taken));
  if (auto* below = std::get_if<BelowWatermark>(&*reply)) co_return GatedAnswer(*below);
  co_return GatedAnswer(std::monostate{});
}

Task<Result<std::vector<PrunedDuties>>> DutyStore::prune(PruneRequest request) {
  std::map<std::pair<Address, DutyType>, PrunedDuties> all;
  for (;;) {
    PruneRequest part = request;
    Result<std::vector<PrunedDuties>> pruned = co_await do_prune(std::move(part));
    if (!pruned) co_return std::move(pruned).error();
    for (const PrunedDuties& each : *pruned) add_pruned(all, each);
    if (pruned->empty() || request.mode == PruneMode::dry_run) break;
  }
  std::vector<PrunedDuties> sorted;
  for (const auto& [key, pruned] : all) sorted.push_back(pruned);
  co_return sorted;
}

Task<Result<DutyStore::TokenState>> DutyStore::resolve(TokenQuestion question) {
  Error last{ErrorKind::unknown, "the store was not asked"};
  for (const std::chrono::milliseconds pause : kResolvePauses) {
    if (pause.count() > 0) co_await clock_.sleep(pause);
    TokenQuestion asked = question;
    Result<TokenState> state = co_await do_read_token(std::move(asked));
    if (state) co_return *state;
    last = std::move(state).error();
  }
  co_return last;
}

}  // namespace holdfast
