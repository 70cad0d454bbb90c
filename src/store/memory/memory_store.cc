#include "store/memory/memory_store.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace holdfast {
namespace {

bool matches(const DutyFilter& filter, const StoredRow& row, std::int64_t now_ms) {
  const DutyKey& key = row.duty.key;
  if (filter.rollup_address && key.rollup_address != *filter.rollup_address) return false;
  if (filter.validator_address && key.validator_address != *filter.validator_address) return false;
  if (filter.slot && key.slot != *filter.slot) return false;
  if (filter.duty_type && key.duty_type != *filter.duty_type) return false;
  if (filter.node_id && row.node_id != *filter.node_id) return false;
  if (filter.status && row.status != *filter.status) return false;
  if (!filter.newer_than) return true;
  return row.started_at_ms >= now_ms - std::chrono::milliseconds(*filter.newer_than).count();
}

/** Gated mode: a stock node's row before one of ours, then the newer one. */
bool goes_before(const StoredRow& row, const StoredRow& other) {
  const bool stock = holder_of_token(row.token) == LockHolder::other_implementation;
  const bool other_stock = holder_of_token(other.token) == LockHolder::other_implementation;
  if (stock != other_stock) return stock;
  return row.started_at_ms >= other.started_at_ms;
}

}  // namespace

MemoryStore::MemoryStore(Clock& clock) : DutyStore(clock), clock_(clock) {}

Error MemoryStore::refused() {
  return {ErrorKind::unavailable, "the memory store was told to fail; nothing was changed"};
}

Error MemoryStore::lost_answer() {
  return {ErrorKind::in_doubt, "the memory store was told to lose the answer of a commit"};
}

std::int64_t MemoryStore::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now()).count();
}

std::optional<Error> MemoryStore::closed() const {
  if (!closed_) return std::nullopt;
  return Error{ErrorKind::unavailable, "the memory store is closed"};
}

MemoryFault MemoryStore::next_fault() {
  if (faults_left_ == 0) return MemoryFault::none;
  --faults_left_;
  return fault_;
}

LockFacts MemoryStore::facts_of(const DutyKey& key) const {
  LockFacts facts;
  facts.now_ms = now_ms();
  if (const auto row = state_.rows.find(key); row != state_.rows.end()) facts.row = row->second;
  const auto [first, last] = state_.ledger.equal_range(key);
  for (auto entry = first; entry != last; ++entry) {
    if (!facts.ledger || entry->second.signature) facts.ledger = entry->second;
  }
  const WatermarkKey watermark{key.rollup_address, key.validator_address, key.duty_type};
  if (const auto found = state_.watermarks.find(watermark); found != state_.watermarks.end()) {
    facts.watermark = found->second;
  }
  return facts;
}

StoredRow* MemoryStore::locked_row(const Duty& duty, const std::string& token) {
  const auto found = state_.rows.find(duty.key);
  if (found == state_.rows.end()) return nullptr;
  StoredRow& row = found->second;
  const bool ours = row.token == token && row.duty.message_hash == duty.message_hash;
  const bool unsigned_yet = row.status == DutyStatus::signing && !row.signature;
  return ours && unsigned_yet ? &row : nullptr;
}

DutyStore::LockReply MemoryStore::lock_now(const LockRequest& request) {
  const LockAttempt attempt{request.duty, request.token, request.take_over_age};
  LockPlan plan = plan_lock(attempt, facts_of(request.duty.key));
  if (auto* taken = std::get_if<Taken>(&plan)) return std::move(*taken);
  if (const auto* below = std::get_if<BelowWatermark>(&plan)) return *below;
  const auto* insert = std::get_if<InsertLock>(&plan);
  const std::string& token = insert ? insert->token : std::get<ReplaceLock>(plan).token;
  state_.rows[request.duty.key] = StoredRow{.duty = request.duty,
                                            .status = DutyStatus::signing,
                                            .node_id = request.node_id,
                                            .token = token,
                                            .signature = std::nullopt,
                                            .started_at_ms = now_ms(),
                                            .completed_at_ms = std::nullopt,
                                            .error_message = std::nullopt};
  return Locked{token};
}

DutyStore::Recorded MemoryStore::record_now(const RecordRequest& request) {
  const LockFacts facts = facts_of(request.duty.key);
  if (!may_record(request.duty.message_hash, request.token, facts)) return Recorded::lock_lost;
  StoredRow* row = &state_.rows.at(request.duty.key);
  row->signature = request.signature;
  if (request.gated) return Recorded::yes;
  row->status = DutyStatus::signed_;
  row->completed_at_ms = std::max(now_ms(), row->started_at_ms);
  row->error_message.reset();
  return Recorded::yes;
}

