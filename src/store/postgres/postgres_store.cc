#include "store/postgres/postgres_store.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "store/postgres/list_queries.h"
#include "store/postgres/pg_history.h"
#include "store/postgres/pg_pool.h"
#include "store/postgres/pg_reply_error.h"
#include "store/postgres/row_codec.h"

namespace holdfast {
namespace {

/** How often a claim that met a row which was gone again is sent: like Aztec's, and bounded. */
constexpr int kClaimTries = 4;

/** Triggers run for each row that is pruned, all within the time of one statement. */
constexpr std::int64_t kPrunedAtOnce = 500;

Error error_in(PgReply::Outcome outcome, const Error& error) {
  if (outcome != PgReply::Outcome::lost) return error;
  return Error{ErrorKind::in_doubt, "the answer of the database was lost: " + error.message};
}

}  // namespace

struct PostgresStore::Impl {
  Impl(boost::asio::io_context& io, PostgresUrl url, PostgresSettings settings)
      : pool(io, std::move(url), std::move(settings)) {}

  Task<PgReply> ask(Sql sql, PgParams params);
  Task<PgReply> ask_slowly(PgCall call);
  Task<Result<PgRows>> ask_rows(PgCall call, Effect effect);
  Task<std::vector<PgReply>> ask_together(std::vector<PgCall> calls);
  Task<PgClaimReply> send_claim(Duty duty, std::string node_id, std::string token);
  Task<PgRecordReply> send_record(PgRecord record);
  Task<Result<LockReply>> lock(LockRequest request);
  Task<Result<LockReply>> take_over(LockRequest request);
  Task<Result<std::optional<LockReply>>> try_take_over(LockRequest request);

  PgPool pool;
  PgHistory history{[this](PgCall call) { return ask_rows(std::move(call), Effect::reads); },
                    [this](PgCall call) { return ask_rows(std::move(call), Effect::writes); }};
};

Task<PgReply> PostgresStore::Impl::ask(Sql sql, PgParams params) {
  std::vector<PgCall> calls(1);
  calls[0].sql = sql;
  calls[0].params = std::move(params);
  std::vector<PgReply> replies = co_await ask_together(std::move(calls));
  co_return std::move(replies[0]);
}

Task<PgReply> PostgresStore::Impl::ask_slowly(PgCall call) {
  auto start = [this, &call](auto done) {
    call.done = std::move(done);
    pool.queue().add_slow(std::move(call));
  };
  PgReply reply = co_await from_callback<PgReply>(std::move(start));
  co_return reply;
}

Task<Result<PgRows>> PostgresStore::Impl::ask_rows(PgCall call, Effect effect) {
  PgReply reply = co_await ask_slowly(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, effect);
  co_return std::move(reply.rows);
}

Task<std::vector<PgReply>> PostgresStore::Impl::ask_together(std::vector<PgCall> calls) {
  auto start = [this, &calls](auto done) {
    auto replies = std::make_shared<std::vector<PgReply>>();
    const std::size_t count = calls.size();
    for (PgCall& call : calls) {
      call.done = [replies, count, done](PgReply reply) {
        replies->push_back(std::move(reply));
        if (replies->size() == count) done(std::move(*replies));
      };
    }
    pool.queue().add(std::move(calls));
  };
  std::vector<PgReply> replies = co_await from_callback<std::vector<PgReply>>(std::move(start));
  co_return replies;
}

Task<PgClaimReply> PostgresStore::Impl::send_claim(Duty duty, std::string node_id,
                                                   std::string token) {
  auto start = [&](auto done) {
    PgClaim claim{.duty = duty,
                  .node_id = std::move(node_id),
                  .token = std::move(token),
                  .done = std::move(done)};
    pool.queue().add(std::move(claim));
  };
  PgClaimReply reply = co_await from_callback<PgClaimReply>(std::move(start));
  co_return reply;
}

Task<PgRecordReply> PostgresStore::Impl::send_record(PgRecord record) {
  auto start = [&](auto done) {
    record.done = std::move(done);
    pool.queue().add(std::move(record));
  };
  PgRecordReply reply = co_await from_callback<PgRecordReply>(std::move(start));
  co_return reply;
}

Task<Result<DutyStore::LockReply>> PostgresStore::Impl::lock(LockRequest request) {
  if (request.take_over_age) co_return co_await take_over(std::move(request));
  for (int attempt = 0; attempt < kClaimTries; ++attempt) {
    PgClaimReply reply = co_await send_claim(request.duty, request.node_id, request.token.text());
    if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply.outcome, reply.error);
    if (reply.won) co_return LockReply(Locked{request.token.text()});
    CHECK(reply.facts.has_value());
    if (!*reply.facts) co_return std::move(*reply.facts).error();
    const LockAttempt tried{
        .duty = request.duty, .token = request.token, .take_over_age = std::nullopt};
    LockPlan plan = plan_lock(tried, **reply.facts);
    if (auto* taken = std::get_if<Taken>(&plan)) co_return LockReply(std::move(*taken));
    if (auto* below = std::get_if<BelowWatermark>(&plan)) co_return LockReply(*below);
    // The row in our way was hidden from the statement, or is gone by now.
  }
  co_return Error{ErrorKind::unavailable,
                  "the lock of " + to_text(request.duty.key) + " comes and goes; try again"};
}

