#include <array>
#include <map>
#include <ostream>
#include <tuple>

#include <fmt/format.h>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/duties_look.h"
#include "cli/option_value.h"
#include "cli/table_output.h"
#include "os/file.h"
#include "store/interchange.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 3> kSettings = {SettingId::config, SettingId::database_url,
                                                SettingId::data_dir};

constexpr std::array<OptionSpec, 5> kOptions = {{
    {"--from", "FILE", "The file that `holdfast duties export` wrote."},
    {"--dry-run", "", "Change nothing; print what would become of it. The default."},
    {"--apply", "", "Import it."},
    {"--max-bytes", "NUMBER",
     "The longest file that is read. About six times as much memory is needed. Default: "
     "268435456."},
    {"--output", "table|json|csv", "The form of the list. Default: table."},
}};

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
constexpr std::size_t kMaxBytesMax = std::size_t{1} << 40;
/** Many duties take many transactions. */
constexpr std::chrono::hours kPatience{6};
constexpr std::size_t kConflictsShown = 100;

/** What became of the duties of one rollup, validator and type. */
struct Row {
  std::optional<Slot> before;
  std::optional<Slot> after;
  std::int64_t added = 0;
  std::int64_t completed = 0;
  std::int64_t known = 0;
  std::int64_t below_watermark = 0;
  std::int64_t conflicts = 0;
};

using Rows = std::map<std::tuple<RollupAddress, Address, std::string_view>, Row>;

void count(Row& row, ImportOutcome outcome) {
  switch (outcome) {
    case ImportOutcome::conflict:
      ++row.conflicts;
      return;
    case ImportOutcome::added:
      ++row.added;
      return;
    case ImportOutcome::completed:
      ++row.completed;
      return;
    case ImportOutcome::known:
      ++row.known;
      return;
    case ImportOutcome::below_watermark:
      ++row.below_watermark;
      return;
  }
}

Rows rows_of(const HistoryBatch& history, const MergedHistory& merged) {
  Rows rows;
  for (const MergedMark& mark : merged.marks) {
    const HistoryMark& after = mark.after;
    Row& row = rows[{after.rollup_address, after.validator_address, name_of(after.duty_type)}];
    row.before = mark.before;
    row.after = after.slot;
  }
  for (std::size_t index = 0; index < history.duties.size(); ++index) {
    const DutyKey& key = history.duties[index].duty.key;
    count(rows[{key.rollup_address, key.validator_address, name_of(key.duty_type)}],
          merged.duties[index].outcome);
  }
  return rows;
}

Table table_of(const Rows& rows) {
  Table table{{"rollup_address", "validator_address", "duty_type", "watermark_before",
               "watermark_after", "new", "completed", "known", "below_watermark", "conflicts"},
              {}};
  const auto cell_of = [](const std::optional<Slot>& slot) {
    return slot ? Cell(slot->number()) : Cell(std::monostate{});
  };
  for (const auto& [key, row] : rows) {
    const auto& [rollup, validator, type] = key;
    table.rows.push_back({to_text(rollup), to_text(validator), std::string(type),
                          cell_of(row.before), cell_of(row.after), row.added, row.completed,
                          row.known, row.below_watermark, row.conflicts});
  }
  return table;
}

void tell_conflicts(CommandCall& call, const HistoryBatch& history, const MergedHistory& merged) {
  std::size_t conflicts = 0;
  for (std::size_t index = 0; index < history.duties.size(); ++index) {
    const MergedDuty& kept = merged.duties[index];
    if (kept.outcome != ImportOutcome::conflict) continue;
    if (++conflicts > kConflictsShown) continue;
    const HistoryDuty& duty = history.duties[index];
    complain(call, fmt::format("conflict: {}: {} by {} is kept, {} by {} of the file is not",
                               to_text(duty.duty.key), to_text(kept.existing_hash),
                               holdfast::quoted(kept.existing_node),
                               to_text(duty.duty.message_hash), holdfast::quoted(duty.node_id)));
  }
  if (conflicts > kConflictsShown) {
    complain(call, fmt::format("and {} conflicts more", conflicts - kConflictsShown));
  }
  complain(call, fmt::format("{} duties were signed here and in the file with different messages: "
                             "either the validator has been made to sign twice, which can be "
                             "slashed, or the file and this database do not belong together. Find "
                             "out which before any of its keys signs again",
                             conflicts));
}