void MemoryStore::release_now(const ReleaseRequest& request) {
  StoredRow* row = locked_row(request.duty, request.token);
  if (row == nullptr) return;
  const bool pinned = holder_of_token(row->token) == LockHolder::holdfast_pinned;
  if (request.pin_reason) {
    row->token = pinned_token_text(row->token);
    row->error_message = *request.pin_reason;
  } else if (pinned) {
    row->error_message = std::string(kPinnedAndIdle);
  } else {
    state_.rows.erase(request.duty.key);
  }
}

DutyStore::GatedReply MemoryStore::find_gated_now(const RollupAddress& rollup,
                                                  const Address& validator,
                                                  const MessageHash& message_hash) const {
  const StoredRow* newest = nullptr;
  for (const auto& [key, row] : state_.rows) {
    const bool wanted = key.rollup_address == rollup && key.validator_address == validator &&
                        row.duty.message_hash == message_hash && row.status == DutyStatus::signing;
    if (wanted && (newest == nullptr || goes_before(row, *newest))) newest = &row;
  }
  if (newest == nullptr) return std::monostate{};
  GatedPlan plan = plan_gated(facts_of(newest->duty.key));
  if (auto* taken = std::get_if<Taken>(&plan)) return std::move(*taken);
  if (const auto* below = std::get_if<BelowWatermark>(&plan)) return *below;
  return GatedRow{newest->duty, newest->token};
}

Task<Result<DutyStore::LockReply>> MemoryStore::do_lock(LockRequest request) {
  if (auto error = closed()) co_return std::move(*error);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  LockReply reply = lock_now(request);
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return reply;
}

Task<Result<DutyStore::Recorded>> MemoryStore::do_record(RecordRequest request) {
  if (auto error = closed()) co_return std::move(*error);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  const Recorded recorded = record_now(request);
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return recorded;
}

Task<Result<void>> MemoryStore::do_release(ReleaseRequest request) {
  if (auto error = closed()) co_return std::move(*error);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  release_now(request);
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return Result<void>();
}

Task<Result<DutyStore::GatedReply>> MemoryStore::do_find_gated(RollupAddress rollup,
                                                               Address validator,
                                                               MessageHash message_hash) {
  if (auto error = closed()) co_return std::move(*error);
  co_return find_gated_now(rollup, validator, message_hash);
}

Task<Result<DutyStore::TokenState>> MemoryStore::do_read_token(TokenQuestion question) {
  if (auto error = closed()) co_return std::move(*error);
  if (locked_row(question.duty, question.token) != nullptr) co_return TokenState::locked;
  if (!question.signature) co_return TokenState::not_ours;
  const auto says_so = [&](const StoredRow& row) {
    return row.token == question.token && row.signature == question.signature &&
           row.duty.message_hash == question.duty.message_hash;
  };
  const auto row = state_.rows.find(question.duty.key);
  if (row != state_.rows.end() && says_so(row->second)) co_return TokenState::signed_;
  const auto [first, last] = state_.ledger.equal_range(question.duty.key);
  const bool in_ledger =
      std::any_of(first, last, [&](const auto& entry) { return says_so(entry.second); });
  co_return in_ledger ? TokenState::signed_ : TokenState::not_ours;
}

Task<Result<std::optional<DutyRow>>> MemoryStore::read(DutyKey key) {
  if (auto error = closed()) co_return std::move(*error);
  const LockFacts facts = facts_of(key);
  std::optional<DutyRow> found;
  if (facts.row) {
    found = without_token(*facts.row);
  } else if (facts.ledger) {
    found = without_token(*facts.ledger);
  }
  co_return found;
}

Task<Result<std::vector<DutyRow>>> MemoryStore::list(DutyFilter filter) {
  if (auto error = closed()) co_return std::move(*error);
  std::vector<DutyRow> found;
  for (const auto& [key, row] : state_.rows) {
    if (matches(filter, row, now_ms())) found.push_back(without_token(row));
  }
  std::stable_sort(found.begin(), found.end(), [](const DutyRow& left, const DutyRow& right) {
    return left.started_at_ms > right.started_at_ms;
  });
  if (found.size() > filter.limit) found.resize(filter.limit);
  co_return found;
}