Task<Result<DutyStore::LockReply>> PostgresStore::Impl::take_over(LockRequest request) {
  for (int attempt = 0; attempt < kClaimTries; ++attempt) {
    Result<std::optional<LockReply>> reply = co_await try_take_over(request);
    if (!reply) co_return std::move(reply).error();
    if (reply->has_value()) co_return std::move(**reply);
  }
  co_return Error{ErrorKind::unavailable,
                  "the lock of " + to_text(request.duty.key) + " comes and goes; try again"};
}

/** Changes the row, or inserts it where it is gone, and reads what there is, in one round trip:
    three transactions, of which the first that succeeds makes the next two find nothing to do.
    nullopt: the row came and went between them. */
Task<Result<std::optional<DutyStore::LockReply>>> PostgresStore::Impl::try_take_over(
    LockRequest request) {
  CHECK(request.take_over_age.has_value());
  const auto lock_params = [&request] {
    PgParams params = key_params(request.duty.key);
    params.text(to_text(request.duty.message_hash))
        .text(request.node_id)
        .text(request.token.text())
        .number(request.duty.block_number.number())
        .number(request.duty.checkpoint_number.number())
        .text(request.token.pinned().text());
    return params;
  };
  std::vector<PgCall> calls(3);
  calls[0].sql = Sql::take_over;
  calls[0].params = lock_params();
  calls[0].params.number(request.take_over_age->count());
  calls[1].sql = Sql::take_over_gone;
  calls[1].params = lock_params();
  calls[2].sql = Sql::facts;
  calls[2].params = key_params(request.duty.key);
  std::vector<PgReply> replies = co_await ask_together(std::move(calls));
  const std::array<const PgReply*, 2> writes = {&replies[0], &replies[1]};
  for (const PgReply* reply : writes) {
    if (reply->outcome == PgReply::Outcome::done && reply->rows.size() > 0) {
      co_return std::optional<LockReply>(Locked{std::string(reply->rows.text(0, 0))});
    }
  }
  for (const PgReply* reply : writes) {
    if (reply->outcome != PgReply::Outcome::done) co_return error_in(*reply, Effect::writes);
  }
  // Neither of the two changed anything, so a failure from here on is not in doubt.
  if (replies[2].outcome != PgReply::Outcome::done) co_return error_in(replies[2], Effect::reads);
  Result<LockFacts> facts = facts_of(request.duty, replies[2].rows, 0, 0);
  if (!facts) co_return std::move(facts).error();
  const LockAttempt tried{
      .duty = request.duty, .token = request.token, .take_over_age = std::nullopt};
  LockPlan plan = plan_lock(tried, *facts);
  if (auto* taken = std::get_if<Taken>(&plan)) {
    co_return std::optional<LockReply>(std::move(*taken));
  }
  if (auto* below = std::get_if<BelowWatermark>(&plan)) co_return std::optional<LockReply>(*below);
  co_return std::optional<LockReply>();
}

PostgresStore::PostgresStore(boost::asio::io_context& io, Clock& clock, PostgresUrl url,
                             PostgresSettings settings)
    : DutyStore(clock),
      watch_(settings.watch),
      impl_(std::make_shared<Impl>(io, std::move(url), std::move(settings))) {}

PostgresStore::~PostgresStore() = default;

