#include <array>
#include <ostream>

#include <fmt/format.h>

#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/duties_look.h"
#include "crypto/address.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/interchange.h"
#include "telemetry/build_info.h"
#include "telemetry/log_line.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 4> kSettings = {SettingId::config, SettingId::database_url,
                                                SettingId::data_dir, SettingId::rollup_address};

constexpr std::array<OptionSpec, 3> kOptions = {{
    {"--output-file", "FILE",
     "Write there, with mode 0600, whole or not at all. Default: standard output."},
    {"--force", "", "Replace the file where there is one."},
    {"--validator", "ADDRESS", "Only this attester's. Default: all."},
}};

/** Duties of one page: few enough for memory and for the time of a statement. */
constexpr std::size_t kPage = 1000;

/** Where the document goes. */
class Target {
 public:
  static Result<Target> open(CommandCall& call) {
    Target target(call.out);
    const std::string* const path = call.option("--output-file");
    if (path == nullptr) return target;
    Result<AtomicFile> file =
        AtomicFile::create(*path, FileAccess::owner_only,
                           call.has("--force") ? IfFileExists::replace : IfFileExists::refuse);
    if (!file) return std::move(file).error();
    target.file_.emplace(std::move(*file));
    return target;
  }

  Result<void> write(const std::string& text) {
    if (file_) return file_->write(as_bytes(text));
    return check(out_ << text);
  }
  Result<void> finish() {
    if (file_) return file_->commit();
    return check(out_.flush());
  }

 private:
  explicit Target(std::ostream& out) : out_(out) {}
  static Result<void> check(const std::ostream& out) {
    if (out) return {};
    return Error{ErrorKind::unavailable, "the standard output cannot be written"};
  }

  std::ostream& out_;
  std::optional<AtomicFile> file_;
};

Result<std::int64_t> export_duties(Look& look, const HistoryFilter& filter,
                                   InterchangeWriter& writer, Target& target) {
  std::int64_t count = 0;
  std::optional<DutyKey> after;
  for (;;) {
    const Result<HistoryPage> page = look.ask(look.store().read_history(filter, after, kPage));
    if (!page) return Error(page.error());
    for (const HistoryDuty& duty : page->duties) writer.add(duty);
    count += static_cast<std::int64_t>(page->duties.size());
    if (!page->next) break;
    after = page->next;
    if (Result<void> written = target.write(writer.take()); !written) {
      return std::move(written).error();
    }
  }
  writer.finish();
  if (Result<void> written = target.write(writer.take()); !written) {
    return std::move(written).error();
  }
  if (Result<void> done = target.finish(); !done) return std::move(done).error();
  return count;
}

ExitCode failed(CommandCall& call, const Error& error) {
  complain(call, error.message);
  return ExitCode::failed;
}

ExitCode run_export(CommandCall& call) {
  HistoryFilter filter;
  if (!read_option(call, "--validator", filter.validator_address, address_from_text)) {
    return ExitCode::usage;
  }
  if (call.has("--force") && !call.has("--output-file")) {
    complain(call, "--force belongs to --output-file");
    return ExitCode::usage;
  }
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  filter.rollup_address = rollup_of(*settings);
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code);
  if (!look) return code;
  Result<Target> target = Target::open(call);
  if (!target) return failed(call, target.error());
  Result<HistoryMarks> marks = look->ask(look->store().read_history_marks(filter));
  if (!marks) return failed(call, marks.error());
  if (marks->unsigned_locks > 0) {
    complain(call, fmt::format("warning: {} duties are being signed: stop all signers and Aztec "
                               "nodes of this database first, for what they sign from now on may "
                               "not be in the export",
                               marks->unsigned_locks));
  }
  const InterchangeMetadata metadata{.exported_at = to_iso8601(wall_time_now()),
                                     .holdfast_version = std::string(build_version()),
                                     .cluster_id = marks->cluster_id};
  const std::size_t mark_count = marks->marks.size();
  InterchangeWriter writer(metadata, std::move(marks->marks));
  const Result<std::int64_t> count = export_duties(*look, filter, writer, *target);
  if (!count) return failed(call, count.error());
  complain(call, fmt::format("{} duties and {} watermarks", *count, mark_count));
  return ExitCode::done;
}

}  // namespace

CommandSpec duties_export_command() {
  return {.name = "duties export",
          .summary = "write the protection history to a file, for another database",
          .synopsis =
              "[--database-url URL] [--rollup-address ADDRESS] [--validator ADDRESS] "
              "[--output-file FILE [--force]]",
          .description =
              "Writes everything that keeps a validator from signing twice, as JSON: each duty "
              "that was signed or may have been signed, of the table and of the ledger, and the "
              "watermarks. With a rollup address among the settings only its history is written. "
              "Stop all signers and Aztec nodes of the database first, and do not start them on it "
              "again after the history was imported elsewhere. Locks that are not signed are no "
              "history; how many there are is said on standard error. Nothing is changed.\n\n"
              "docs/INTERCHANGE.md describes the format.",
          .settings = kSettings,
          .options = kOptions,
          .files = "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url",
          .examples =
              "holdfast duties export --data-dir node1 --output-file history.json\n"
              "holdfast duties export --database-url postgresql://user@host/db --validator 0x...",
          .run = run_export};
}

}  // namespace holdfast::cli
