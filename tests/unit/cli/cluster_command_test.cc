// The operator's verbs about one history: cluster show, accept and release, on real journals and
// SQLite files. Invariants: S4, S8.
#include <filesystem>
#include <sstream>

#include "cli/run_task.h"
#include "cli_test_support.h"
#include "os/io_clock.h"
#include "os/io_runtime.h"
#include "os/random.h"
#include "store/journal/file_journal.h"
#include "store/sqlite/sqlite_store.h"

namespace holdfast::cli {
namespace {

RollupAddress rollup() {
  RollupAddress address;
  address.bytes.fill(0x11);
  return address;
}

class ClusterCommands : public testing::Test {
 protected:
  ClusterCommands() {
    for (const char* name : {"duties.db", "other.db"}) make_database(name);
  }

  void make_database(const std::string& name) {
    IoRuntime runtime;
    IoClock clock(runtime);
    SqliteSettings settings;
    settings.path = directory_.file(name);
    auto store = SqliteStore::open(
        settings, clock, [&](std::function<void()> work) { runtime.post(std::move(work)); });
    ASSERT_TRUE(store.has_value()) << store.error().message;
    ASSERT_TRUE(run_task(runtime, (*store)->close(), std::chrono::minutes(1)));
  }

  FileJournalSettings journal_settings() const {
    FileJournalSettings settings;
    settings.directory = directory_.path();
    settings.node_id = "node-1";
    return settings;
  }
  std::unique_ptr<FileJournal> open_journal() {
    auto journal = FileJournal::open(journal_settings(), random_,
                                     [this](auto work) { runtime_.post(std::move(work)); });
    EXPECT_TRUE(journal.has_value()) << journal.error().message;
    return std::move(*journal);
  }
  /** Makes the node's journal, with these entries. */
  void write_journal(const std::vector<JournalEntry>& entries) {
    const auto journal = open_journal();
    for (const JournalEntry& entry : entries) {
      const auto written = run_task(runtime_, journal->write(entry), std::chrono::minutes(1));
      ASSERT_TRUE(written && *written);
    }
  }
  NodeMemory memory() {
    Result<NodeMemory> read = FileJournal::read_only(journal_settings());
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return *std::move(read);
  }

  Output run_here(std::vector<std::string> words, const std::string& database = "duties.db") {
    words.insert(words.end(), {"--data-dir", directory_.path(), "--database-url",
                               "sqlite:" + directory_.file(database)});
    return run(std::move(words));
  }
  std::string cluster_id(const std::string& database) {
    const Output shown = run_here({"cluster", "show", "--output", "csv"}, database);
    const std::size_t begin = shown.out.find("cluster_id,") + 11;
    return shown.out.substr(begin, shown.out.find('\r', begin) - begin);
  }
  DatabaseIdentity pin_to(const std::string& database) {
    DatabaseIdentity identity;
    identity.backend = "sqlite";
    identity.cluster_id = cluster_id(database);
    identity.synchronous = true;
    return identity;
  }
  static QuarantineEntry quarantine() {
    Quarantine quarantine;
    quarantine.reason = QuarantineReason::lost_commits;
    quarantine.learning = false;
    quarantine.floors[rollup()] = Slot(102);
    return {quarantine};
  }

  TemporaryDirectory directory_;
  SystemRandom random_;
  IoRuntime runtime_;
};

TEST_F(ClusterCommands, show_tells_the_database_without_a_node) {
  const Output shown = run_here({"cluster", "show"});
  EXPECT_EQ(shown.code, ExitCode::done) << shown.err;
  EXPECT_TRUE(has(shown.out, "cluster_id")) << shown.out;
  EXPECT_FALSE(has(shown.out, "this node's pin")) << shown.out;
  EXPECT_EQ(cluster_id("duties.db").size(), 32U);
  EXPECT_NE(cluster_id("duties.db"), cluster_id("other.db"));
}

TEST_F(ClusterCommands, show_tells_what_the_node_makes_of_the_database) {
  write_journal({PinEntry{pin_to("duties.db")}, quarantine()});
  const Output right = run_here({"cluster", "show", "--node-id", "node-1"});
  EXPECT_TRUE(has(right.out, "accepted")) << right.out;
  EXPECT_TRUE(has(right.out, "lost_commits")) << right.out;
  EXPECT_TRUE(has(right.out, "up to slot 102")) << right.out;
  const Output wrong = run_here({"cluster", "show", "--node-id", "node-1"}, "other.db");
  EXPECT_EQ(wrong.code, ExitCode::done);
  EXPECT_TRUE(has(wrong.out, "it is another database")) << wrong.out;
}

TEST_F(ClusterCommands, accept_is_a_dry_run_unless_told_otherwise) {
  write_journal({PinEntry{pin_to("duties.db")}, SeenEntry{rollup(), Slot(100)}});
  const Output dry = run_here({"cluster", "accept", "--node-id", "node-1"}, "other.db");
  EXPECT_EQ(dry.code, ExitCode::done) << dry.err;
  EXPECT_TRUE(has(dry.out, "Nothing was changed")) << dry.out;
  EXPECT_TRUE(has(dry.out, cluster_id("other.db"))) << dry.out;
  EXPECT_EQ(memory().pin()->cluster_id, cluster_id("duties.db"));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("operator.log")));