Task<Result<DutyStore::LockReply>> PostgresStore::do_lock(LockRequest request) {
  const MessageHash wanted = request.duty.message_hash;
  Result<LockReply> reply = co_await impl_->lock(std::move(request));
  const Taken* const taken = reply ? std::get_if<Taken>(&*reply) : nullptr;
  const Result<void> confirmed = co_await confirm_replay(taken, wanted);
  if (!confirmed) co_return confirmed.error();
  co_return reply;
}

Task<Result<DutyStore::Recorded>> PostgresStore::do_record(RecordRequest request) {
  if (!request.gated) {
    PgRecord record{.duty = request.duty,
                    .token = std::move(request.token),
                    .signature = signature_text(request.signature),
                    .done = {}};
    PgRecordReply reply = co_await impl_->send_record(std::move(record));
    if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply.outcome, reply.error);
    co_return reply.recorded ? Recorded::yes : Recorded::lock_lost;
  }
  PgParams params = key_params(request.duty.key);
  params.text(to_text(request.duty.message_hash))
      .text(std::move(request.token))
      .text(signature_text(request.signature));
  PgReply reply = co_await impl_->ask(Sql::record_gated, std::move(params));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::writes);
  co_return reply.rows.size() == 1 ? Recorded::yes : Recorded::lock_lost;
}

Task<Result<void>> PostgresStore::do_release(ReleaseRequest request) {
  const bool pinned = holder_of_token(request.token) == LockHolder::holdfast_pinned;
  PgParams params = key_params(request.duty.key);
  params.text(request.token);
  Sql sql = Sql::release;
  if (request.pin_reason) {
    sql = Sql::pin;
    params.text(std::move(*request.pin_reason));
  } else if (pinned) {
    sql = Sql::release_pinned;
    params.text(std::string(kPinnedAndIdle));
  }
  PgReply reply = co_await impl_->ask(sql, std::move(params));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::writes);
  co_return Result<void>();
}

Task<Result<DutyStore::GatedReply>> PostgresStore::do_find_gated(RollupAddress rollup,
                                                                 Address validator,
                                                                 MessageHash message_hash) {
  PgParams params;
  params.text(to_text(rollup)).text(to_text(validator)).text(to_text(message_hash));
  PgReply reply = co_await impl_->ask(Sql::find_gated, std::move(params));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  if (reply.rows.size() == 0) co_return GatedReply(std::monostate{});
  Result<Duty> duty = gated_duty_of(rollup, validator, message_hash, reply.rows);
  if (!duty) co_return std::move(duty).error();
  Result<LockFacts> facts = facts_of(*duty, reply.rows, 0, kGatedFacts);
  if (!facts) co_return std::move(facts).error();
  GatedPlan plan = plan_gated(*facts);
  if (auto* taken = std::get_if<Taken>(&plan)) {
    const Result<void> confirmed = co_await confirm_replay(taken, message_hash);
    if (!confirmed) co_return confirmed.error();
    co_return GatedReply(std::move(*taken));
  }
  if (auto* below = std::get_if<BelowWatermark>(&plan)) co_return GatedReply(*below);
  co_return GatedReply(GatedRow{std::move(*duty), facts->row->token});
}

Task<Result<DutyStore::TokenState>> PostgresStore::do_read_token(TokenQuestion question) {
  PgParams params = key_params(question.duty.key);
  PgReply reply = co_await impl_->ask(Sql::read_token, std::move(params));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  const std::string hash = to_text(question.duty.message_hash);
  for (std::size_t row = 0; row < reply.rows.size(); ++row) {
    if (reply.rows.text(row, 1) != hash || reply.rows.text(row, 2) != question.token) continue;
    if (reply.rows.is_null(row, 3)) {
      if (reply.rows.text(row, 0) == name_of(DutyStatus::signing)) co_return TokenState::locked;
    } else if (question.signature &&
               reply.rows.text(row, 3) == signature_text(*question.signature)) {
      const Result<void> confirmed = co_await confirm_read();
      if (!confirmed) co_return confirmed.error();
      co_return TokenState::signed_;
    }
  }
  co_return TokenState::not_ours;
}

Task<Result<std::optional<DutyRow>>> PostgresStore::read(DutyKey key) {
  PgParams params = key_params(key);
  PgReply reply = co_await impl_->ask(Sql::read_row, std::move(params));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  if (reply.rows.size() == 0) co_return std::optional<DutyRow>();
  Result<DutyRow> row = duty_row_of(reply.rows, 0);
  if (!row) co_return std::move(row).error();
  co_return std::optional<DutyRow>(*std::move(row));
}

