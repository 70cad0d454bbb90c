#include "store/journal/journal_writer.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {
namespace {

/** How many bytes one block takes before it is closed; what is left goes into the next. */
constexpr std::size_t kBlockPayloadMax = 1U << 20U;
/** Entries that nobody waits for are written without being asked for when they are so many. */
constexpr std::size_t kUnaskedMax = 1U << 16U;
/** Entries of failed blocks that are kept; when there are more, the next rewrite has them. */
constexpr std::size_t kCarriedMax = 1U << 20U;

}  // namespace

JournalWriter::JournalWriter(JournalFile file, Post post,
                             std::function<void(const JournalReport&)> reported)
    : path_(file.path().string()),
      post_(std::move(post)),
      reported_(std::move(reported)),
      file_(std::move(file)),
      thread_([this] { run(); }) {}

JournalWriter::~JournalWriter() {
  close();
}

void JournalWriter::push(JournalJob job) {
  CHECK(job.payload.empty() || job.snapshot.empty());
  std::unique_lock<std::mutex> lock(mutex_);
  if (stopping_) {
    lock.unlock();
    if (!job.done) return;
    return job.done(Error{ErrorKind::unavailable, fmt::format("the journal {} is closed", path_)});
  }
  queued_bytes_ += job.payload.size();
  somebody_waits_ = somebody_waits_ || job.done || !job.snapshot.empty();
  queue_.push_back(std::move(job));
  const bool wake = must_wake();
  lock.unlock();
  if (wake) wake_.notify_one();
}

void JournalWriter::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool JournalWriter::must_wake() const {
  return stopping_ || somebody_waits_ || queued_bytes_ > kUnaskedMax;
}

JournalWriter::Batch JournalWriter::take_batch() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return must_wake(); });
  Batch batch;
  std::size_t bytes = 0;
  while (!queue_.empty() && bytes < kBlockPayloadMax) {
    const bool is_snapshot = !queue_.front().snapshot.empty();
    if (is_snapshot && !batch.jobs.empty()) break;
    bytes += queue_.front().payload.size();
    batch.jobs.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (is_snapshot) break;
  }
  queued_bytes_ -= bytes;
  if (queue_.empty()) somebody_waits_ = false;
  batch.stop = stopping_ && queue_.empty();
  return batch;
}

void JournalWriter::run() {
  for (bool stop = false; !stop;) {
    Batch batch = take_batch();
    stop = batch.stop;
    if (!batch.jobs.empty() && !batch.jobs.front().snapshot.empty()) {
      rewrite(std::move(batch.jobs.front()));
    } else if (!batch.jobs.empty() || !carried_.empty()) {
      write_batch(std::move(batch.jobs));
    }
  }
  file_.reset();
}

void JournalWriter::write_batch(std::vector<JournalJob> jobs) {
  Bytes payload = std::exchange(carried_, {});
  for (const JournalJob& job : jobs) {
    payload.insert(payload.end(), job.payload.begin(), job.payload.end());
  }
  Result<void> written = file_->append(payload);
  // When the file must be written anew, the entries are in the memory that it is written from.
  if (!written && !file_->needs_rewrite()) {
    if (payload.size() > kCarriedMax) {
      file_->demand_rewrite(written.error().message);
    } else {
      carried_ = std::move(payload);
    }
  }
  give(JournalReport::Work::append, std::move(written), std::move(jobs));
}

void JournalWriter::rewrite(JournalJob job) {
  Result<void> written = file_->rewrite(job.snapshot);
  if (written) carried_.clear();
  std::vector<JournalJob> jobs;
  jobs.push_back(std::move(job));
  give(JournalReport::Work::rewrite, std::move(written), std::move(jobs));
}

void JournalWriter::give(JournalReport::Work work, Result<void> result,
                         std::vector<JournalJob> jobs) {
  const JournalReport report{.work = work,
                             .succeeded = result.has_value(),
                             .needs_rewrite = file_->needs_rewrite(),
                             .size = file_->size(),
                             .sequence = file_->sequence()};
  auto answered = std::make_shared<std::vector<JournalJob>>(std::move(jobs));
  post_([answered = std::move(answered), report, result = std::move(result), reported = reported_] {
    reported(report);
    for (JournalJob& job : *answered) {
      if (job.done) job.done(result);
    }
  });
}

}  // namespace holdfast