ExitCode report(CommandCall& call, const HistoryBatch& history, const MergedHistory& merged,
                OutputFormat format, ImportMode mode) {
  const Rows rows = rows_of(history, merged);
  Row sum;
  std::int64_t raised = 0;
  for (const auto& [key, row] : rows) {
    sum.added += row.added;
    sum.completed += row.completed;
    sum.conflicts += row.conflicts;
    if (row.after != row.before) ++raised;
  }
  call.out << render(table_of(rows), format);
  const bool nothing_new = sum.added == 0 && sum.completed == 0 && raised == 0;
  if (sum.conflicts > 0) tell_conflicts(call, history, merged);
  if (nothing_new) {
    complain(call, sum.conflicts > 0 ? "the rest is known here already: nothing was changed"
                                     : "all of it is known here already: nothing was changed");
  } else if (mode == ImportMode::dry_run) {
    complain(call, fmt::format("a dry run: nothing was changed. With --apply, {} duties would be "
                               "added, {} completed, and {} watermarks raised",
                               sum.added, sum.completed, raised));
  } else {
    complain(call, fmt::format("{} duties added, {} completed, {} watermarks raised", sum.added,
                               sum.completed, raised));
  }
  return sum.conflicts > 0 ? ExitCode::failed : ExitCode::done;
}

struct Plan {
  ImportMode mode = ImportMode::dry_run;
  OutputFormat format = OutputFormat::table;
  std::size_t bytes_max = kMaxBytes;
};

bool read_plan(CommandCall& call, Plan& plan) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) {
    wrong_option(call, "--output", format.error());
    return false;
  }
  plan.format = *format;
  if (!call.has("--from")) {
    complain(call, "missing: --from");
    return false;
  }
  if (call.has("--apply") && call.has("--dry-run")) {
    complain(call, "--apply and --dry-run exclude each other");
    return false;
  }
  plan.mode = call.has("--apply") ? ImportMode::apply : ImportMode::dry_run;
  return read_option(call, "--max-bytes", plan.bytes_max,
                     [](const std::string& text) { return count_of(text, kMaxBytesMax); });
}

Result<Interchange> read_interchange(const std::string& path, std::size_t bytes_max) {
  Result<std::string> text = read_file(path, bytes_max);
  if (!text) {
    Error error = std::move(text).error();
    if (error.kind == ErrorKind::invalid_input) error.message += " (--max-bytes)";
    return error;
  }
  Result<Interchange> parsed = parse_interchange(*text, bytes_max);
  if (!parsed) return std::move(parsed).error().within(path);
  return parsed;
}

ExitCode run_import(CommandCall& call) {
  Plan plan;
  if (!read_plan(call, plan)) return ExitCode::usage;
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  const Result<Interchange> file = read_interchange(*call.option("--from"), plan.bytes_max);
  if (!file) {
    complain(call, fmt::format("{}; nothing was imported", file.error().message));
    return ExitCode::failed;
  }
  ExitCode code = ExitCode::failed;
  const StoreUse use = plan.mode == ImportMode::apply ? StoreUse::sign : StoreUse::look;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code, use);
  if (!look) return code;
  const Result<HistoryMarks> here = look->ask(look->store().read_history_marks({}));
  if (!here) {
    complain(call, here.error().message);
    return ExitCode::failed;
  }
  if (here->unsigned_locks > 0) {
    complain(call, fmt::format("warning: {} duties are being signed here: stop all signers and "
                               "Aztec nodes of this database for the import",
                               here->unsigned_locks));
  }
  HistoryBatch batch = file->history;
  const Result<MergedHistory> merged =
      look->ask(look->store().import_history(std::move(batch), plan.mode), kPatience);
  if (!merged) {
    complain(call, fmt::format("{}; some of it may be imported already: run it again, and let no "
                               "key sign before it has succeeded",
                               merged.error().message));
    return ExitCode::failed;
  }
  return report(call, file->history, *merged, plan.format, plan.mode);
}

}  // namespace

CommandSpec duties_import_command() {
  return {
      .name = "duties import",
      .summary = "add the protection history of another database to this one",
      .synopsis =
          "--from FILE [--database-url URL] [--dry-run | --apply] [--output table|json|csv]",
      .description =
          "Unites the history of a file with that of the database: watermarks rise to the "
          "higher of the two, and duties that are new here go into the ledger, so that another "
          "message of them is refused from then on, to stock Aztec nodes too. Without --apply "
          "nothing is changed and the same list is printed: what is new, known, or in conflict "
          "for each validator and duty type. A file that is not exactly of the format is "
          "refused as a whole. Importing again changes nothing; after a failure it must be "
          "made again before any key signs.\n\n"
          "A duty that both sides know with different messages is a conflict: what is here is "
          "kept, the rest is imported all the same, both messages are printed on standard "
          "error, and the exit code is 1. PostgreSQL needs a role that owns Holdfast's tables, "
          "and a database that was migrated.",
      .settings = kSettings,
      .options = kOptions,
      .files = "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url",
      .examples =
          "holdfast duties import --from history.json --database-url postgresql://user@host/db\n"
          "holdfast duties import --from history.json --data-dir node1 --apply",
      .run = run_import};
}

}  // namespace holdfast::cli