  const Output done = run_here({"cluster", "accept", "--node-id", "node-1", "--apply"}, "other.db");
  EXPECT_EQ(done.code, ExitCode::done) << done.err;
  const std::string log = read_whole(directory_.file("operator.log"));
  EXPECT_TRUE(has(log, "cluster accept { nodeId: 'node-1', user: '")) << log;
  EXPECT_TRUE(has(log, cluster_id("duties.db")) && has(log, cluster_id("other.db"))) << log;
  EXPECT_EQ(memory().pin()->cluster_id, cluster_id("other.db"));
  ASSERT_TRUE(memory().quarantine().has_value());
  EXPECT_EQ(memory().quarantine()->reason, QuarantineReason::accepted_database);
  EXPECT_EQ(memory().quarantine()->floors.at(rollup()), Slot(102));
  EXPECT_TRUE(memory().quarantine()->learning);
}

TEST_F(ClusterCommands, accept_has_nothing_to_do_with_a_database_that_is_right) {
  write_journal({PinEntry{pin_to("duties.db")}});
  const Output done = run_here({"cluster", "accept", "--node-id", "node-1", "--apply"});
  EXPECT_EQ(done.code, ExitCode::done) << done.err;
  EXPECT_TRUE(has(done.out, "needs no word of yours")) << done.out;
  EXPECT_FALSE(memory().quarantine().has_value());
}

TEST_F(ClusterCommands, what_cannot_be_logged_is_not_done) {
  write_journal({PinEntry{pin_to("duties.db")}, quarantine()});
  std::filesystem::create_directory(directory_.file("operator.log"));
  for (const char* verb : {"accept", "release"}) {
    const Output refused =
        run_here({"cluster", verb, "--node-id", "node-1", "--apply"}, "other.db");
    EXPECT_EQ(refused.code, ExitCode::failed) << verb;
    EXPECT_TRUE(has(refused.err, "operator.log")) << refused.err;
  }
  EXPECT_EQ(memory().pin()->cluster_id, cluster_id("duties.db"));
  EXPECT_EQ(memory().quarantine(), quarantine().quarantine);
}

TEST_F(ClusterCommands, release_is_a_dry_run_unless_told_otherwise) {
  write_journal({quarantine()});
  const Output dry = run_here({"cluster", "release", "--node-id", "node-1"});
  EXPECT_EQ(dry.code, ExitCode::done) << dry.err;
  EXPECT_TRUE(has(dry.out, "up to slot 102")) << dry.out;
  EXPECT_TRUE(memory().quarantine().has_value());
  const Output done = run_here({"cluster", "release", "--node-id", "node-1", "--apply"});
  const std::string log = read_whole(directory_.file("operator.log"));
  EXPECT_TRUE(has(log, "cluster release { nodeId: 'node-1'")) << log;
  EXPECT_TRUE(has(log, "lost_commits") && has(log, "up to slot 102")) << log;
  EXPECT_EQ(done.code, ExitCode::done) << done.err;
  EXPECT_FALSE(memory().quarantine().has_value());
  EXPECT_TRUE(has(run_here({"cluster", "release", "--node-id", "node-1"}).out, "no quarantine"));
}

TEST_F(ClusterCommands, refuse_a_journal_that_a_signer_has_open) {
  const auto open = open_journal();
  for (const char* verb : {"accept", "release"}) {
    SCOPED_TRACE(verb);
    const Output refused = run_here({"cluster", verb, "--node-id", "node-1"});
    EXPECT_EQ(refused.code, ExitCode::failed);
    EXPECT_TRUE(has(refused.err, "journal of node node-1")) << refused.err;
  }
}

TEST_F(ClusterCommands, make_no_journal_where_there_is_none) {
  for (const char* verb : {"accept", "release"}) {
    SCOPED_TRACE(verb);
    const Output refused = run_here({"cluster", verb, "--node-id", "node-2", "--apply"});
    EXPECT_EQ(refused.code, ExitCode::failed);
    EXPECT_TRUE(has(refused.err, "node-2")) << refused.err;
    EXPECT_FALSE(std::filesystem::exists(directory_.file("journal-node-2")));
  }
}

TEST_F(ClusterCommands, name_the_setting_that_is_missing) {
  const Output refused = run({"cluster", "release", "--data-dir", directory_.path()});
  EXPECT_EQ(refused.code, ExitCode::usage);
  EXPECT_TRUE(has(refused.err, "--node-id")) << refused.err;
}

}  // namespace
}  // namespace holdfast::cli
