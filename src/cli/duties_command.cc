#include <array>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/duties_look.h"
#include "cli/explain.h"
#include "cli/option_value.h"
#include "cli/signer_settings.h"
#include "cli/table_output.h"
#include "telemetry/log_line.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t kLimitMax = 1'000'000;

constexpr std::array<SettingId, 4> kSettings = {SettingId::config, SettingId::database_url,
                                                SettingId::data_dir, SettingId::rollup_address};
constexpr std::array<SettingId, 7> kExplainSettings = {
    SettingId::config,         SettingId::database_url, SettingId::data_dir,
    SettingId::rollup_address, SettingId::node_id,      SettingId::signing_timeout_ms,
    SettingId::replay};

constexpr OptionSpec kOutput = {"--output", "table|json|csv",
                                "The form of the list. Default: table."};
constexpr OptionSpec kValidator = {"--validator", "ADDRESS", "The attester's address."};
constexpr OptionSpec kSlot = {"--slot", "SLOT", "The slot."};
constexpr OptionSpec kType = {"--type", "TYPE",
                              "BLOCK_PROPOSAL, CHECKPOINT_PROPOSAL, ATTESTATION, "
                              "ATTESTATIONS_AND_SIGNERS, GOVERNANCE_VOTE or SLASHING_VOTE."};

constexpr std::array<OptionSpec, 8> kListOptions = {{
    kValidator,
    kSlot,
    kType,
    {"--node", "NODE", "The node that signed or is signing."},
    {"--status", "signing|signed", "The status."},
    {"--newer-than", "PERIOD", "Begun within this period, such as 90s, 15m, 2h or 7d."},
    {"--limit", "NUMBER", "At most so many, the newest first. Default: 10."},
    kOutput,
}};
constexpr std::array<OptionSpec, 2> kDistributionOptions = {{
    {"--newer-than", "PERIOD", "Begun within this period. Default: 1h."},
    kOutput,
}};
constexpr std::array<OptionSpec, 5> kExplainOptions = {{
    kSlot,
    kType,
    kValidator,
    {"--block-index", "INDEX",
     "The block's index within its checkpoint; needed for BLOCK_PROPOSAL, and only for it."},
    {"--message-hash", "HASH",
     "The hash of the refused message, as the error or the log has it: then the answer is about "
     "this very request."},
}};

constexpr std::string_view kFiles =
    "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url";

bool require(CommandCall& call, std::initializer_list<std::string_view> flags) {
  for (const std::string_view flag : flags) {
    if (call.has(flag)) continue;
    complain(call, fmt::format("missing: {}", flag));
    return false;
  }
  return true;
}

Table list_table(const std::vector<DutyRow>& rows) {
  Table table{{"validator_address", "slot", "duty_type", "block_index", "node_id", "status",
               "started_at", "completed_at", "message_hash", "rollup_address"},
              {}};
  for (const DutyRow& row : rows) {
    const DutyKey& key = row.duty.key;
    const Cell completed = row.completed_at_ms ? Cell(to_iso8601(WallTime(*row.completed_at_ms)))
                                               : Cell(std::monostate{});
    table.rows.push_back({to_text(key.validator_address), key.slot.number(),
                          std::string(name_of(key.duty_type)),
                          std::int64_t{key.block_index_within_checkpoint.number()}, row.node_id,
                          std::string(name_of(row.status)), to_iso8601(WallTime(row.started_at_ms)),
                          completed, to_text(row.duty.message_hash), to_text(key.rollup_address)});
  }
  return table;
}

bool read_filter(CommandCall& call, DutyFilter& filter) {
  return read_option(call, "--validator", filter.validator_address, address_from_text) &&
         read_option(call, "--slot", filter.slot, slot_of) &&
         read_option(call, "--type", filter.duty_type, protected_type_of) &&
         read_option(call, "--status", filter.status, status_of) &&
         read_option(call, "--newer-than", filter.newer_than, period_of) &&
         read_option(call, "--node", filter.node_id,
                     [](const std::string& text) { return Result<std::string>(text); }) &&
         read_option(call, "--limit", filter.limit,
                     [](const std::string& text) { return count_of(text, kLimitMax); });
}

ExitCode run_list(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return wrong_option(call, "--output", format.error());
  DutyFilter filter;
  if (!read_filter(call, filter)) return ExitCode::usage;
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  filter.rollup_address = rollup_of(*settings);
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code);
  if (!look) return code;
  const Result<std::vector<DutyRow>> rows = look->ask(look->store().list(std::move(filter)));
  if (!rows) {
    complain(call, rows.error().message);
    return ExitCode::failed;
  }
  call.out << render(list_table(*rows), *format);
  return ExitCode::done;
}

