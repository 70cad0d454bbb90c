// The commands as scripts see them: what is printed where, and the exit code.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/run_task.h"
#include "cli/sd_notify.h"
#include "cli/store_place.h"
#include "cli_test_support.h"
#include "os/io_clock.h"
#include "support/example_duty.h"

namespace holdfast::cli {
namespace {

TEST(Help, has_the_sections_of_a_manual_page_for_every_command) {
  for (const CommandSpec& command : all_commands()) {
    std::vector<std::string> words;
    std::istringstream names{std::string(command.name)};
    for (std::string word; names >> word;) words.push_back(word);
    words.emplace_back("--help");
    const Output result = run(words);
    EXPECT_EQ(result.code, ExitCode::done) << command.name;
    EXPECT_EQ(result.err, "");
    for (const std::string section :
         {"NAME\n", "SYNOPSIS\n", "DESCRIPTION\n", "OPTIONS\n", "EXIT STATUS\n", "EXAMPLES\n"}) {
      EXPECT_TRUE(has(result.out, section)) << command.name << " has no " << section;
    }
    std::istringstream lines(result.out);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 100u) << command.name << ": " << line;
      EXPECT_TRUE(line.empty() || line.back() != ' ') << line;
    }
  }
}

TEST(Help, of_the_signer_names_every_setting_and_variable) {
  const std::string text = run({"signer", "--help"}).out;
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(has(text, std::string(setting.flag) + " ") ||
                has(text, std::string(setting.flag) + "["))
        << setting.flag;
    EXPECT_TRUE(has(text, std::string(setting.environment))) << setting.environment;
  }
  for (const std::string section : {"ENVIRONMENT\n", "FILES\n"}) EXPECT_TRUE(has(text, section));
}

TEST(Help, is_reached_in_every_usual_way) {
  const std::string program = run({"--help"}).out;
  EXPECT_TRUE(has(program, "migrate-ha-db up"));
  EXPECT_EQ(run({"help"}).out, program);
  EXPECT_EQ(run({"-h"}).out, program);
  EXPECT_EQ(run({"help", "duties", "list"}).out, run({"duties", "list", "-h"}).out);
  EXPECT_TRUE(has(run({"duties", "--help"}).out, "duties explain"));
}

TEST(Version, is_one_line) {
  const Output result = run({"--version"});
  EXPECT_EQ(result.code, ExitCode::done);
  EXPECT_TRUE(result.out.starts_with("holdfast 0."));
  EXPECT_EQ(run({"version"}).out, result.out);
}

struct UsageRow {
  std::string name;
  std::vector<std::string> words;
  std::string error;
};
class WrongUsage : public testing::TestWithParam<UsageRow> {};

TEST_P(WrongUsage, ends_with_code_2_and_says_why) {
  const Output result = run(GetParam().words);
  EXPECT_EQ(result.code, ExitCode::usage);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(has(result.err, GetParam().error)) << result.err;
}

