#include "store/sqlite/sqlite_worker.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "store/sqlite/sqlite_schema.h"

namespace holdfast {
namespace {

/** How many operations one transaction takes at most; the rest waits for the next. It bounds how
    long another process waits for the write lock. */
constexpr std::size_t kBatchMax = 512;

Error closed_error(const std::string& path) {
  return {ErrorKind::unavailable, fmt::format("the database {} is being closed", path)};
}

}  // namespace

SqliteWorker::SqliteWorker(Role role, std::unique_ptr<SqliteConnection> connection,
                           SqliteFiles files, Post post)
    : role_(role),
      files_(std::move(files)),
      post_(std::move(post)),
      connection_(std::move(connection)),
      thread_([this] { run(); }) {}

SqliteWorker::~SqliteWorker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  join();
}

void SqliteWorker::push(SqliteOperation operation) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (stopping_) {
    lock.unlock();
    const Error error = closed_error(files_.path);
    operation.answer(&error);
    return;
  }
  queue_.push_back(std::move(operation));
  lock.unlock();
  wake_.notify_one();
}

void SqliteWorker::stop(std::function<void()> stopped) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    CHECK(!stopping_);
    stopping_ = true;
    stopped_ = std::move(stopped);
  }
  wake_.notify_one();
}

void SqliteWorker::join() {
  if (thread_.joinable()) thread_.join();
}

std::size_t SqliteWorker::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return queue_.size();
}

SqliteWorker::Batch SqliteWorker::take_batch() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (stopping_) return {};
  if (queue_.size() <= kBatchMax) return std::exchange(queue_, {});
  const auto end = queue_.begin() + kBatchMax;
  Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return batch;
}

void SqliteWorker::run() {
  duties_.emplace(*connection_);
  for (Batch batch = take_batch(); !batch.empty(); batch = take_batch()) {
    batches_.fetch_add(1, std::memory_order_relaxed);
    operations_.fetch_add(batch.size(), std::memory_order_relaxed);
    if (role_ == Role::writer) {
      run_transaction(std::move(batch));
    } else {
      run_one_by_one(std::move(batch));
    }
  }
  duties_.reset();
  connection_.reset();
  Batch left;
  std::function<void()> stopped;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    left = std::exchange(queue_, {});
    stopped = std::exchange(stopped_, {});
  }
  if (!left.empty()) give_answers(std::move(left), closed_error(files_.path));
  if (stopped) post_(std::move(stopped));
}

void SqliteWorker::run_transaction(Batch batch) {
  Result<void> begun = begin();
  if (!begun) {
    connection_->roll_back();
    give_answers(std::move(batch), std::move(begun).error());
    return;
  }
  for (SqliteOperation& operation : batch) {
    operation.work(*duties_);
    if (!connection_->failure()) continue;
    // The file failed under one of them: nothing of the transaction is kept, and all are told so.
    connection_->roll_back();
    give_answers(std::move(batch), connection_->failure());
    return;
  }
  // durable BEFORE any of the answers is given: S1
  Result<void> committed = connection_->commit();
  connection_->roll_back();
  std::optional<Error> failure;
  if (!committed) failure = std::move(committed).error();
  give_answers(std::move(batch), std::move(failure));
}

void SqliteWorker::run_one_by_one(Batch batch) {
  for (SqliteOperation& operation : batch) {
    connection_->forget_failure();
    Result<void> same = check_files();
    std::optional<Error> failure;
    if (same) {
      operation.work(*duties_);
    } else {
      failure = std::move(same).error();
    }
    Batch one;
    one.push_back(std::move(operation));
    give_answers(std::move(one), std::move(failure));
  }
}

Result<void> SqliteWorker::begin() {
  connection_->roll_back();
  connection_->forget_failure();
  if (Result<void> same = check_files(); !same) return same;
  if (Result<void> begun = connection_->execute("BEGIN IMMEDIATE"); !begun) return begun;
  Result<std::int64_t> version = duties_->schema_version();
  if (!version) return std::move(version).error();
  if (*version == kSqliteSchemaVersion) return {};
  return Error{ErrorKind::schema_mismatch,
               fmt::format("{} was changed to schema version {} while it was open; restart with "
                           "the program that knows it",
                           files_.path, *version)};
}

Result<void> SqliteWorker::check_files() const {
  const bool same = identity_of(files_.path) == files_.database &&
                    identity_of(files_.path + "-wal") == files_.log && !connection_->has_moved();
  if (same) return {};
  return Error{ErrorKind::unavailable,
               fmt::format("{} (or its -wal file) was deleted, moved or replaced while it was "
                           "open, so the history of what was signed is not certain; put the "
                           "original back, or stop all signers on this machine and find out what "
                           "happened before any of them signs again",
                           files_.path)};
}

void SqliteWorker::give_answers(Batch batch, std::optional<Error> failure) {
  auto answered = std::make_shared<Batch>(std::move(batch));
  post_([answered = std::move(answered), failure = std::move(failure)] {
    const Error* error = failure ? &*failure : nullptr;
    for (SqliteOperation& operation : *answered) operation.answer(error);
  });
}

}  // namespace holdfast