ExitCode run_distribution(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return wrong_option(call, "--output", format.error());
  std::chrono::seconds newer_than = std::chrono::hours(1);
  if (!read_option(call, "--newer-than", newer_than, period_of)) return ExitCode::usage;
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code);
  if (!look) return code;
  const Result<std::vector<DutyCount>> counts = look->ask(look->store().count_by_node(newer_than));
  if (!counts) {
    complain(call, counts.error().message);
    return ExitCode::failed;
  }
  Table table{{"duty_type", "node_id", "duty_count", "signed_count"}, {}};
  for (const DutyCount& count : *counts) {
    table.rows.push_back({std::string(name_of(count.duty_type)), count.node_id, count.duty_count,
                          count.signed_count});
  }
  call.out << render(table, *format);
  return ExitCode::done;
}

bool read_question(CommandCall& call, ExplainQuestion& question) {
  if (!require(call, {"--slot", "--type", "--validator"})) return false;
  DutyKey& key = question.key;
  if (!read_option(call, "--slot", key.slot, slot_of) ||
      !read_option(call, "--type", key.duty_type, protected_type_of) ||
      !read_option(call, "--validator", key.validator_address, address_from_text) ||
      !read_option(call, "--block-index", key.block_index_within_checkpoint, block_index_of) ||
      !read_option(call, "--message-hash", question.message_hash, message_hash_of)) {
    return false;
  }
  const bool needs_index = key.duty_type == DutyType::block_proposal;
  if (needs_index == call.has("--block-index")) return true;
  complain(call, needs_index ? "missing: --block-index, for a checkpoint has several blocks"
                             : "--block-index belongs to BLOCK_PROPOSAL only");
  return false;
}

ExitCode run_explain(CommandCall& call) {
  ExplainQuestion question;
  if (!read_question(call, question)) return ExitCode::usage;
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  const std::optional<RollupAddress> rollup = rollup_of(*settings);
  if (!rollup) {
    complain(call, missing_setting(SettingId::rollup_address));
    return ExitCode::usage;
  }
  question.key.rollup_address = *rollup;
  question.rules = judge_rules_of(*settings);
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code);
  if (!look) return code;
  const Result<std::optional<DutyRow>> row = look->ask(look->store().read(question.key));
  if (!row) {
    complain(call, row.error().message);
    return ExitCode::failed;
  }
  question.now_ms = wall_time_now().count();
  for (const std::string& line : explain(question, *row)) call.out << line << '\n';
  return ExitCode::done;
}

}  // namespace

CommandSpec duties_list_command() {
  return {.name = "duties list",
          .summary = "who signed what, the newest first",
          .synopsis = "[--database-url URL] [FILTERS] [--output table|json|csv]",
          .description =
              "Lists the rows of validator_duties that all the filters fit, as the query of "
              "Aztec's HA guide does. With a rollup address among the settings only its rows are "
              "listed. Nothing is changed.",
          .settings = kSettings,
          .options = kListOptions,
          .files = kFiles,
          .examples =
              "holdfast duties list --database-url postgresql://user@host/validator_ha\n"
              "holdfast duties list --data-dir node1 --slot 100 --output json",
          .run = run_list};
}

CommandSpec duties_distribution_command() {
  return {.name = "duties distribution",
          .summary = "how many duties each node signed, by type",
          .synopsis = "[--database-url URL] [--newer-than PERIOD] [--output table|json|csv]",
          .description =
              "Counts the duties that were begun and those that were signed, by duty type and "
              "node: the second query of Aztec's HA guide. Nodes that are healthy share each type "
              "about evenly; a preferred node has more.",
          .settings = kSettings,
          .options = kDistributionOptions,
          .files = kFiles,
          .examples = "holdfast duties distribution --newer-than 1d",
          .run = run_distribution};
}

CommandSpec duties_explain_command() {
  return {.name = "duties explain",
          .summary = "why was this duty refused",
          .synopsis =
              "--slot SLOT --type TYPE --validator ADDRESS --rollup-address ADDRESS "
              "[--block-index INDEX] [--message-hash HASH]",
          .description =
              "Says in sentences what the store knows about one duty and what a node would do "
              "with a request for it now, and why. The decision is made by the very code that "
              "decides in the signer. Nothing is changed.",
          .settings = kExplainSettings,
          .options = kExplainOptions,
          .files = kFiles,
          .examples =
              "holdfast duties explain --data-dir node1 --rollup-address 0x... \\\n"
              "    --slot 100 --type BLOCK_PROPOSAL --block-index 0 --validator 0x...",
          .run = run_explain};
}

}  // namespace holdfast::cli
