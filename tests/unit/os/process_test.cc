#include "os/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "os/random.h"
#include "os/stop_signals.h"

namespace holdfast {
namespace {

constexpr std::chrono::seconds kLong{60};

// In a child, because the test program itself may want its core dumps.
TEST(DisableCoreDumpsDeathTest, turns_off_dumps_and_attaching) {
  EXPECT_EXIT(
      {
        const bool done = disable_core_dumps().has_value();
        rlimit limit{};
        getrlimit(RLIMIT_CORE, &limit);
        const bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
        _exit(done && !dumpable && limit.rlim_cur == 0 ? 7 : 1);
      },
      testing::ExitedWithCode(7), "");
}

[[noreturn]] void write_to_a_broken_pipe() {
  ignore_broken_pipes();
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) _exit(1);
  close(ends[0]);
  const ssize_t written = write(ends[1], "x", 1);
  _exit(written < 0 && errno == EPIPE ? 7 : 1);
}

TEST(IgnoreBrokenPipesDeathTest, makes_a_write_fail_instead_of_the_process) {
  EXPECT_EXIT(write_to_a_broken_pipe(), testing::ExitedWithCode(7), "");
}

TEST(StopSignals, calls_with_each_signal_on_the_io_thread) {
  IoRuntime runtime;
  std::vector<int> seen;
  const StopSignals signals(runtime, [&](int number) { seen.push_back(number); });
  raise(SIGTERM);
  EXPECT_TRUE(seen.empty()) << "not inside the signal handler";
  EXPECT_TRUE(runtime.run_until([&] { return seen.size() == 1; }, kLong));
  raise(SIGINT);
  EXPECT_TRUE(runtime.run_until([&] { return seen.size() == 2; }, kLong));
  EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGINT}));
}

TEST(StopSignals, may_be_destroyed_by_what_it_calls) {
  IoRuntime runtime;
  std::unique_ptr<StopSignals> signals;
  bool called = false;
  signals = std::make_unique<StopSignals>(runtime, [&](int) {
    signals.reset();
    called = true;
  });
  raise(SIGTERM);
  EXPECT_TRUE(runtime.run_until([&] { return called; }, kLong));
}

TEST(StopSignalsDeathTest, gives_the_signal_its_default_back) {
  EXPECT_EXIT(
      {
        IoRuntime runtime;
        {
          const StopSignals signals(runtime, [](int) {});
        }
        raise(SIGTERM);
        _exit(1);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(SystemRandom, fills_every_byte_and_never_the_same) {
  SystemRandom random;
  std::vector<std::uint8_t> first(1000);
  std::vector<std::uint8_t> second(1000);
  random.fill(first);
  random.fill(second);
  EXPECT_NE(first, second);
  // A byte that is zero in 64 draws of 1000 would be one that is not filled.
  std::vector<bool> touched(1000);
  for (int i = 0; i < 64; ++i) {
    random.fill(first);
    for (std::size_t at = 0; at < first.size(); ++at) touched[at] = touched[at] || first[at] != 0;
  }
  EXPECT_EQ(std::count(touched.begin(), touched.end(), false), 0);
  EXPECT_NE(random.bytes16(), random.bytes16());
  random.fill({});
}

}  // namespace
}  // namespace holdfast
