#include <algorithm>
#include <string_view>
#include <utility>

#include "store/node_table.h"
#include "store/sqlite/sqlite_duties.h"

namespace holdfast {

Result<std::vector<NodeRecord>> SqliteDuties::list_nodes() {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  SqliteQuery query = connection_.query(
      "SELECT node_id, instance_id, place, version, publishers, journal_id, journal_sequence, beat,"
      " running, started_at, last_seen FROM holdfast_nodes ORDER BY node_id");
  std::vector<NodeRecord> nodes;
  for (;;) {
    Result<bool> more = query.next();
    if (!more) return std::move(more).error();
    if (!*more) return nodes;
    Result<std::vector<Address>> publishers = publishers_of_row(query.text(4), query.text(0));
    if (!publishers) return std::move(publishers).error();
    NodeRecord node;
    node.node_id = query.text(0);
    node.instance_id = query.text(1);
    node.place = query.text(2);
    node.version = query.text(3);
    node.publishers = *std::move(publishers);
    node.journal_id = query.text(5);
    node.journal_sequence = query.integer(6);
    node.beat = query.integer(7);
    node.running = query.integer(8) != 0;
    node.started_at_ms = query.integer(9);
    node.last_seen = std::chrono::milliseconds(std::max<std::int64_t>(0, *now - query.integer(10)));
    nodes.push_back(std::move(node));
  }
}

Result<bool> SqliteDuties::put_node(const NodeRecord& node,
                                    const std::optional<std::string>& replaces_instance) {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  SqliteQuery query = connection_.query(
      "INSERT INTO holdfast_nodes (node_id, instance_id, place, version, publishers, journal_id,"
      " journal_sequence, beat, running, started_at, last_seen)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 + 1, 1, ?9, ?9)"
      " ON CONFLICT (node_id) DO UPDATE SET instance_id = excluded.instance_id,"
      " place = excluded.place, version = excluded.version, publishers = excluded.publishers,"
      " journal_id = excluded.journal_id, journal_sequence = excluded.journal_sequence,"
      " beat = max(beat + 1, excluded.beat), running = 1, started_at = excluded.started_at,"
      " last_seen = excluded.last_seen WHERE instance_id = ?10");
  query.bind(std::string_view(node.node_id))
      .bind(std::string_view(node.instance_id))
      .bind(std::string_view(node.place))
      .bind(std::string_view(node.version))
      .bind(std::string_view(publishers_text(node.publishers)))
      .bind(std::string_view(node.journal_id))
      .bind(node.journal_sequence)
      .bind(node.beat)
      .bind(*now)
      // No instance has an empty id.
      .bind(std::string_view(replaces_instance ? *replaces_instance : std::string()));
  Result<std::int64_t> changed = query.run();
  if (!changed) return std::move(changed).error();
  return *changed == 1;
}

Result<std::optional<std::int64_t>> SqliteDuties::beat_node(const NodeBeat& beat) {
  Result<std::int64_t> now = now_ms();
  if (!now) return std::move(now).error();
  {
    SqliteQuery query = connection_.query(
        "UPDATE holdfast_nodes SET beat = beat + 1, last_seen = ?, journal_sequence = ?,"
        " running = ? WHERE node_id = ? AND instance_id = ?");
    query.bind(*now)
        .bind(beat.journal_sequence)
        .bind(std::int64_t{beat.running ? 1 : 0})
        .bind(std::string_view(beat.node_id))
        .bind(std::string_view(beat.instance_id));
    Result<std::int64_t> changed = query.run();
    if (!changed) return std::move(changed).error();
    if (*changed == 0) return std::optional<std::int64_t>();
  }
  Result<std::int64_t> reached = beat_of(beat.node_id);
  if (!reached) return std::move(reached).error();
  return std::optional<std::int64_t>(*reached);
}

Result<bool> SqliteDuties::has_signed(const std::string& node_id) {
  SqliteQuery query = connection_.query(
      "SELECT EXISTS (SELECT 1 FROM validator_duties"
      " WHERE node_id = ?1 AND (status = 'signed' OR signature IS NOT NULL))"
      " OR EXISTS (SELECT 1 FROM holdfast_ledger"
      " WHERE node_id = ?1 AND (status = 'signed' OR signature IS NOT NULL))");
  query.bind(std::string_view(node_id));
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return query.integer(0) != 0;
}

Result<std::int64_t> SqliteDuties::beat_of(const std::string& node_id) {
  SqliteQuery query = connection_.query("SELECT beat FROM holdfast_nodes WHERE node_id = ?");
  query.bind(std::string_view(node_id));
  Result<bool> row = query.next();
  if (!row) return std::move(row).error();
  return *row ? query.integer(0) : 0;
}

Result<DatabaseFacts> SqliteDuties::meet(const DatabaseQuestion& question) {
  DatabaseFacts facts;
  {
    SqliteQuery query = connection_.query("SELECT cluster_id FROM holdfast_cluster");
    Result<bool> row = query.next();
    if (!row) return std::move(row).error();
    if (!*row) return Error{ErrorKind::corrupt, "holdfast_cluster is empty: the file is damaged"};
    facts.identity.backend = "sqlite";
    facts.identity.cluster_id = query.text(0);
    facts.identity.synchronous = true;
  }
  Result<std::int64_t> beat = beat_of(question.node_id);
  if (!beat) return std::move(beat).error();
  facts.beat = *beat;
  if (!question.newest_release) return facts;
  const DutyKey& key = question.newest_release->key;
  Result<std::optional<StoredRow>> row = read(key);
  if (!row) return std::move(row).error();
  Result<std::optional<Slot>> watermark = read_watermark(key);
  if (!watermark) return std::move(watermark).error();
  const bool by_row = *row && (*row)->signature.has_value() &&
                      (*row)->duty.message_hash == question.newest_release->message_hash;
  facts.knows_newest_release = by_row || (*watermark && key.slot <= **watermark);
  return facts;
}

}  // namespace holdfast
