#include <utility>

#include "base/hex.h"
#include "crypto/address.h"
#include "store/prune_plan.h"
#include "store/sqlite/sqlite_duties.h"

namespace holdfast {
namespace {

const std::string kOfKey = "rollup_address = ? AND validator_address = ? AND duty_type = ?";

/** What the request asks to be pruned: one parameter, the slot or the time. */
std::string fits(const PruneRequest& request) {
  return std::holds_alternative<BeforeSlot>(request.what)
             ? "slot < ?"
             : "max(ifnull(completed_at, started_at), started_at) <= ?";
}

std::int64_t bound_of(const PruneRequest& request, std::int64_t now_ms) {
  if (const auto* before = std::get_if<BeforeSlot>(&request.what)) return before->slot.number();
  return now_ms - std::get<OlderThan>(request.what).age.count();
}

void bind_validator(SqliteQuery& query, const DutyKey& key) {
  query.bind(to_hex(key.rollup_address.view()))
      .bind(to_hex(key.validator_address.view()))
      .bind(name_of(key.duty_type));
}

}  // namespace

Result<std::optional<Address>> SqliteDuties::next_validator(const RollupAddress& rollup,
                                                            const std::string& after) {
  SqliteQuery query = connection_.query(
      "SELECT min(address) FROM (SELECT min(validator_address) AS address FROM validator_duties"
      " WHERE rollup_address = ? AND validator_address > ? UNION ALL"
      " SELECT min(validator_address) FROM holdfast_ledger"
      " WHERE rollup_address = ? AND validator_address > ?)");
  for (int table = 0; table < 2; ++table) {
    query.bind(to_hex(rollup.view())).bind(std::string_view(after));
  }
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  if (query.is_null(0)) return std::optional<Address>();
  Result<Address> address = address_from_text(query.text(0));
  if (!address) return std::move(address).error();
  return std::optional<Address>(*address);
}

Result<std::vector<PruneCandidate>> SqliteDuties::read_candidates(const DutyKey& key,
                                                                  const PruneRequest& request,
                                                                  const PruneBound& bound) {
  const auto of_table = [&](const char* table) {
    return "SELECT * FROM (SELECT slot, " + fits(request) + " AS fits FROM " + table + " WHERE " +
           kOfKey + " ORDER BY slot LIMIT ?)";
  };
  SqliteQuery query =
      connection_.query("SELECT slot, fits FROM (" + of_table("validator_duties") + " UNION ALL " +
                        of_table("holdfast_ledger") + ") ORDER BY slot LIMIT ?");
  for (int table = 0; table < 2; ++table) {
    query.bind(bound.value);
    bind_validator(query, key);
    query.bind(bound.limit);
  }
  query.bind(bound.limit);
  std::vector<PruneCandidate> candidates;
  for (;;) {
    Result<bool> more = query.next();
    if (!more) return std::move(more).error();
    if (!*more) return candidates;
    candidates.push_back({Slot(query.integer(0)), query.integer(1) != 0});
  }
}

Result<std::int64_t> SqliteDuties::prune_table(const char* table, const DutyKey& key,
                                               const PruneRequest& request,
                                               const PruneBound& bound) {
  const std::string where =
      std::string(" FROM ") + table + " WHERE " + kOfKey + " AND slot <= ? AND " + fits(request);
  const bool dry_run = request.mode == PruneMode::dry_run;
  SqliteQuery query = connection_.query((dry_run ? "SELECT count(*)" : "DELETE") + where);
  bind_validator(query, key);
  query.bind(key.slot.number()).bind(bound.value);
  if (!dry_run) return query.run();
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0);
}

Result<void> SqliteDuties::raise_watermark(const DutyKey& key) {
  SqliteQuery query = connection_.query(
      "INSERT INTO holdfast_watermark (rollup_address, validator_address, duty_type, slot)"
      " VALUES (?, ?, ?, ?) ON CONFLICT (rollup_address, validator_address, duty_type)"
      " DO UPDATE SET slot = excluded.slot WHERE excluded.slot > slot");
  bind_validator(query, key);
  query.bind(key.slot.number());
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return {};
}

Result<std::optional<PrunedDuties>> SqliteDuties::prune_key(DutyKey key,
                                                            const PruneRequest& request,
                                                            const PruneBound& bound) {
  Result<std::vector<PruneCandidate>> candidates = read_candidates(key, request, bound);
  if (!candidates) return std::move(candidates).error();
  if (candidates->empty()) return std::optional<PrunedDuties>();
  Result<std::optional<Slot>> before = read_watermark(key);
  if (!before) return std::move(before).error();
  const bool all_seen =
      bound.limit < 0 || candidates->size() < static_cast<std::size_t>(bound.limit);
  const std::optional<Slot> after = watermark_after_prune(
      *candidates, *before, all_seen ? PruneScan::complete : PruneScan::partial);
  if (!after) return std::optional<PrunedDuties>();

  key.slot = *after;
  if (request.mode == PruneMode::apply && after != *before) {
    // Before the rows go: the triggers forget only what lies at or below a watermark.
    Result<void> raised = raise_watermark(key);
    if (!raised) return std::move(raised).error();
  }
  Result<std::int64_t> rows = prune_table("validator_duties", key, request, bound);
  if (!rows) return std::move(rows).error();
  Result<std::int64_t> entries = prune_table("holdfast_ledger", key, request, bound);
  if (!entries) return std::move(entries).error();
  if (after == *before && *rows == 0 && *entries == 0) return std::optional<PrunedDuties>();
  return std::optional<PrunedDuties>(PrunedDuties{.validator_address = key.validator_address,
                                                  .duty_type = key.duty_type,
                                                  .watermark_before = *before,
                                                  .watermark_after = after,
                                                  .rows_deleted = *rows,
                                                  .ledger_entries_deleted = *entries});
}

/** Nothing races with it: the writer's transaction holds the lock of the whole file, so that every
    claim and record, of any process, is wholly before it, and then its row is a candidate here, or
    wholly after it, and then it sees the watermark. */
Result<std::vector<PrunedDuties>> SqliteDuties::prune(const PruneRequest& request,
                                                      std::int64_t batch) {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  const PruneBound bound{.value = bound_of(request, *now),
                         .limit = request.mode == PruneMode::dry_run ? -1 : batch};
  std::vector<PrunedDuties> all;
  std::int64_t deleted = 0;
  std::string after;
  for (;;) {
    Result<std::optional<Address>> validator = next_validator(request.rollup_address, after);
    if (!validator) return std::move(validator).error();
    if (!*validator) return all;
    after = to_hex((*validator)->view());
    if (request.validator_address && **validator != *request.validator_address) continue;
    for (const DutyType type : kProtectedDutyTypes) {
      if (request.duty_type && type != *request.duty_type) continue;
      DutyKey key;
      key.rollup_address = request.rollup_address;
      key.validator_address = **validator;
      key.duty_type = type;
      Result<std::optional<PrunedDuties>> pruned = prune_key(key, request, bound);
      if (!pruned) return std::move(pruned).error();
      if (!*pruned) continue;
      all.push_back(**pruned);
      deleted += (*pruned)->rows_deleted + (*pruned)->ledger_entries_deleted;
      if (bound.limit >= 0 && deleted >= bound.limit) return all;
    }
  }
}

}  // namespace holdfast