INSTANTIATE_TEST_SUITE_P(
    rows, WrongUsage,
    testing::Values(
        UsageRow{"no_command", {}, "SYNOPSIS"},
        UsageRow{"unknown_command", {"singer"}, "unknown command 'singer'; did you mean 'signer'?"},
        UsageRow{"flag_before_command", {"--node-id", "a", "signer"}, "the command comes first"},
        UsageRow{"group_alone", {"duties"}, "duties list"},
        UsageRow{"unknown_in_group", {"duties", "lost"}, "'duties' has no command 'lost'"},
        UsageRow{"unknown_flag", {"signer", "--node", "a"}, "unknown flag --node"},
        UsageRow{"unknown_flag_near", {"signer", "--nod-id=a"}, "did you mean --node-id?"},
        UsageRow{"missing_value", {"signer", "--node-id"}, "--node-id"},
        UsageRow{"flag_twice", {"signer", "--node-id", "a", "--node-id", "b"}, "--node-id"},
        UsageRow{"stray_word", {"version", "now"}, "belongs to no flag"},
        UsageRow{"nothing_set", {"signer"}, "missing: --node-id"},
        UsageRow{"wrong_number", {"signer", "--pool-max", "many"}, "--pool-max: 'many'"},
        UsageRow{"signing_off", {"signer", "--signing-enabled=no"}, "--signing-enabled is false"},
        UsageRow{"migrate_without_url", {"migrate-ha-db", "up"}, "DATABASE_URL"},
        UsageRow{"migrate_sqlite",
                 {"migrate-ha-db", "up", "--database-url", "sqlite:a.db"},
                 "needs no migration"},
        UsageRow{"migrate_wrong_version",
                 {"migrate-ha-db", "up", "--schema-version", "3"},
                 "--schema-version is 1 or 2"},
        UsageRow{"migrate_both_hardenings",
                 {"migrate-ha-db", "up", "--harden", "--no-harden"},
                 "--harden and --no-harden exclude each other"},
        UsageRow{"grant_without_role", {"migrate-ha-db", "grant"}, "missing: --role"},
        UsageRow{"grant_empty_role", {"migrate-ha-db", "grant", "--role="}, "--role"},
        UsageRow{"grant_without_url", {"migrate-ha-db", "grant", "--role", "a"}, "DATABASE_URL"},
        UsageRow{"grant_prune_and_stock",
                 {"migrate-ha-db", "grant", "--role", "a", "--prune", "--stock"},
                 "--prune and --stock exclude each other"},
        UsageRow{"list_without_store", {"duties", "list"}, "--data-dir"},
        UsageRow{"list_wrong_type", {"duties", "list", "--type", "TXS"}, "BLOCK_PROPOSAL"},
        UsageRow{"list_wrong_limit", {"duties", "list", "--limit", "0"}, "--limit: "},
        UsageRow{"list_wrong_period", {"duties", "list", "--newer-than", "2w"}, "90s or 2h"},
        UsageRow{"list_wrong_status", {"duties", "list", "--status", "done"}, "signing or signed"},
        UsageRow{"list_wrong_output", {"duties", "list", "--output", "xml"}, "table, json or csv"},
        UsageRow{"explain_without_slot", {"duties", "explain"}, "missing: --slot"},
        UsageRow{"explain_without_index",
                 {"duties", "explain", "--slot", "1", "--type", "BLOCK_PROPOSAL", "--validator",
                  "0x1111111111111111111111111111111111111111"},
                 "missing: --block-index"},
        UsageRow{"explain_with_needless_index",
                 {"duties", "explain", "--slot", "1", "--type", "ATTESTATION", "--validator",
                  "0x1111111111111111111111111111111111111111", "--block-index", "0"},
                 "belongs to BLOCK_PROPOSAL only"},
        UsageRow{"explain_without_rollup",
                 {"duties", "explain", "--slot", "1", "--type", "ATTESTATION", "--validator",
                  "0x1111111111111111111111111111111111111111"},
                 "missing: --rollup-address"},
        UsageRow{"prune_without_bound", {"duties", "prune"}, "missing: --before-slot or"},
        UsageRow{"prune_with_both_bounds",
                 {"duties", "prune", "--before-slot", "1", "--older-than", "2h"},
                 "exclude each other"},
        UsageRow{"prune_too_young", {"duties", "prune", "--older-than", "59m"}, "at least 1h"},
        UsageRow{"prune_wrong_slot", {"duties", "prune", "--before-slot", "-1"}, "--before-slot: "},
        UsageRow{"prune_wrong_type",
                 {"duties", "prune", "--before-slot", "1", "--type", "TXS"},
                 "BLOCK_PROPOSAL"},
        UsageRow{"prune_without_rollup",
                 {"duties", "prune", "--before-slot", "1"},
                 "missing: --rollup-address"}),
    [](const auto& row) { return row.param.name; });

TEST(UnknownFlag, does_not_repeat_its_value) {
  EXPECT_FALSE(has(run({"signer", "--bearer-token=hunter2"}).err, "hunter2"));
  EXPECT_FALSE(has(run({"signer", "hunter2"}).err, "hunter2"));
}

TEST(BooleanFlag, may_stand_alone_or_have_a_value) {
  const auto gated = [](std::vector<std::string> flags) {
    flags.insert(flags.begin(), "signer");
    for (const std::string word : {"--print-config", "--output", "json"}) flags.push_back(word);
    const Output result = run(flags);
    EXPECT_EQ(result.code, ExitCode::done) << result.err;
    return has(result.out, R"({"setting":"gated.enabled","value":"true")");
  };
  EXPECT_FALSE(gated({}));
  EXPECT_TRUE(gated({"--gated"}));
  EXPECT_TRUE(gated({"--gated", "--node-id", "a"}));
  EXPECT_TRUE(gated({"--gated=Yes"}));
  EXPECT_FALSE(gated({"--gated=off"}));
}