Task<Result<std::vector<DutyRow>>> PostgresStore::list(DutyFilter filter) {
  PgCall call = list_call(filter);
  PgReply reply = co_await impl_->ask_slowly(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  std::vector<DutyRow> rows;
  for (std::size_t index = 0; index < reply.rows.size(); ++index) {
    Result<DutyRow> row = duty_row_of(reply.rows, index);
    if (!row) co_return std::move(row).error();
    rows.push_back(*std::move(row));
  }
  co_return rows;
}

Task<Result<std::vector<DutyCount>>> PostgresStore::count_by_node(std::chrono::seconds newer_than) {
  PgCall call = count_call(newer_than);
  PgReply reply = co_await impl_->ask_slowly(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  std::vector<DutyCount> counts;
  for (std::size_t row = 0; row < reply.rows.size(); ++row) {
    DutyCount count;
    count.duty_type = duty_type_from_name(reply.rows.text(row, 0)).value_or(DutyType::unknown);
    count.node_id = std::string(reply.rows.text(row, 1));
    count.duty_count = reply.rows.number(row, 2);
    count.signed_count = reply.rows.number(row, 3);
    counts.push_back(std::move(count));
  }
  co_return counts;
}

Task<Result<std::int64_t>> PostgresStore::delete_stuck(std::string node_id,
                                                       std::chrono::milliseconds min_age) {
  PgCall call;
  call.sql = Sql::delete_stuck;
  call.params.text(std::move(node_id)).number(min_age.count());
  PgReply reply = co_await impl_->ask_slowly(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::writes);
  co_return reply.rows.changed();
}

Task<Result<std::vector<PrunedDuties>>> PostgresStore::do_prune(PruneRequest request) {
  const Effect effect = request.mode == PruneMode::apply ? Effect::writes : Effect::reads;
  PgCall call = prune_call(request, kPrunedAtOnce);
  PgReply reply = co_await impl_->ask_slowly(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, effect);
  std::vector<PrunedDuties> all;
  for (std::size_t row = 0; row < reply.rows.size(); ++row) {
    Result<PrunedDuties> pruned = pruned_duties_of(reply.rows, row);
    if (!pruned) co_return std::move(pruned).error();
    all.push_back(*std::move(pruned));
  }
  co_return all;
}

Task<Result<HistoryMarks>> PostgresStore::read_history_marks(HistoryFilter filter) {
  return impl_->history.marks(std::move(filter));
}

Task<Result<std::vector<DutyRow>>> PostgresStore::do_read_history(HistoryFilter filter,
                                                                  std::optional<DutyKey> after,
                                                                  std::size_t limit) {
  return impl_->history.page(std::move(filter), std::move(after), limit);
}

Task<Result<MergedHistory>> PostgresStore::do_import_history(HistoryBatch batch, ImportMode mode) {
  return impl_->history.import(std::move(batch), mode);
}

Task<Result<StoreState>> PostgresStore::check() {
  PgParams none;
  PgReply reply = co_await impl_->ask(Sql::ping, std::move(none));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  const std::string place = impl_->pool.url().place();
  if (reply.rows.yes(0, 0) || reply.rows.yes(0, 1)) {
    co_return Error{ErrorKind::unavailable,
                    "the server at " + place + " cannot be written: connect to the primary"};
  }
  CHECK(impl_->pool.facts().has_value());
  Result<void> met = co_await meet();
  if (!met) co_return std::move(met).error();
  StoreState state;
  state.backend = "postgres";
  state.place = place;
  state.schema_version = static_cast<int>(reply.rows.number(0, 2));
  state.holdfast_schema_version = static_cast<int>(reply.rows.number(0, 3));
  state.server_version = impl_->pool.facts()->server_version;
  state.hardened = impl_->pool.facts()->hardened;
  co_return state;
}

Task<PgReply> PostgresStore::ask_text(PgCall call) {
  std::vector<PgCall> calls;
  calls.push_back(std::move(call));
  std::vector<PgReply> replies = co_await impl_->ask_together(std::move(calls));
  co_return std::move(replies[0]);
}

void PostgresStore::end_sessions_unless(const std::string& history, const Error& why) {
  impl_->pool.end_sessions_unless(history, why);
}

StorePoolUse PostgresStore::pool_use() const {
  return impl_->pool.use();
}

Task<void> PostgresStore::close() {
  impl_->pool.close();
  co_return;
}

}  // namespace holdfast
