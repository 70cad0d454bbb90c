#include "store/sqlite/sqlite_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "store/sqlite/sqlite_schema.h"

namespace holdfast {
namespace {

Result<std::unique_ptr<SqliteConnection>> connect(const SqliteSettings& settings,
                                                  const std::string& path) {
  return SqliteConnection::open(SqliteConnection::Options{
      .path = path, .busy_timeout = settings.busy_timeout, .vfs = settings.vfs});
}

/** What is open now, under the names that are checked from here on. */
Result<SqliteFiles> opened_files(const SqliteConnection& connection, const std::string& path) {
  const std::optional<FileIdentity> database = identity_of(path);
  const std::optional<FileIdentity> log = identity_of(path + "-wal");
  if (database && log && !connection.has_moved()) return SqliteFiles{path, *database, *log};
  return Error{ErrorKind::unavailable,
               fmt::format("{} was moved or replaced while it was being opened; start again once "
                           "nobody touches it",
                           path)};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteSettings settings, Clock& clock,
                                                       Post post) {
  std::error_code code;
  const std::string path = std::filesystem::absolute(settings.path, code).string();
  if (code || settings.path.empty()) {
    return Error{ErrorKind::invalid_input, "the path of the database file is empty or unusable"};
  }
  Result<void> prepared = prepare_sqlite_file(path);
  if (!prepared) return std::move(prepared).error();
  Result<std::unique_ptr<SqliteConnection>> writer = connect(settings, path);
  if (!writer) return std::move(writer).error();
  Result<void> schema = open_sqlite_schema(**writer);
  if (!schema) return std::move(schema).error();
  Result<std::unique_ptr<SqliteConnection>> reader = connect(settings, path);
  if (!reader) return std::move(reader).error();
  Result<void> read_only = (*reader)->execute("PRAGMA query_only = ON");
  if (!read_only) return std::move(read_only).error();
  Result<SqliteFiles> files = opened_files(**writer, path);
  if (!files) return std::move(files).error();

  std::unique_ptr<SqliteStore> store(new SqliteStore(path, clock, settings.watch));
  store->writer_ =
      std::make_unique<SqliteWorker>(SqliteWorker::Role::writer, std::move(*writer), *files, post);
  store->reader_ = std::make_unique<SqliteWorker>(SqliteWorker::Role::reader, std::move(*reader),
                                                  std::move(*files), std::move(post));
  return store;
}

SqliteStore::SqliteStore(std::string path, Clock& clock, DatabaseWatch* watch)
    : DutyStore(clock), watch_(watch), path_(std::move(path)) {}

SqliteStore::~SqliteStore() = default;

template <class Answer, class Work>
Task<Result<Answer>> SqliteStore::perform(SqliteWorker& worker, Work work) {
  auto asked = from_callback<Result<Answer>>([&worker, &work](auto give) {
    // The worker fills it, the I/O thread empties it; the post between them orders the two.
    auto answer = std::make_shared<std::optional<Result<Answer>>>();
    SqliteOperation operation;
    operation.work = [answer, work = std::move(work)](SqliteDuties& duties) {
      answer->emplace(work(duties));
    };
    operation.answer = [answer, give = std::move(give)](const Error* failure) mutable {
      give(failure != nullptr ? Result<Answer>(*failure) : std::move(**answer));
    };
    worker.push(std::move(operation));
  });
  co_return co_await asked;
}

Task<Result<DutyStore::LockReply>> SqliteStore::do_lock(LockRequest request) {
  LockAttempt attempt{std::move(request.duty), std::move(request.token), request.take_over_age};
  auto work = [attempt = std::move(attempt), node_id = std::move(request.node_id)](
                  SqliteDuties& duties) { return duties.lock(attempt, node_id); };
  Result<LockPlan> plan = co_await perform<LockPlan>(*writer_, std::move(work));
  if (!plan) co_return std::move(plan).error();
  if (auto* taken = std::get_if<Taken>(&*plan)) co_return LockReply(std::move(*taken));
  if (auto* below = std::get_if<BelowWatermark>(&*plan)) co_return LockReply(*below);
  auto* insert = std::get_if<InsertLock>(&*plan);
  std::string& token = insert != nullptr ? insert->token : std::get<ReplaceLock>(*plan).token;
  co_return LockReply(Locked{std::move(token)});
}

Task<Result<DutyStore::Recorded>> SqliteStore::do_record(RecordRequest request) {
  auto work = [request = std::move(request)](SqliteDuties& duties) {
    const auto into =
        request.gated ? SqliteDuties::RecordInto::gated_row : SqliteDuties::RecordInto::own_row;
    return duties.record(request.duty, request.token, request.signature, into);
  };
  Result<bool> recorded = co_await perform<bool>(*writer_, std::move(work));
  if (!recorded) co_return std::move(recorded).error();
  co_return *recorded ? Recorded::yes : Recorded::lock_lost;
}

Task<Result<void>> SqliteStore::do_release(ReleaseRequest request) {
  auto work = [request = std::move(request)](SqliteDuties& duties) {
    return request.pin_reason ? duties.pin(request.duty, request.token, *request.pin_reason)
                              : duties.release(request.duty, request.token);
  };
  co_return co_await perform<void>(*writer_, std::move(work));
}

Task<Result<DutyStore::GatedReply>> SqliteStore::do_find_gated(RollupAddress rollup,
                                                               Address validator,
                                                               MessageHash message_hash) {
  using Found = std::optional<SqliteDuties::GatedFound>;
  auto work = [rollup, validator, message_hash](SqliteDuties& duties) {
    return duties.find_gated(rollup, validator, message_hash);
  };
  Result<Found> found = co_await perform<Found>(*writer_, std::move(work));
  if (!found) co_return std::move(found).error();
  if (!*found) co_return GatedReply(std::monostate{});
  SqliteDuties::GatedFound& gated = **found;
  if (auto* taken = std::get_if<Taken>(&gated.plan)) co_return GatedReply(std::move(*taken));
  if (auto* below = std::get_if<BelowWatermark>(&gated.plan)) co_return GatedReply(*below);
  co_return GatedReply(GatedRow{std::move(gated.row.duty), std::move(gated.row.token)});
}

Task<Result<DutyStore::TokenState>> SqliteStore::do_read_token(TokenQuestion question) {
  using Found = SqliteDuties::TokenFound;
  auto work = [question = std::move(question)](SqliteDuties& duties) {
    return duties.read_token(question.duty, question.token, question.signature);
  };
  // By the writer, whose next transaction sees whatever became of the one that is in doubt.
  Result<Found> found = co_await perform<Found>(*writer_, std::move(work));
  if (!found) co_return std::move(found).error();
  switch (*found) {
    case Found::not_ours:
      co_return TokenState::not_ours;
    case Found::locked:
      co_return TokenState::locked;
    case Found::signed_:
      co_return TokenState::signed_;
  }
  co_return TokenState::not_ours;
}

Task<Result<std::optional<DutyRow>>> SqliteStore::read(DutyKey key) {
  using Found = std::optional<DutyRow>;
  auto work = [key](SqliteDuties& duties) -> Result<Found> {
    Result<std::optional<StoredRow>> row = duties.read(key);
    if (!row) return std::move(row).error();
    return *row ? Found(without_token(**row)) : Found();
  };
  co_return co_await perform<Found>(*reader_, std::move(work));
}

Task<Result<std::vector<DutyRow>>> SqliteStore::list(DutyFilter filter) {
  using Found = std::vector<DutyRow>;
  auto work = [filter = std::move(filter)](SqliteDuties& duties) -> Result<Found> {
    Result<std::vector<StoredRow>> rows = duties.list(filter);
    if (!rows) return std::move(rows).error();
    Found found;
    for (const StoredRow& row : *rows) found.push_back(without_token(row));
    return found;
  };
  co_return co_await perform<Found>(*reader_, std::move(work));
}

Task<Result<std::vector<DutyCount>>> SqliteStore::count_by_node(std::chrono::seconds newer_than) {
  auto work = [newer_than](SqliteDuties& duties) { return duties.count_by_node(newer_than); };
  co_return co_await perform<std::vector<DutyCount>>(*reader_, std::move(work));
}

Task<Result<bool>> SqliteStore::has_signed(std::string node_id) {
  auto work = [node_id = std::move(node_id)](SqliteDuties& duties) {
    return duties.has_signed(node_id);
  };
  co_return co_await perform<bool>(*reader_, std::move(work));
}

Task<Result<std::int64_t>> SqliteStore::delete_stuck(std::string node_id,
                                                     std::chrono::milliseconds min_age) {
  auto work = [node_id = std::move(node_id), min_age](SqliteDuties& duties) {
    return duties.delete_stuck(node_id, min_age);
  };
  co_return co_await perform<std::int64_t>(*writer_, std::move(work));
}

Task<Result<std::vector<PrunedDuties>>> SqliteStore::do_prune(PruneRequest request) {
  using Pruned = std::vector<PrunedDuties>;
  // A dry run may look at many rows; by the reader it delays no signature.
  SqliteWorker& worker = request.mode == PruneMode::dry_run ? *reader_ : *writer_;
  auto work = [request](SqliteDuties& duties) { return duties.prune(request, kPruneBatch); };
  co_return co_await perform<Pruned>(worker, std::move(work));
}

Task<Result<HistoryMarks>> SqliteStore::read_history_marks(HistoryFilter filter) {
  auto work = [filter](SqliteDuties& duties) { return duties.read_history_marks(filter); };
  co_return co_await perform<HistoryMarks>(*reader_, std::move(work));
}

Task<Result<std::vector<DutyRow>>> SqliteStore::do_read_history(HistoryFilter filter,
                                                                std::optional<DutyKey> after,
                                                                std::size_t limit) {
  using Rows = std::vector<StoredRow>;
  auto work = [filter, after, limit](SqliteDuties& duties) {
    return duties.read_history(filter, after, limit);
  };
  Result<Rows> rows = co_await perform<Rows>(*reader_, std::move(work));
  if (!rows) co_return std::move(rows).error();
  std::vector<DutyRow> found;
  for (const StoredRow& row : *rows) found.push_back(without_token(row));
  co_return found;
}

Task<Result<MergedHistory>> SqliteStore::do_import_history(HistoryBatch batch, ImportMode mode) {
  SqliteWorker& worker = mode == ImportMode::dry_run ? *reader_ : *writer_;
  auto work = [batch = std::move(batch), mode](SqliteDuties& duties) {
    return duties.import_history(batch, mode);
  };
  co_return co_await perform<MergedHistory>(worker, std::move(work));
}

Task<Result<StoreState>> SqliteStore::check() {
  // The transaction around it has taken the write lock and looked at the schema's version.
  auto work = [path = path_](SqliteDuties& duties) -> Result<StoreState> {
    Result<std::int64_t> version = duties.schema_version();
    if (!version) return std::move(version).error();
    return StoreState{.backend = "sqlite",
                      .place = path,
                      .schema_version = kSqliteAztecSchemaVersion,
                      .holdfast_schema_version = static_cast<int>(*version),
                      .server_version = SqliteConnection::library_version()};
  };
  Result<StoreState> state = co_await perform<StoreState>(*writer_, std::move(work));
  if (!state || watch_ == nullptr) co_return state;
  const DatabaseQuestion asked = watch_->question();
  auto meeting = [asked](SqliteDuties& duties) { return duties.meet(asked); };
  Result<DatabaseFacts> facts = co_await perform<DatabaseFacts>(*writer_, std::move(meeting));
  if (!facts) co_return std::move(facts).error();
  Result<void> accepted = watch_->on_database(asked, *facts);
  if (!accepted) co_return std::move(accepted).error().within(path_ + " is refused");
  co_return state;
}

Task<Result<std::vector<NodeRecord>>> SqliteStore::list_nodes() {
  auto work = [](SqliteDuties& duties) { return duties.list_nodes(); };
  co_return co_await perform<std::vector<NodeRecord>>(*reader_, std::move(work));
}

Task<Result<bool>> SqliteStore::put_node(NodeRecord node,
                                         std::optional<std::string> replaces_instance) {
  auto work = [node = std::move(node), replaces = std::move(replaces_instance)](
                  SqliteDuties& duties) { return duties.put_node(node, replaces); };
  co_return co_await perform<bool>(*writer_, std::move(work));
}

Task<Result<std::optional<std::int64_t>>> SqliteStore::beat_node(NodeBeat beat) {
  auto work = [beat = std::move(beat)](SqliteDuties& duties) { return duties.beat_node(beat); };
  co_return co_await perform<std::optional<std::int64_t>>(*writer_, std::move(work));
}

StorePoolUse SqliteStore::pool_use() const {
  StorePoolUse use;
  use.connections = closed_ ? 0 : 2;
  use.connections_max = 2;
  use.waiting = writer_->waiting() + reader_->waiting();
  use.batches = writer_->batches();
  use.batched_operations = writer_->operations();
  return use;
}

Task<void> SqliteStore::stop(SqliteWorker& worker) {
  auto stopped = from_callback<bool>(
      [&worker](auto give) { worker.stop([give = std::move(give)]() mutable { give(true); }); });
  co_await stopped;
  worker.join();
}

Task<void> SqliteStore::close() {
  if (closed_) co_return;
  closed_ = true;
  co_await stop(*reader_);
  co_await stop(*writer_);
}

}  // namespace holdfast