TEST(PrintConfig, needs_no_complete_settings_and_masks_passwords) {
  const Output result = run({"signer", "--print-config"},
                            {{"VALIDATOR_HA_DATABASE_URL", "postgresql://u:hunter2@h:5432/d"},
                             {"VALIDATOR_HA_NODE_ID", "n1"}});
  EXPECT_EQ(result.code, ExitCode::done) << result.err;
  EXPECT_TRUE(has(result.out, "postgresql://u:***@h:5432/d"));
  EXPECT_TRUE(has(result.out, "VALIDATOR_HA_NODE_ID"));
  EXPECT_FALSE(has(result.out + result.err, "hunter2"));
}

constexpr char kRollup[] = "0x1111111111111111111111111111111111111111";

TEST(Keystore, that_is_missing_or_readable_by_others_is_a_configuration_error) {
  const TemporaryDirectory directory;
  const auto start = [&](const std::string& keystore) {
    return run({"signer", "--node-id", "n1", "--rollup-address", kRollup, "--keystore", keystore,
                "--data-dir", directory.file("data"), "--listen", "127.0.0.1:0", "--ops-listen",
                "127.0.0.1:0", "--memory-lock", "best_effort"});
  };
  const Output missing = start(directory.file("none.json"));
  EXPECT_EQ(missing.code, ExitCode::usage);
  EXPECT_TRUE(has(missing.err, "none.json")) << missing.err;
  const std::string open = directory.write("open.json", "{}");
  using std::filesystem::perms;
  std::filesystem::permissions(open, perms::owner_read | perms::group_read);
  const Output readable = start(open);
  EXPECT_EQ(readable.code, ExitCode::usage);
  EXPECT_TRUE(has(readable.err, "open.json")) << readable.err;
}

TEST(UnreachableDatabase, is_told_as_such_and_without_its_password) {
  // Nothing listens on port 1.
  const std::string url = "postgresql://user:hunter2@127.0.0.1:1/validator_ha";
  const Environment environment = {{"VALIDATOR_HA_DATABASE_URL", url}};
  for (const std::vector<std::string>& words : {std::vector<std::string>{"duties", "list"},
                                                {"migrate-ha-db", "up"},
                                                {"migrate-ha-db", "grant", "--role", "a"},
                                                {"migrate-ha-db", "status"}}) {
    const Output result = run(words, environment);
    EXPECT_EQ(result.code, ExitCode::failed) << words[0];
    EXPECT_TRUE(has(result.err, "127.0.0.1")) << result.err;
    EXPECT_FALSE(has(result.err, "not initialized")) << result.err;
    EXPECT_FALSE(has(result.err, "hunter2")) << result.err;
  }
}

/** A SQLite store with one duty that is being signed. */
class DutiesOfFile : public testing::Test {
 protected:
  void SetUp() override {
    IoRuntime runtime;
    IoClock clock(runtime);
    const Settings settings = settings_from({{SettingId::data_dir, directory_.file("data")}});
    auto store = open_store(*store_place_of(settings), settings, StoreUse::sign, runtime, clock, {},
                            nullptr);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    LockToken token = LockToken::from_random({});
    Duty duty = test::example_duty();
    auto claim = store->duties->claim(duty, "node-1", token);
    const auto answer = run_task(runtime, std::move(claim), std::chrono::minutes(1));
    ASSERT_TRUE(answer.has_value() && answer->has_value());
    ASSERT_TRUE(std::holds_alternative<HeldLock>(**answer));
    ASSERT_TRUE(run_task(runtime, store->duties->close(), std::chrono::minutes(1)));
  }

  Output run_with_store(std::vector<std::string> words) {
    words.insert(words.end(), {"--data-dir", directory_.file("data")});
    return run(std::move(words));
  }

  TemporaryDirectory directory_;
};

TEST_F(DutiesOfFile, are_listed_in_every_form) {
  const Output table = run_with_store({"duties", "list"});
  EXPECT_EQ(table.code, ExitCode::done) << table.err;
  EXPECT_TRUE(has(table.out, "BLOCK_PROPOSAL"));
  EXPECT_TRUE(has(table.out, "node-1"));
  const Output json = run_with_store({"duties", "list", "--output", "json"});
  EXPECT_TRUE(has(json.out, R"("slot":100)")) << json.out;
  EXPECT_TRUE(has(json.out, R"("completed_at":null)")) << json.out;
  const Output csv = run_with_store({"duties", "list", "--output", "csv"});
  EXPECT_TRUE(csv.out.starts_with("validator_address,slot,duty_type,")) << csv.out;
}

