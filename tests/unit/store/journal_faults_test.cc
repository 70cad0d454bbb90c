// Every call that the journal makes to the disk fails, or is the last before a crash: never is
// anything lost that was acknowledged, and the node starts again without help.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include <gtest/gtest.h>

#include "disk_faults.h"
#include "journal_fixture.h"

namespace holdfast::test {
namespace {

constexpr std::int64_t kWrites = 16;

/** What a process with a fault tells before it ends. */
struct Told {
  std::vector<std::int64_t> acknowledged;
  std::int64_t refused = 0;
  /** Absent: it did not come to its end. */
  std::optional<std::size_t> calls;
};

struct Message {
  enum class What : std::int64_t { unknown = 0, acknowledged, refused, ended } what = What::unknown;
  std::int64_t number = 0;
};

class JournalFaults : public FileJournalTest, public testing::WithParamInterface<DiskFault> {
 protected:
  /** Small, so that the file is written anew several times. */
  FileJournalSettings small() const {
    FileJournalSettings settings = this->settings();
    settings.rotate_at_bytes = 900;
    return settings;
  }

  static void tell(int pipe, Message::What what, std::int64_t number) {
    const Message message{what, number};
    if (::write(pipe, &message, sizeof(message)) != sizeof(message)) ::_exit(3);
  }

  /** Opens the journal and writes, one release after the other, each with something noted. */
  void work(int pipe) {
    TestLoop loop;
    SystemRandom random;
    Result<std::unique_ptr<FileJournal>> journal = FileJournal::open(small(), random, loop.post());
    if (journal) {
      for (std::int64_t slot = 1; slot <= kWrites; ++slot) {
        (*journal)->note(SeenEntry{duty_at(slot).key.rollup_address, Slot(slot)});
        PendingRelease pending = (*journal)->begin_release(duty_at(slot));
        const auto released = loop.run((*journal)->finish(std::move(pending)));
        tell(pipe, released ? Message::What::acknowledged : Message::What::refused, slot);
      }
      (*journal)->close();
    }
    tell(pipe, Message::What::ended, static_cast<std::int64_t>(disk_calls()));
  }

  Told run(DiskFault fault, std::size_t call) {
    int pipe[2];
    CHECK(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
      ::close(pipe[0]);
      set_disk_fault(fault, call);
      work(pipe[1]);
      ::_exit(0);
    }
    ::close(pipe[1]);
    Told told;
    Message message;
    while (::read(pipe[0], &message, sizeof(message)) == sizeof(message)) {
      if (message.what == Message::What::acknowledged) told.acknowledged.push_back(message.number);
      if (message.what == Message::What::refused) ++told.refused;
      if (message.what == Message::What::ended) {
        told.calls = static_cast<std::size_t>(message.number);
      }
    }
    ::close(pipe[0]);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9))
        << status;
    return told;
  }

  /** The next start, without a fault. */
  void check_kept(const Told& told) {
    const std::unique_ptr<FileJournal> journal = open(small());
    ASSERT_NE(journal, nullptr);
    const std::int64_t newest = told.acknowledged.empty() ? 0 : told.acknowledged.back();
    for (std::int64_t slot = 1; slot <= newest; ++slot) {
      // What is older than something acknowledged is there too, whatever became of its own answer.
      EXPECT_TRUE(journal->memory().released(duty_at(slot).key)) << "slot " << slot;
    }
    if (newest == 0) return;
    EXPECT_GE(journal->memory().seen().at(duty_at(1).key.rollup_address), Slot(newest));
  }

  void start_anew() {
    std::filesystem::remove_all(directory_.path());
    std::filesystem::create_directory(directory_.path());
  }
};

TEST_P(JournalFaults, LoseNothingThatWasAcknowledged) {
  const Told calm = run(DiskFault::none, 0);
  ASSERT_TRUE(calm.calls);
  ASSERT_EQ(calm.acknowledged.size(), static_cast<std::size_t>(kWrites));
  // Two calls for each write, and more for those that write the file anew.
  ASSERT_GT(*calm.calls, 2 * static_cast<std::size_t>(kWrites) + 10);
  for (std::size_t call = 1; call <= *calm.calls; ++call) {
    SCOPED_TRACE(std::string(name_of(GetParam())) + " at call " + std::to_string(call));
    start_anew();
    const Told told = run(GetParam(), call);
    ASSERT_NO_FATAL_FAILURE(check_kept(told));
    // A journal that existed before meets the fault, too.
    const Told again = run(GetParam(), call);
    ASSERT_NO_FATAL_FAILURE(check_kept(again));
    if (GetParam() == DiskFault::io_error || GetParam() == DiskFault::disk_full) {
      EXPECT_TRUE(told.calls);
      EXPECT_LE(told.refused, 1) << "one fault costs one release";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, JournalFaults,
                         testing::Values(DiskFault::io_error, DiskFault::disk_full,
                                         DiskFault::io_errors, DiskFault::killed,
                                         DiskFault::killed_half_way, DiskFault::power_loss,
                                         DiskFault::power_loss_before_rename),
                         [](const testing::TestParamInfo<DiskFault>& row) {
                           return std::string(name_of(row.param));
                         });

}  // namespace
}  // namespace holdfast::test
