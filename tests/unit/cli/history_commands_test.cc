// `duties export` and `duties import` as scripts see them.
#include <fmt/format.h>

#include "cli_test_support.h"

namespace holdfast::cli {
namespace {

std::string hex(char digit, std::size_t digits) {
  return "0x" + std::string(digits, digit);
}

std::string duty_text(int slot, char hash) {
  return fmt::format(
      R"({{"slot": "{}", "dutyType": "BLOCK_PROPOSAL", "blockIndexWithinCheckpoint": 0, )"
      R"("blockNumber": "5", "checkpointNumber": "2", "messageHash": "{}", "signature": "{}", )"
      R"("nodeId": "node-{}"}})",
      slot, hex(hash, 64), hex('5', 130), hash);
}

/** The document as the writer has it, without its metadata. */
std::string data_text(const std::vector<std::string>& duties) {
  std::string text = fmt::format(
      "\"data\": [\n{{\"rollupAddress\": \"{}\", \"validatorAddress\": \"{}\",\n"
      "\"watermarks\": [{{\"dutyType\": \"ATTESTATION\", \"slot\": \"7\"}}],\n\"signedDuties\": [",
      hex('1', 40), hex('2', 40));
  for (const std::string& duty : duties) {
    text += (&duty == &duties.front() ? "\n" : ",\n") + duty;
  }
  return text + "\n]}\n]\n}\n";
}

std::string document(const std::vector<std::string>& duties) {
  return R"({"metadata": {"interchangeFormat": "holdfast-duties", )"
         R"("interchangeFormatVersion": "1", "exportedAt": "2026-01-02T03:04:05.006Z", )"
         R"("holdfastVersion": "0.1.0"},)"
         "\n" +
         data_text(duties);
}

class HistoryCommands : public testing::Test {
 protected:
  Output import(const std::string& text, std::vector<std::string> options = {}) {
    const std::string file = directory_.write("in.json", text);
    options.insert(options.begin(), {"duties", "import", "--from", file, "--output", "csv",
                                     "--data-dir", directory_.file("data")});
    return run(std::move(options));
  }
  Output exported(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"duties", "export", "--data-dir", directory_.file("data")});
    return run(std::move(options));
  }
  const std::string header =
      "rollup_address,validator_address,duty_type,watermark_before,watermark_after,new,completed,"
      "known,below_watermark,conflicts\r\n";
  const std::string key = hex('1', 40) + "," + hex('2', 40) + ",";
  TemporaryDirectory directory_;
};

TEST_F(HistoryCommands, move_a_history_into_a_new_database_and_out_again) {
  const std::vector<std::string> duties = {duty_text(100, 'a'), duty_text(101, 'b')};
  const Output dry = import(document(duties));
  EXPECT_EQ(dry.code, ExitCode::failed);
  EXPECT_TRUE(has(dry.err, "there is no SQLite file")) << dry.err;

  const std::string added =
      header + key + "ATTESTATION,,7,0,0,0,0,0\r\n" + key + "BLOCK_PROPOSAL,,,2,0,0,0,0\r\n";
  const Output applied = import(document(duties), {"--apply"});
  EXPECT_EQ(applied.code, ExitCode::done) << applied.err;
  EXPECT_EQ(applied.out, added);
  EXPECT_TRUE(has(applied.err, "2 duties added, 0 completed, 1 watermarks raised")) << applied.err;

  const Output again = import(document(duties), {"--apply"});
  EXPECT_EQ(again.code, ExitCode::done) << again.err;
  EXPECT_EQ(again.out, header + key + "ATTESTATION,7,7,0,0,0,0,0\r\n" + key +
                           "BLOCK_PROPOSAL,,,0,0,2,0,0\r\n");
  EXPECT_TRUE(has(again.err, "all of it is known here already")) << again.err;

  const Output out = exported();
  EXPECT_EQ(out.code, ExitCode::done) << out.err;
  EXPECT_TRUE(out.out.ends_with("},\n" + data_text(duties))) << out.out;
  EXPECT_TRUE(has(out.err, "2 duties and 1 watermarks")) << out.err;
  EXPECT_FALSE(has(out.err, "warning")) << out.err;
}

TEST_F(HistoryCommands, change_nothing_without_apply) {
  EXPECT_EQ(import(document({}), {"--apply"}).code, ExitCode::done);
  for (int time = 0; time < 2; ++time) {
    const Output dry = import(document({duty_text(100, 'a')}));
    EXPECT_EQ(dry.code, ExitCode::done) << dry.err;
    EXPECT_TRUE(has(dry.out, "BLOCK_PROPOSAL,,,1,0,0,0,0")) << dry.out;
    EXPECT_TRUE(has(dry.err, "a dry run: nothing was changed")) << dry.err;
  }
}

