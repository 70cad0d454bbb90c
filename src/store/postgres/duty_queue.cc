#include "store/postgres/duty_queue.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "store/postgres/row_codec.h"

namespace holdfast {
namespace {

/** How many statements out of refused batches travel together: each may wait for a lock. */
constexpr std::size_t kAloneMax = 4;
/** How many sets of single statements travel together. */
constexpr std::size_t kCallsMax = 64;

DutyQueue::Time now() {
  return std::chrono::steady_clock::now();
}

PgReply unsent(const Error& why) {
  PgReply reply;
  reply.outcome = PgReply::Outcome::unsent;
  reply.error = why;
  return reply;
}

Error too_many() {
  return Error{ErrorKind::overloaded, "too many operations wait for the database"};
}

Error error_in(const PgReply& reply) {
  return reply.outcome == PgReply::Outcome::refused ? error_of(reply.failure) : reply.error;
}

void answer(const PgClaim& claim, const PgReply& reply) {
  claim.done(PgClaimReply{
      .outcome = reply.outcome, .won = false, .facts = std::nullopt, .error = error_in(reply)});
}

void answer(const PgRecord& record, const PgReply& reply) {
  record.done(PgRecordReply{.outcome = reply.outcome, .recorded = false, .error = error_in(reply)});
}

void answer(const std::vector<PgCall>& calls, const PgReply& reply) {
  for (const PgCall& call : calls) call.done(reply);
}

void answer(const PgCall& call, const PgReply& reply) {
  call.done(reply);
}

/** The columns of a key as arrays, one element a row. */
struct KeyArrays {
  std::vector<std::string> rollups, validators, types;
  std::vector<std::int64_t> slots;
  std::vector<std::int32_t> indices;

