#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/demo/cluster.h"
#include "cli/demo/driver.h"
#include "cli/demo/report.h"
#include "cli/run_task.h"
#include "os/io_clock.h"
#include "os/random.h"
#include "os/stop_signals.h"

namespace holdfast::cli {
namespace {

using demo::Audit;
using demo::audit_table;
using demo::audit_text;
using demo::AuditReport;
using demo::Cluster;
using demo::ClusterSettings;
using demo::Driver;
using demo::PlaySettings;

constexpr OptionSpec kOptions[] = {
    {"--nodes", "NUMBER", "Signer processes, 2 to 10 (default 3)."},
    {"--validators", "NUMBER", "Validators that all nodes sign for, 1 to 100 (default 3)."},
    {"--slots", "NUMBER", "Slots to play, 4 to 1000 (default 6)."},
    {"--slot-ms", "MILLISECONDS", "Length of a slot, 200 to 60000 (default 1500)."},
    {"--keep", "FOLDER", "Keep keystores, logs and the SQLite file in this new folder."},
    {"--output", "table|json|csv", "Form of the audit (default table)."},
};

constexpr SettingId kSettings[] = {SettingId::database_url};

/** A whole number within the bounds, or what is wrong with it. */
Result<std::int64_t> number_option(const CommandCall& call, std::string_view flag,
                                   std::int64_t standard, std::int64_t min, std::int64_t max) {
  const std::string* text = call.option(flag);
  if (text == nullptr) return standard;
  std::int64_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stopped, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc{} || stopped != end || number < min || number > max) {
    return Error{ErrorKind::invalid_input, fmt::format("{}: '{}' is not a whole number from {} to "
                                                       "{}",
                                                       flag, *text, min, max)};
  }
  return number;
}

struct DemoOptions {
  ClusterSettings cluster;
  PlaySettings play;
  OutputFormat format = OutputFormat::table;
};

Result<DemoOptions> options_of(const CommandCall& call, const Settings& settings) {
  DemoOptions options;
  const auto nodes = number_option(call, "--nodes", 3, 2, 10);
  const auto validators = number_option(call, "--validators", 3, 1, 100);
  const auto slots = number_option(call, "--slots", 6, 4, 1000);
  const auto slot_ms = number_option(call, "--slot-ms", 1500, 200, 60'000);
  for (const auto* number : {&nodes, &validators, &slots, &slot_ms}) {
    if (!*number) return number->error();
  }
  Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return std::move(format).error();
  options.cluster.nodes = static_cast<std::size_t>(*nodes);
  options.cluster.validators = static_cast<std::size_t>(*validators);
  options.cluster.database_url = settings.text(SettingId::database_url);
  options.play.slots = *slots;
  options.play.slot_length = std::chrono::milliseconds(*slot_ms);
  options.format = *format;
  return options;
}

/** The demo's folder: the one to keep, or a temporary one that goes with this object. */
class DemoFolder {
 public:
  static Result<DemoFolder> make(const std::string* keep) {
    std::error_code error;
    if (keep != nullptr) {
      // A folder of an earlier run holds other keys under the same names.
      if (!std::filesystem::create_directory(*keep, error)) {
        return Error{ErrorKind::invalid_input,
                     fmt::format("--keep: cannot make the folder '{}': {}", *keep,
                                 error ? error.message() : "it exists already")};
      }
      std::filesystem::permissions(*keep, std::filesystem::perms::owner_all, error);
      return DemoFolder(std::filesystem::absolute(*keep), Fate::kept);
    }
    std::string name = (std::filesystem::temp_directory_path(error) / "holdfast-demo-XXXXXX");
    if (mkdtemp(name.data()) == nullptr) {
      return Error{ErrorKind::unavailable, "cannot make a temporary folder like " + name};
    }
    return DemoFolder(name, Fate::removed);
  }
  DemoFolder(DemoFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), fate_(other.fate_) {}
  DemoFolder& operator=(DemoFolder&&) = delete;
  ~DemoFolder() {
    std::error_code error;
    if (fate_ == Fate::removed && !path_.empty()) std::filesystem::remove_all(path_, error);
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  enum class Fate { removed, kept };
  DemoFolder(std::filesystem::path path, Fate fate) : path_(std::move(path)), fate_(fate) {}
  std::filesystem::path path_;
  Fate fate_;
};

/** How long the whole demo may take before it is given up as hung. */
std::chrono::seconds time_limit(const PlaySettings& play) {
  return std::chrono::duration_cast<std::chrono::seconds>(play.slots * play.slot_length * 2) +
         std::chrono::seconds(120);
}

ExitCode play(CommandCall& call, const DemoOptions& options, Cluster& cluster) {
  IoRuntime runtime;
  IoClock clock(runtime);
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(runtime, {});
  if (!client) {
    complain(call, client.error().message);
    return ExitCode::failed;
  }
  Audit audit;
  std::ostream& progress = options.format == OutputFormat::table ? call.out : call.err;
  Driver driver(cluster, **client, clock, audit, progress, options.play);
  const StopSignals signals(runtime, [&driver](int) { driver.stop(); });

  const std::optional<Result<void>> played =
      run_task(runtime, driver.play(), time_limit(options.play));
  cluster.stop();
  if (!played || !*played) {
    complain(call, played ? played->error().message : "a node has not answered for too long");
    return ExitCode::failed;
  }
  const AuditReport report = audit.report();
  if (options.format == OutputFormat::table) {
    call.out << audit_text(report, cluster.size());
  } else {
    call.out << render(audit_table(report, cluster.size()), options.format);
  }
  return report.safe() ? ExitCode::done : ExitCode::failed;
}

ExitCode run(CommandCall& call) {
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  Result<DemoOptions> options = options_of(call, *settings);
  if (!options) {
    complain(call, options.error().message);
    return ExitCode::usage;
  }
  Result<DemoFolder> folder = DemoFolder::make(call.option("--keep"));
  if (!folder) {
    complain(call, folder.error().message);
    return ExitCode::usage;
  }
  options->cluster.folder = folder->path();
  if (options->cluster.database_url.empty()) {
    options->cluster.database_url = "sqlite:" + (folder->path() / "duties.db").string();
  }
  SystemRandom random;
  Result<Cluster> cluster = Cluster::create(options->cluster, random);
  if (!cluster) {
    complain(call, cluster.error().message);
    return ExitCode::failed;
  }
  return play(call, *options, *cluster);
}

}  // namespace

CommandSpec demo_command() {
  return {
      .name = "demo",
      .summary = "play a small cluster, kill a node, audit every signature",
      .synopsis = "[--nodes N] [--slots N] [--database-url URL]",
      .description =
          "Starts several signers that hold the same validators' keys, and beside each a "
          "sequencer that asks it to sign every duty of every slot: an authentication, three "
          "blocks, the checkpoint, an attestation of every validator, attestations-and-signers, "
          "the transactions' list and both votes. Every sequencer builds blocks of its own, so "
          "the nodes disagree about what is to be signed.\n\n"
          "In the second slot one signer is killed with -9 while it signs; two slots later it "
          "is started again. The audit sees every answer of every node, recovers the address of "
          "every signature, and prints what was due, signed by whom, missed, and double-signed.\n\n"
          "The nodes share a SQLite file, or with --database-url a PostgreSQL database that "
          "`holdfast migrate-ha-db up` has prepared; its rows stay there.",
      .settings = kSettings,
      .options = kOptions,
      .files =
          "A temporary folder holds keystores with random keys, logs and the SQLite file; it "
          "is removed at the end, unless --keep names another.",
      .examples =
          "holdfast demo\n"
          "holdfast demo --nodes 5 --slots 20\n"
          "holdfast demo --database-url postgresql://user@host/validator_ha",
      .run = run};
}

}  // namespace holdfast::cli