TEST_F(DutiesOfFile, are_filtered) {
  const auto rows = [&](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"duties", "list", "--output", "csv"});
    const Output result = run_with_store(std::move(filter));
    EXPECT_EQ(result.code, ExitCode::done) << result.err;
    return std::count(result.out.begin(), result.out.end(), '\n') - 1;
  };
  EXPECT_EQ(rows({"--slot", "100"}), 1);
  EXPECT_EQ(rows({"--slot", "101"}), 0);
  EXPECT_EQ(rows({"--node", "node-1", "--status", "signing", "--type", "BLOCK_PROPOSAL"}), 1);
  EXPECT_EQ(rows({"--node", "node-2"}), 0);
  EXPECT_EQ(rows({"--status", "signed"}), 0);
  EXPECT_EQ(rows({"--newer-than", "1d"}), 1);
  EXPECT_EQ(rows({"--rollup-address", kRollup}), 1);
  EXPECT_EQ(rows({"--rollup-address", "0x3333333333333333333333333333333333333333"}), 0);
}

TEST_F(DutiesOfFile, are_counted_by_node) {
  const Output result = run_with_store({"duties", "distribution", "--output", "csv"});
  EXPECT_EQ(result.code, ExitCode::done) << result.err;
  EXPECT_EQ(result.out,
            "duty_type,node_id,duty_count,signed_count\r\n"
            "BLOCK_PROPOSAL,node-1,1,0\r\n");
}

TEST_F(DutiesOfFile, are_explained) {
  const std::vector<std::string> question = {"duties",
                                             "explain",
                                             "--type",
                                             "BLOCK_PROPOSAL",
                                             "--block-index",
                                             "0",
                                             "--rollup-address",
                                             kRollup,
                                             "--validator",
                                             "0x2222222222222222222222222222222222222222",
                                             "--slot"};
  std::vector<std::string> known = question;
  known.emplace_back("100");
  const Output explained = run_with_store(known);
  EXPECT_EQ(explained.code, ExitCode::done) << explained.err;
  EXPECT_TRUE(has(explained.out, "It is being signed: node node-1")) << explained.out;
  std::vector<std::string> unknown = question;
  unknown.emplace_back("101");
  EXPECT_TRUE(has(run_with_store(unknown).out, "The store has no row for it"));
}

TEST_F(DutiesOfFile, are_pruned_and_a_dry_run_only_says_so) {
  const auto prune = [&](std::vector<std::string> options) {
    options.insert(options.begin(),
                   {"duties", "prune", "--rollup-address", kRollup, "--output", "csv"});
    const Output result = run_with_store(std::move(options));
    EXPECT_EQ(result.code, ExitCode::done) << result.err;
    return result.out;
  };
  const std::string header =
      "validator_address,duty_type,watermark_before,watermark_after,rows_deleted,"
      "ledger_entries_deleted\r\n";
  const std::string pruned =
      header + "0x2222222222222222222222222222222222222222,BLOCK_PROPOSAL,,100,1,0\r\n";
  EXPECT_EQ(prune({"--older-than", "1h"}), header);
  EXPECT_EQ(prune({"--before-slot", "100"}), header);
  EXPECT_EQ(prune({"--before-slot", "101", "--type", "ATTESTATION"}), header);
  EXPECT_EQ(prune({"--before-slot", "101", "--validator", kRollup}), header);
  EXPECT_EQ(prune({"--before-slot", "101", "--dry-run"}), pruned);
  EXPECT_TRUE(has(run_with_store({"duties", "list"}).out, "node-1"));
  EXPECT_EQ(prune({"--before-slot", "101"}), pruned);
  EXPECT_FALSE(has(run_with_store({"duties", "list"}).out, "node-1"));
  EXPECT_EQ(prune({"--before-slot", "101"}), header);
}

TEST(DutiesOfNoFile, are_an_error_and_make_no_file) {
  const TemporaryDirectory directory;
  const Output result = run({"duties", "list", "--data-dir", directory.path()});
  EXPECT_EQ(result.code, ExitCode::failed);
  EXPECT_TRUE(has(result.err, "there is no SQLite file")) << result.err;
  EXPECT_FALSE(std::filesystem::exists(directory.file("duties.db")));
}

TEST(SdNotify, sends_the_message_to_a_path_and_to_an_abstract_socket) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("notify");
  for (const std::string& name : {path, "@" + path}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_TRUE(sd_notify(name, "READY=1"));
    char buffer[32] = {};
    EXPECT_EQ(::recv(fd, buffer, sizeof(buffer), 0), 7);
    EXPECT_STREQ(buffer, "READY=1");
    ::close(fd);
  }
  EXPECT_FALSE(sd_notify("", "READY=1"));
  EXPECT_FALSE(sd_notify(directory.file("nobody"), "READY=1"));
}

}  // namespace
}  // namespace holdfast::cli