TEST_F(HistoryCommands, tell_conflicts_with_both_messages_and_import_the_rest) {
  EXPECT_EQ(import(document({duty_text(100, 'a')}), {"--apply"}).code, ExitCode::done);
  const std::string other = document({duty_text(100, 'b'), duty_text(101, 'c')});
  for (const std::string mode : {"--dry-run", "--apply"}) {
    const Output result = import(other, {mode});
    EXPECT_EQ(result.code, ExitCode::failed);
    EXPECT_TRUE(has(result.out, "BLOCK_PROPOSAL,,,1,0,0,0,1")) << result.out;
    for (const std::string& part :
         {hex('a', 64), hex('b', 64), std::string("node-a"), std::string("node-b"),
          std::string("BLOCK_PROPOSAL slot 100"), std::string("do not belong together")}) {
      EXPECT_TRUE(has(result.err, part)) << part << "\n" << result.err;
    }
  }
  const std::string left = exported().out;
  EXPECT_TRUE(has(left, hex('a', 64)) && has(left, hex('c', 64)));
  EXPECT_FALSE(has(left, hex('b', 64)));
}

TEST_F(HistoryCommands, refuse_a_wrong_file_as_a_whole) {
  EXPECT_EQ(import(document({}), {"--apply"}).code, ExitCode::done);
  const std::string before = exported().out;
  std::string wrong = document({duty_text(100, 'a'), duty_text(101, 'A')});
  const Output result = import(wrong, {"--apply"});
  EXPECT_EQ(result.code, ExitCode::failed);
  EXPECT_TRUE(has(result.err, "in.json: data[0].signedDuties[1].messageHash: ")) << result.err;
  EXPECT_TRUE(has(result.err, "nothing was imported")) << result.err;
  const Output long_file = import(document({}), {"--max-bytes", "100"});
  EXPECT_EQ(long_file.code, ExitCode::failed);
  EXPECT_TRUE(has(long_file.err, "--max-bytes")) << long_file.err;
  const auto data_of = [](const std::string& text) { return text.substr(text.find("\"data\"")); };
  EXPECT_EQ(data_of(exported().out), data_of(before));
}

TEST_F(HistoryCommands, write_a_file_of_the_owner_and_overwrite_none) {
  EXPECT_EQ(import(document({duty_text(100, 'a')}), {"--apply"}).code, ExitCode::done);
  const std::string file = directory_.file("out.json");
  const Output written = exported({"--output-file", file});
  EXPECT_EQ(written.code, ExitCode::done) << written.err;
  EXPECT_EQ(written.out, "");
  EXPECT_TRUE(read_whole(file).ends_with(data_text({duty_text(100, 'a')})));
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(file).permissions(), perms::owner_read | perms::owner_write);
  directory_.write("out.json", "precious");
  const Output refused = exported({"--output-file", file});
  EXPECT_EQ(refused.code, ExitCode::failed);
  EXPECT_TRUE(has(refused.err, "exists already")) << refused.err;
  EXPECT_EQ(read_whole(file), "precious");
  EXPECT_EQ(exported({"--output-file", file, "--force"}).code, ExitCode::done);
  EXPECT_TRUE(read_whole(file).starts_with("{\n\"metadata\""));
}

TEST_F(HistoryCommands, export_one_validator_or_rollup) {
  EXPECT_EQ(import(document({duty_text(100, 'a')}), {"--apply"}).code, ExitCode::done);
  for (const std::string flag : {"--validator", "--rollup-address"}) {
    const std::string known = flag == "--validator" ? hex('2', 40) : hex('1', 40);
    EXPECT_TRUE(has(exported({flag, known}).out, "\"slot\": \"100\"")) << flag;
    EXPECT_TRUE(has(exported({flag, hex('3', 40)}).out, "\"data\": [\n]")) << flag;
  }
}

TEST(HistoryCommandLine, is_refused_when_it_is_wrong) {
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{"import"}, "missing: --from"},
      {{"import", "--from", "f", "--apply", "--dry-run"}, "exclude each other"},
      {{"import", "--from", "f", "--max-bytes", "0"}, "--max-bytes: "},
      {{"import", "--from", "f", "--output", "xml"}, "--output: "},
      {{"export", "--validator", "0x12"}, "--validator: "},
      {{"export", "--force"}, "--force belongs to --output-file"},
  };
  for (const auto& [words, message] : rows) {
    std::vector<std::string> all = words;
    all.insert(all.begin(), "duties");
    const Output result = run(all);
    EXPECT_EQ(result.code, ExitCode::usage) << message;
    EXPECT_TRUE(has(result.err, message)) << result.err;
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace holdfast::cli
