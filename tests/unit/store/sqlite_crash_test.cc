// kill -9 of processes that share the file: what was answered as signed is signed for ever, and
// what was left behind can be taken over. Invariants: S1, S2, S3.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "unit/store/sqlite_fixture.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class SqliteCrash : public SqliteTest {
 protected:
  struct Signer {
    pid_t pid = -1;
    int pipe = -1;
  };

  /** Another process, which signs slot after slot from `first` until it is killed and tells the
      slot of each signature that it could release. */
  Signer start_signer(std::int64_t first) {
    int ends[2];
    CHECK(::pipe(ends) == 0);
    const pid_t pid = ::fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      ::close(ends[0]);
      sign_for_ever(first, ends[1]);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
  }

  [[noreturn]] void sign_for_ever(std::int64_t first, int pipe) {
    TestLoop own_loop;
    Result<std::unique_ptr<SqliteStore>> own =
        SqliteStore::open(settings, own_loop.clock(), own_loop.post());
    if (!own) ::_exit(3);
    for (std::int64_t slot = first;; ++slot) {
      SystemRandom system;
      Result<ClaimAnswer> answer = own_loop.run(
          (*own)->claim(duty_at(slot), "crasher", LockToken::from_random(system.bytes16())));
      if (!answer || !std::holds_alternative<HeldLock>(*answer)) ::_exit(4);
      HeldLock held = std::get<HeldLock>(std::move(*answer));
      SignableMessage message{MessageForm::eth_sign, held.duty().message_hash, ""};
      auto sealed = own_loop.run(keys.sign(held, std::move(message)));
      Result<RecordAnswer> recorded =
          own_loop.run((*own)->record(std::move(held), std::get<SealedSignature>(sealed)));
      if (!recorded || !std::holds_alternative<SignedRecord>(*recorded)) ::_exit(5);
      if (::write(pipe, &slot, sizeof(slot)) != sizeof(slot)) ::_exit(6);
    }
  }

  /** Waits for that many signatures, kills the process, and gives all that it told. */
  static std::vector<std::int64_t> kill_after(const Signer& signer, std::size_t signatures) {
    std::vector<std::int64_t> told;
    std::int64_t slot = 0;
    while (::read(signer.pipe, &slot, sizeof(slot)) == sizeof(slot)) {
      told.push_back(slot);
      if (told.size() == signatures) CHECK(::kill(signer.pid, SIGKILL) == 0);
    }
    ::close(signer.pipe);
    int status = 0;
    CHECK(::waitpid(signer.pid, &status, 0) == signer.pid);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it ended by itself with " << WEXITSTATUS(status);
    return told;
  }

  void expect_all_signed(const std::vector<std::int64_t>& told) {
    for (const std::int64_t slot : told) {
      const auto found = row(duty_at(slot));
      ASSERT_TRUE(found.has_value()) << slot;
      EXPECT_EQ(found->status, DutyStatus::signed_) << slot;
      Result<ClaimAnswer> other = claim(duty_at(slot, 0xbb));
      ASSERT_TRUE(other.has_value()) << other.error().message;
      EXPECT_TRUE(std::holds_alternative<Taken>(*other)) << slot;
    }
  }

  /** The slot at which the process was killed is open to everybody, or was signed unheard. */
  void expect_next_can_go_on(std::int64_t slot) {
    Result<ClaimAnswer> answer = loop.run(store->take_over(duty_at(slot, 0xbb), "node-1",
                                                           LockToken::from_random(random.bytes16()),
                                                           std::chrono::milliseconds(0)));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    if (auto* held = std::get_if<HeldLock>(&*answer)) {
      EXPECT_TRUE(recorded(record(std::move(*held))));
    } else {
      EXPECT_EQ(std::get<Taken>(*answer).existing.status, DutyStatus::signed_);
    }
  }
};

TEST_F(SqliteCrash, what_a_killed_process_released_stays_signed) {
  std::int64_t first = 0;
  for (const std::size_t signatures : {1U, 7U, 23U}) {
    const std::vector<std::int64_t> told = kill_after(start_signer(first), signatures);
    ASSERT_GE(told.size(), signatures);
    open();
    expect_all_signed(told);
    expect_next_can_go_on(told.back() + 1);
    close();
    first = told.back() + 1000;
  }
}

TEST_F(SqliteCrash, the_other_processes_go_on_when_one_is_killed) {
  const Signer survivor = start_signer(0);
  const Signer victim = start_signer(1000000);
  const std::vector<std::int64_t> of_victim = kill_after(victim, 5);
  const std::vector<std::int64_t> of_survivor = kill_after(survivor, 30);
  open();
  expect_all_signed(of_victim);
  expect_all_signed(of_survivor);
}

}  // namespace
}  // namespace holdfast