Task<Result<std::vector<DutyCount>>> MemoryStore::count_by_node(std::chrono::seconds newer_than) {
  if (auto error = closed()) co_return std::move(*error);
  DutyFilter filter;
  filter.newer_than = newer_than;
  std::map<std::pair<std::string_view, std::string>, DutyCount> counts;
  for (const auto& [key, row] : state_.rows) {
    if (!matches(filter, row, now_ms())) continue;
    DutyCount& count = counts[{name_of(key.duty_type), row.node_id}];
    count.duty_type = key.duty_type;
    count.node_id = row.node_id;
    ++count.duty_count;
    if (row.status == DutyStatus::signed_) ++count.signed_count;
  }
  std::vector<DutyCount> sorted;
  for (auto& [key, count] : counts) sorted.push_back(std::move(count));
  co_return sorted;
}

Task<Result<bool>> MemoryStore::has_signed(std::string node_id) {
  if (auto error = closed()) co_return std::move(*error);
  const auto by_node = [&](const auto& entry) {
    return entry.second.node_id == node_id && entry.second.is_signed();
  };
  co_return std::any_of(state_.rows.begin(), state_.rows.end(), by_node) ||
      std::any_of(state_.ledger.begin(), state_.ledger.end(), by_node);
}

Task<Result<std::int64_t>> MemoryStore::delete_stuck(std::string node_id,
                                                     std::chrono::milliseconds min_age) {
  if (auto error = closed()) co_return std::move(*error);
  const MemoryFault fault = next_fault();
  if (fault == MemoryFault::refused) co_return refused();
  if (fault == MemoryFault::in_doubt_not_done) co_return lost_answer();
  const std::int64_t started_by = now_ms() - min_age.count();
  const std::size_t deleted = std::erase_if(state_.rows, [&](const auto& entry) {
    const StoredRow& row = entry.second;
    return row.node_id == node_id && holder_of_token(row.token) == LockHolder::holdfast &&
           !row.is_evidence() && row.started_at_ms <= started_by;
  });
  if (fault == MemoryFault::in_doubt_done) co_return lost_answer();
  co_return static_cast<std::int64_t>(deleted);
}

Task<Result<StoreState>> MemoryStore::check() {
  if (auto error = closed()) co_return std::move(*error);
  StoreState state;
  state.backend = "memory";
  state.place = "this process";
  state.schema_version = 2;
  state.holdfast_schema_version = 3;
  co_return state;
}

Task<void> MemoryStore::close() {
  closed_ = true;
  co_return;
}

bool MemoryStore::insert_stock_row(const Duty& duty, const std::string& node_id,
                                   const std::string& token) {
  const LockFacts facts = facts_of(duty.key);
  if (facts.row) return false;
  if (facts.ledger && facts.ledger->duty.message_hash != duty.message_hash) return false;
  if (facts.watermark && duty.key.slot <= *facts.watermark) return false;
  state_.rows[duty.key] = StoredRow{.duty = duty,
                                    .status = DutyStatus::signing,
                                    .node_id = node_id,
                                    .token = token,
                                    .signature = std::nullopt,
                                    .started_at_ms = now_ms(),
                                    .completed_at_ms = std::nullopt,
                                    .error_message = std::nullopt};
  return true;
}

void MemoryStore::delete_row(const DutyKey& key) {
  const auto found = state_.rows.find(key);
  if (found == state_.rows.end()) return;
  const std::optional<Slot> watermark = facts_of(key).watermark;
  const bool refused_for_ever = watermark && key.slot <= *watermark;
  if (found->second.is_evidence() && !refused_for_ever) state_.ledger.emplace(key, found->second);
  state_.rows.erase(found);
}

void MemoryStore::forget_row(const DutyKey& key) {
  state_.rows.erase(key);
}

void MemoryStore::raise_watermark(const RollupAddress& rollup, const Address& validator,
                                  DutyType type, Slot slot) {
  const auto [entry, inserted] = state_.watermarks.try_emplace({rollup, validator, type}, slot);
  if (!inserted) entry->second = std::max(entry->second, slot);
}

void MemoryStore::age_row(const DutyKey& key, std::chrono::milliseconds age) {
  const auto found = state_.rows.find(key);
  if (found == state_.rows.end()) return;
  found->second.started_at_ms -= age.count();
  if (found->second.completed_at_ms) *found->second.completed_at_ms -= age.count();
}

void MemoryStore::inject(MemoryFault fault, int times) {
  fault_ = fault;
  faults_left_ = times;
}

}  // namespace holdfast
