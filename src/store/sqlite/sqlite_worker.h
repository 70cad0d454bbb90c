// One thread with one connection. The writer takes all operations that wait into one transaction
// (group commit); the reader answers one after another, so that a long list delays no signature.
//
// Thread rule: push, stop and join on the I/O thread; operations do their work on the worker's
// thread and give their answers on the I/O thread, by way of `post`.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/sqlite/sqlite_connection.h"
#include "store/sqlite/sqlite_duties.h"
#include "store/sqlite/sqlite_file.h"

namespace holdfast {

struct SqliteOperation {
  /** Does its work and keeps the answer to itself. */
  std::function<void(SqliteDuties&)> work;
  /** Gives the answer, or the failure of its whole transaction (null: none). Called once. */
  std::function<void(const Error*)> answer;
};

/** The files that were opened; another inode under their names is another history (S4). */
struct SqliteFiles {
  std::string path;
  FileIdentity database;
  FileIdentity log;
};

class SqliteWorker {
 public:
  enum class Role : std::uint8_t { reader = 0, writer };
  using Post = std::function<void(std::function<void()>)>;

  /** Takes the connection to its own thread. `post` may be called from any thread. */
  SqliteWorker(Role role, std::unique_ptr<SqliteConnection> connection, SqliteFiles files,
               Post post);
  SqliteWorker(const SqliteWorker&) = delete;
  SqliteWorker& operator=(const SqliteWorker&) = delete;
  /** Stops and joins. */
  ~SqliteWorker();

  /** Queues an operation. After stop() it answers unavailable, at once. */
  void push(SqliteOperation operation);

  /** Lets the transaction at hand end, answers what waits with unavailable, closes the connection
      and then posts `stopped`. Called once. */
  void stop(std::function<void()> stopped);
  /** Waits for the thread; short after `stopped`. */
  void join();

  std::size_t waiting() const;
  std::uint64_t batches() const noexcept { return batches_.load(std::memory_order_relaxed); }
  std::uint64_t operations() const noexcept { return operations_.load(std::memory_order_relaxed); }

 private:
  using Batch = std::vector<SqliteOperation>;

  void run();
  Batch take_batch();
  void run_transaction(Batch batch);
  void run_one_by_one(Batch batch);
  Result<void> begin();
  Result<void> check_files() const;
  void give_answers(Batch batch, std::optional<Error> failure);

  const Role role_;
  const SqliteFiles files_;
  const Post post_;
  std::unique_ptr<SqliteConnection> connection_;
  std::optional<SqliteDuties> duties_;
  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> operations_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Batch queue_;                    // guarded by mutex_
  bool stopping_ = false;          // guarded by mutex_
  std::function<void()> stopped_;  // guarded by mutex_

  std::thread thread_;
};

}  // namespace holdfast
