// Protected signatures through the library: the sign path over PostgreSQL with a local key, N in
// flight on one I/O thread, without HTTP.
//
// usage: library_bench DATABASE_URL IN_FLIGHT SECONDS FIRST_SLOT [CONNECTIONS]
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench_figures.h"
#include "keys/key_ring.h"
#include "os/io_clock.h"
#include "os/io_runtime.h"
#include "os/random.h"
#include "signer/sign_path.h"
#include "store/journal/file_journal.h"
#include "store/postgres/postgres_store.h"

namespace holdfast {
namespace {

[[noreturn]] void fail(std::string_view what) {
  fmt::print(stderr, "library_bench: {}\n", what);
  std::exit(1);
}

/** The private key 1, in plain memory: it guards nothing. */
class BenchKey final : public KeyBackend {
 public:
  static std::array<std::uint8_t, 32> key() {
    std::array<std::uint8_t, 32> key{};
    key[31] = 1;
    return key;
  }
  Task<std::variant<SignFailure, Signature>> sign(Address, SignableMessage message) override {
    co_return sign_digest(key(), message.digest());
  }
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address, Transaction) override {
    co_return SignFailure{MaySign::has_not_signed, Error{ErrorKind::invalid_input, "not here"}};
  }
};

struct Bench {
  SignPath& path;
  Clock& clock;
  Address address;
  std::int64_t next_slot = 0;
  MonotonicTime until{0};
  std::vector<std::chrono::nanoseconds> latencies = {};
  std::size_t running = 0;

  Task<void> worker() {
    while (clock.now() < until) {
      const MonotonicTime before = clock.now();
      Duty duty;
      duty.key.rollup_address.bytes.fill(0x11);
      duty.key.validator_address = address;
      duty.key.slot = Slot(next_slot++);
      duty.key.duty_type = DutyType::block_proposal;
      duty.key.block_index_within_checkpoint = BlockIndex(0);
      duty.message_hash.bytes.fill(0xaa);
      SignableMessage message{MessageForm::eth_sign, duty.message_hash, ""};
      SignOutcome outcome = co_await path.sign(std::move(duty), std::move(message),
                                               before + std::chrono::seconds(10));
      if (const auto* error = std::get_if<Error>(&outcome)) fail(error->message);
      if (const auto* refusal = std::get_if<Refusal>(&outcome)) fail(message_of(*refusal));
      latencies.push_back(clock.now() - before);
    }
  }
};

int run(const std::string& database_url, std::size_t in_flight, std::chrono::seconds duration,
        std::int64_t first_slot, std::size_t connections) {
  IoRuntime runtime;
  IoClock clock(runtime);
  SystemRandom random;
  Result<PostgresUrl> url = PostgresUrl::parse(database_url);
  if (!url) fail(url.error().message);
  PostgresSettings postgres;
  postgres.pool.max = connections;
  PostgresStore store(runtime.context(), clock, std::move(*url), postgres);
  const Address address = *address_of_key(BenchKey::key());
  KeyRing keys;
  keys.add(address, {.attester = true}, std::make_shared<BenchKey>());
  SignObserver observer;
  SignSettings settings;
  settings.rules.node_id = "library-bench";
  const std::filesystem::path directory = std::filesystem::temp_directory_path() /
                                          ("holdfast-library-bench-" + std::to_string(getpid()));
  FileJournalSettings of_journal;
  of_journal.directory = directory;
  of_journal.node_id = settings.rules.node_id;
  auto journal = FileJournal::open(
      of_journal, random, [&](std::function<void()> work) { runtime.post(std::move(work)); });
  if (!journal) fail(journal.error().message);
  ReleaseMemoryObserver of_memory;
  ReleaseMemory memory(**journal, clock, of_memory, {.node_id = settings.rules.node_id});
  SignPath path(store, memory, keys, clock, random, observer, settings);

  bool ready = false;
  start(store.check(), [&](Result<StoreState> state) {
    if (!state) fail(state.error().message);
    ready = true;
  });
  runtime.run_until([&] { return ready; }, std::chrono::seconds(10));
  if (!ready) fail("the database did not answer");

  const MonotonicTime began = clock.now();
  Bench bench{.path = path, .clock = clock, .address = address, .next_slot = first_slot};
  bench.until = began + duration;
  for (std::size_t at = 0; at < in_flight; ++at) {
    ++bench.running;
    start(bench.worker(), [&] { --bench.running; });
  }
  runtime.run_until([&] { return bench.running == 0; }, duration + std::chrono::seconds(30));
  bench::Figures::of(std::move(bench.latencies), clock.now() - began).print();
  const StorePoolUse use = store.pool_use();
  fmt::print(stderr, "batches {}, operations {}, connections {}\n", use.batches,
             use.batched_operations, use.connections);
  bool closed = false;
  start(store.close(), [&] { closed = true; });
  runtime.run_until([&] { return closed; }, std::chrono::seconds(10));
  (*journal)->close();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace holdfast

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    holdfast::fail("usage: library_bench DATABASE_URL IN_FLIGHT SECONDS FIRST_SLOT [CONNECTIONS]");
  }
  return holdfast::run(argv[1], std::stoul(argv[2]), std::chrono::seconds(std::stol(argv[3])),
                       std::stol(argv[4]), argc == 6 ? std::stoul(argv[5]) : 10);
}