  void add(const DutyKey& key) {
    rollups.push_back(to_text(key.rollup_address));
    validators.push_back(to_text(key.validator_address));
    slots.push_back(key.slot.number());
    types.emplace_back(name_of(key.duty_type));
    indices.push_back(key.block_index_within_checkpoint.number());
  }
  PgParams params() const {
    PgParams params;
    params.texts(rollups).texts(validators).int8s(slots).texts(types).int4s(indices);
    return params;
  }
};

PgParams claim_params(const PgClaim& claim) {
  PgParams params = key_params(claim.duty.key);
  params.text(to_text(claim.duty.message_hash))
      .text(claim.node_id)
      .text(claim.token)
      .number(claim.duty.block_number.number())
      .number(claim.duty.checkpoint_number.number());
  return params;
}

/** Names of duty types sort otherwise than their numbers; the database's order is by name. */
bool before(const DutyKey& left, const DutyKey& right) {
  const auto order = [](const DutyKey& key) {
    return std::make_tuple(key.rollup_address, key.validator_address, key.slot,
                           name_of(key.duty_type), key.block_index_within_checkpoint);
  };
  return order(left) < order(right);
}

}  // namespace

void DutyQueue::add(PgClaim claim) {
  if (waiting() >= kWaitingMax) return answer(claim, unsent(too_many()));
  claims_.push_back({std::move(claim), now()});
  changed_();
}

void DutyQueue::add(PgRecord record) {
  // A record is never turned away for load: its signature is made already.
  records_.push_back({std::move(record), now()});
  changed_();
}

void DutyQueue::add(std::vector<PgCall> calls) {
  if (waiting() >= kWaitingMax) return answer(calls, unsent(too_many()));
  calls_.push_back({std::move(calls), now()});
  changed_();
}

void DutyQueue::add_slow(PgCall call) {
  if (slow_.size() >= kWaitingMax) return answer(call, unsent(too_many()));
  slow_.push_back({std::move(call), now()});
  changed_();
}

std::vector<PgCall> DutyQueue::take() {
  std::vector<PgCall> calls;
  // Records first: their duties have waited longest, and their signatures exist already.
  if (records_.size() == 1) {
    calls.push_back(record_one(std::move(records_.front())));
    records_.pop_front();
  } else if (!records_.empty()) {
    calls.push_back(record_many(take_batch(records_)));
  }
  if (claims_.size() == 1) {
    calls.push_back(claim_one(std::move(claims_.front())));
    claims_.pop_front();
  } else if (!claims_.empty()) {
    calls.push_back(claim_many(take_batch(claims_)));
  }
  for (std::size_t count = 0; count < kCallsMax && !calls_.empty(); ++count) {
    for (PgCall& call : calls_.front().item) calls.push_back(std::move(call));
    calls_.pop_front();
  }
  for (std::size_t count = 0; count < kAloneMax && !alone_records_.empty(); ++count) {
    calls.push_back(record_one(std::move(alone_records_.front())));
    alone_records_.pop_front();
  }
  for (std::size_t count = 0; count < kAloneMax && !alone_claims_.empty(); ++count) {
    calls.push_back(claim_one(std::move(alone_claims_.front())));
    alone_claims_.pop_front();
  }
  return calls;
}

std::vector<PgCall> DutyQueue::take_slow() {
  std::vector<PgCall> calls;
  if (slow_.empty()) return calls;
  calls.push_back(std::move(slow_.front().item));
  slow_.pop_front();
  return calls;
}

/** Takes the oldest, at most kBatchMax, and sorts them by primary key. */
template <class Item>
std::vector<DutyQueue::Waiting<Item>> DutyQueue::take_batch(Line<Item>& line) {
  std::vector<Waiting<Item>> batch;
  batch.reserve(std::min(line.size(), kBatchMax));
  while (!line.empty() && batch.size() < kBatchMax) {
    batch.push_back(std::move(line.front()));
    line.pop_front();
  }
  std::sort(batch.begin(), batch.end(), [](const auto& left, const auto& right) {
    return before(left.item.duty.key, right.item.duty.key);
  });
  ++batches_;
  batched_ += batch.size();
  return batch;
}

PgCall DutyQueue::claim_many(std::vector<Waiting<PgClaim>> batch) {
  KeyArrays keys;
  std::vector<std::string> hashes, nodes, tokens;
  std::vector<std::int64_t> blocks, checkpoints;
  for (const auto& [claim, since] : batch) {
    keys.add(claim.duty.key);
    hashes.push_back(to_text(claim.duty.message_hash));
    nodes.push_back(claim.node_id);
    tokens.push_back(claim.token);
    blocks.push_back(claim.duty.block_number.number());
    checkpoints.push_back(claim.duty.checkpoint_number.number());
  }
  PgCall call;
  call.sql = Sql::claim_many;
  call.params = keys.params();
  call.params.texts(hashes).texts(nodes).texts(tokens).int8s(blocks).int8s(checkpoints);
  auto shared = std::make_shared<std::vector<Waiting<PgClaim>>>(std::move(batch));
  call.done = [this, shared](PgReply reply) { on_claims(*shared, std::move(reply)); };
  return call;
}

PgCall DutyQueue::claim_one(Waiting<PgClaim> claim) {
  PgCall call;
  call.sql = Sql::claim_one;
  call.params = claim_params(claim.item);
  auto shared = std::make_shared<std::vector<Waiting<PgClaim>>>();
  shared->push_back(std::move(claim));
  call.done = [this, shared](PgReply reply) { on_claims(*shared, std::move(reply)); };
  return call;
}

PgCall DutyQueue::record_many(std::vector<Waiting<PgRecord>> batch) {
  KeyArrays keys;
  std::vector<std::string> hashes, tokens, signatures;
  for (const auto& [record, since] : batch) {
    keys.add(record.duty.key);
    hashes.push_back(to_text(record.duty.message_hash));
    tokens.push_back(record.token);
    signatures.push_back(record.signature);
  }
  PgCall call;
  call.sql = Sql::record_many;
  call.params = keys.params();
  call.params.texts(hashes).texts(tokens).texts(signatures);
  auto shared = std::make_shared<std::vector<Waiting<PgRecord>>>(std::move(batch));
  call.done = [this, shared](PgReply reply) { on_records(*shared, std::move(reply)); };
  return call;
}

PgCall DutyQueue::record_one(Waiting<PgRecord> record) {
  PgCall call;
  call.sql = Sql::record_one;
  call.params = key_params(record.item.duty.key);
  call.params.text(to_text(record.item.duty.message_hash))
      .text(record.item.token)
      .text(record.item.signature);
  auto shared = std::make_shared<std::vector<Waiting<PgRecord>>>();
  shared->push_back(std::move(record));
  call.done = [this, shared](PgReply reply) { on_records(*shared, std::move(reply)); };
  return call;
}

void DutyQueue::on_claims(std::vector<Waiting<PgClaim>>& batch, PgReply reply) {
  if (reply.outcome == PgReply::Outcome::refused && batch.size() > 1) {
    for (auto& claim : batch) alone_claims_.push_back(std::move(claim));
    return changed_();
  }
  if (reply.outcome != PgReply::Outcome::done) {
    for (const auto& claim : batch) answer(claim.item, reply);
    return;
  }
  std::unordered_map<std::string_view, std::size_t> rows;
  for (std::size_t row = 0; row < reply.rows.size(); ++row) rows[reply.rows.text(row, 0)] = row;
  for (auto& [claim, since] : batch) {
    const auto found = rows.find(claim.token);
    PgClaimReply answered{
        .outcome = PgReply::Outcome::done, .won = false, .facts = {}, .error = {}};
    if (found == rows.end()) {
      answered.facts = LockFacts{};
    } else if (reply.rows.is_null(found->second, kFactColumns)) {
      // Facts always end with the time; only a lock that was taken comes without.
      answered.won = true;
    } else {
      answered.facts = facts_of(claim.duty, reply.rows, found->second, 1);
    }
    claim.done(std::move(answered));
  }
}

void DutyQueue::on_records(std::vector<Waiting<PgRecord>>& batch, PgReply reply) {
  if (reply.outcome == PgReply::Outcome::refused && batch.size() > 1) {
    for (auto& record : batch) alone_records_.push_back(std::move(record));
    return changed_();
  }
  if (reply.outcome != PgReply::Outcome::done) {
    for (const auto& record : batch) answer(record.item, reply);
    return;
  }
  std::unordered_set<std::string_view> tokens;
  for (std::size_t row = 0; row < reply.rows.size(); ++row) tokens.insert(reply.rows.text(row, 0));
  for (const auto& [record, since] : batch) {
    record.done(PgRecordReply{
        .outcome = PgReply::Outcome::done, .recorded = tokens.contains(record.token), .error = {}});
  }
}

void DutyQueue::give_up(Time since, const Error& why) {
  const PgReply reply = unsent(why);
  const auto sweep = [&](auto& line) {
    // The lines are in the order of arrival but for what came back out of a batch.
    auto keep = std::stable_partition(line.begin(), line.end(),
                                      [&](const auto& waiting) { return waiting.since > since; });
    auto late = std::remove_reference_t<decltype(line)>(std::make_move_iterator(keep),
                                                        std::make_move_iterator(line.end()));
    line.erase(keep, line.end());
    for (const auto& waiting : late) answer(waiting.item, reply);
  };
  sweep(claims_);
  sweep(records_);
  sweep(alone_claims_);
  sweep(alone_records_);
  sweep(calls_);
  sweep(slow_);
}

std::optional<DutyQueue::Time> DutyQueue::oldest() const {
  std::optional<Time> oldest;
  const auto look = [&oldest](const auto& line) {
    if (line.empty()) return;
    oldest = oldest ? std::min(*oldest, line.front().since) : line.front().since;
  };
  look(claims_);
  look(records_);
  look(alone_claims_);
  look(alone_records_);
  look(calls_);
  look(slow_);
  return oldest;
}

}  // namespace holdfast
