#include "store/postgres/pg_reply_error.h"
#include "store/postgres/pg_session.h"
#include "store/postgres/postgres_store.h"

namespace holdfast {
namespace {

Result<NodeRecord> node_of(const PgRows& rows, std::size_t row) {
  NodeRecord node;
  node.node_id = std::string(rows.text(row, 0));
  node.instance_id = std::string(rows.text(row, 1));
  node.place = std::string(rows.text(row, 2));
  node.version = std::string(rows.text(row, 3));
  Result<std::vector<Address>> publishers = publishers_of_row(rows.text(row, 4), node.node_id);
  if (!publishers) return std::move(publishers).error();
  node.publishers = *std::move(publishers);
  node.journal_id = std::string(rows.text(row, 5));
  node.journal_sequence = rows.number(row, 6);
  node.beat = rows.number(row, 7);
  node.running = rows.yes(row, 8);
  node.started_at_ms = rows.number(row, 9);
  node.last_seen = std::chrono::milliseconds(rows.number(row, 10));
  return node;
}

}  // namespace

Error error_in(const PgReply& reply, Effect effect) {
  switch (reply.outcome) {
    case PgReply::Outcome::refused:
      return error_of(reply.failure);
    case PgReply::Outcome::unsent:
      return reply.error;
    case PgReply::Outcome::lost:
    case PgReply::Outcome::done:
      break;
  }
  const ErrorKind kind = effect == Effect::writes ? ErrorKind::in_doubt : ErrorKind::unavailable;
  return Error{kind, "the answer of the database was lost: " + reply.error.message};
}

Task<Result<std::vector<NodeRecord>>> PostgresStore::list_nodes() {
  PgCall call;
  call.text =
      "SELECT node_id, instance_id, place, version, array_to_string(publishers, ','), journal_id, "
      "journal_sequence, beat, running, floor(extract(epoch FROM started_at) * 1000)::bigint, "
      "greatest(0, floor(extract(epoch FROM CURRENT_TIMESTAMP - last_seen) * 1000)::bigint) "
      "FROM holdfast_nodes ORDER BY node_id";
  PgReply reply = co_await ask_text(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  std::vector<NodeRecord> nodes;
  for (std::size_t row = 0; row < reply.rows.size(); ++row) {
    Result<NodeRecord> node = node_of(reply.rows, row);
    if (!node) co_return std::move(node).error();
    nodes.push_back(*std::move(node));
  }
  co_return nodes;
}

Task<Result<bool>> PostgresStore::put_node(NodeRecord node,
                                           std::optional<std::string> replaces_instance) {
  PgCall call;
  call.text =
      "INSERT INTO holdfast_nodes AS n (node_id, instance_id, place, version, publishers, "
      "journal_id, journal_sequence, beat, running) VALUES ($1::text, $2::text, $3::text, "
      "$4::text, string_to_array($5::text, ','), $6::text, $7::bigint, $8::bigint + 1, true) "
      "ON CONFLICT (node_id) DO UPDATE SET instance_id = excluded.instance_id, place = "
      "excluded.place, version = excluded.version, publishers = excluded.publishers, journal_id = "
      "excluded.journal_id, journal_sequence = excluded.journal_sequence, "
      "beat = greatest(n.beat + 1, excluded.beat), running = true, started_at = "
      "CURRENT_TIMESTAMP, last_seen = CURRENT_TIMESTAMP WHERE n.instance_id = $9::text "
      "RETURNING beat";
  call.params.text(node.node_id)
      .text(node.instance_id)
      .text(node.place)
      .text(node.version)
      .text(publishers_text(node.publishers))
      .text(node.journal_id)
      .number(node.journal_sequence)
      .number(node.beat);
  if (replaces_instance) {
    call.params.text(*std::move(replaces_instance));
  } else {
    call.params.null();
  }
  PgReply reply = co_await ask_text(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::writes);
  co_return reply.rows.size() == 1;
}

Task<Result<std::optional<std::int64_t>>> PostgresStore::beat_node(NodeBeat beat) {
  PgCall call;
  call.text =
      "UPDATE holdfast_nodes SET beat = beat + 1, last_seen = CURRENT_TIMESTAMP, journal_sequence "
      "= "
      "$3::bigint, running = $4::bigint = 1 WHERE node_id = $1::text AND instance_id = $2::text "
      "RETURNING beat";
  call.params.text(std::move(beat.node_id))
      .text(std::move(beat.instance_id))
      .number(beat.journal_sequence)
      .number(beat.running ? 1 : 0);
  PgReply reply = co_await ask_text(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::writes);
  if (reply.rows.size() == 0) co_return std::optional<std::int64_t>();
  co_return std::optional<std::int64_t>(reply.rows.number(0, 0));
}

/** No EXISTS, which would drop the ORDER BY: that one leads to the index of (node_id, started_at)
    even where the planner knows nothing about the node. The newest first, for the oldest may have
    been pruned just now. */
Task<Result<bool>> PostgresStore::has_signed(std::string node_id) {
  PgCall call;
  call.text =
      "(SELECT 1 FROM validator_duties WHERE node_id = $1::text AND (status = 'signed' OR "
      "signature IS NOT NULL) ORDER BY started_at DESC LIMIT 1) UNION ALL "
      "(SELECT 1 FROM holdfast_ledger WHERE node_id = $1::text AND (status = 'signed' OR "
      "signature IS NOT NULL) LIMIT 1) LIMIT 1";
  call.params.text(std::move(node_id));
  PgReply reply = co_await ask_text(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  co_return reply.rows.size() == 1;
}

Task<Result<void>> PostgresStore::confirm_read() {
  PgCall call;
  call.text = "SELECT pg_logical_emit_message(true, 'holdfast', '')";
  PgReply reply = co_await ask_text(std::move(call));
  // It changes nothing, so a lost answer is no doubt: what was read is not used.
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  co_return Result<void>();
}

Task<Result<void>> PostgresStore::confirm_replay(const Taken* taken, MessageHash wanted) {
  const bool replayed = taken != nullptr && taken->existing.signature.has_value() &&
                        taken->existing.message_hash == wanted;
  if (!replayed || !synchronous_) co_return Result<void>();
  co_return co_await confirm_read();
}

Task<Result<void>> PostgresStore::meet() {
  if (watch_ == nullptr) co_return Result<void>();
  const DatabaseQuestion asked = watch_->question();
  PgCall call;
  call.text = meeting_text();
  call.params = meeting_params(asked);
  PgReply reply = co_await ask_text(std::move(call));
  if (reply.outcome != PgReply::Outcome::done) co_return error_in(reply, Effect::reads);
  Result<PgMeeting> meeting = read_meeting(reply.rows, "the URL");
  if (!meeting) co_return std::move(meeting).error();
  Result<void> accepted = watch_->on_database(asked, meeting->facts);
  synchronous_ = meeting->facts.identity.synchronous;
  if (accepted) {
    // Sessions that know tables which were made again would write nothing for ever.
    const Error why{ErrorKind::unavailable, "the database's tables were made again"};
    end_sessions_unless(meeting->history, why);
  } else {
    // None of them leads to a database that may be written, or it is not known which one does.
    end_sessions_unless("", accepted.error());
  }
  co_return accepted;
}

}  // namespace holdfast
