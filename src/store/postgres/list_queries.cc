#include "store/postgres/list_queries.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast {
namespace {

/** One million: more than a person reads, less than memory. */
constexpr std::size_t kListMax = 1'000'000;

/** Begun within the last $n seconds. An age is a difference of instants, see statements.cc; the
    first half is for the index, with room for every change of the clock. */
std::string begun_within(int parameter) {
  const std::string period = fmt::format("${}::bigint * interval '1 second'", parameter);
  return fmt::format(
      "d.started_at >= LOCALTIMESTAMP - {0} - interval '1 day' AND "
      "d.started_at::timestamptz >= CURRENT_TIMESTAMP - {0}",
      period);
}

}  // namespace

PgCall list_call(const DutyFilter& filter) {
  PgCall call;
  std::string where = "TRUE";
  const auto equals = [&](std::string_view column, std::string_view type, std::string value) {
    call.params.text(std::move(value));
    where += fmt::format(" AND d.{} = ${}::{}", column, call.params.size(), type);
  };
  if (filter.rollup_address) equals("rollup_address", "text", to_text(*filter.rollup_address));
  if (filter.validator_address) {
    equals("validator_address", "text", to_text(*filter.validator_address));
  }
  if (filter.slot) equals("slot", "bigint", std::to_string(filter.slot->number()));
  if (filter.duty_type) equals("duty_type", "text", std::string(name_of(*filter.duty_type)));
  if (filter.node_id) equals("node_id", "text", *filter.node_id);
  if (filter.status) equals("status", "text", std::string(name_of(*filter.status)));
  if (filter.newer_than) {
    call.params.number(filter.newer_than->count());
    where += fmt::format(" AND {}", begun_within(call.params.size()));
  }
  call.params.number(static_cast<std::int64_t>(std::min(filter.limit, kListMax)));
  // One search for each status: the index of (status, started_at) then gives the newest at once,
  // however long the history is.
  const auto newest = [&](DutyStatus status) {
    return fmt::format(
        "(SELECT * FROM validator_duties d WHERE d.status = '{}' AND {} ORDER BY d.started_at DESC "
        "LIMIT ${}::bigint)",
        name_of(status), where, call.params.size());
  };
  call.text = fmt::format(
      "SELECT {} FROM ({} UNION ALL {}) d ORDER BY d.started_at DESC, d.slot DESC, d.duty_type, "
      "d.block_index_within_checkpoint DESC LIMIT ${}::bigint",
      duty_row_columns(kAnySchema), newest(DutyStatus::signing), newest(DutyStatus::signed_),
      call.params.size());
  return call;
}

PgCall count_call(std::chrono::seconds newer_than) {
  PgCall call;
  call.params.number(newer_than.count());
  call.text = fmt::format(
      "SELECT duty_type::text, node_id::text, count(*), count(*) FILTER (WHERE status = 'signed') "
      "FROM validator_duties d WHERE status IN ('signing', 'signed') AND {} GROUP BY duty_type, "
      "node_id ORDER BY duty_type, node_id",
      begun_within(call.params.size()));
  return call;
}

PgCall prune_call(const PruneRequest& request, std::int64_t batch) {
  PgCall call;
  call.text =
      "SELECT validator, duty, mark_before, mark_after, rows_gone, entries_gone FROM "
      "holdfast_prune($1::text, $2::text, $3::text, $4::bigint, $5::bigint, $6::bigint = 1, "
      "$7::bigint)";
  call.params.text(to_text(request.rollup_address));
  if (request.validator_address) {
    call.params.text(to_text(*request.validator_address));
  } else {
    call.params.null();
  }
  if (request.duty_type) {
    call.params.text(std::string(name_of(*request.duty_type)));
  } else {
    call.params.null();
  }
  if (const auto* before = std::get_if<BeforeSlot>(&request.what)) {
    call.params.number(before->slot.number()).null();
  } else {
    call.params.null().number(std::get<OlderThan>(request.what).age.count());
  }
  call.params.number(request.mode == PruneMode::dry_run ? 1 : 0).number(batch);
  return call;
}

}  // namespace holdfast
