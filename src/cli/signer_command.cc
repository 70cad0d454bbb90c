#include <array>
#include <csignal>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/config_doc.h"
#include "cli/operator_log.h"
#include "cli/run_task.h"
#include "cli/sd_notify.h"
#include "cli/signer_node.h"
#include "cli/signer_settings.h"
#include "cli/store_place.h"
#include "crypto/secp256k1.h"
#include "http/bearer_token.h"
#include "keys/keystore_loader.h"
#include "os/io_clock.h"
#include "os/process.h"
#include "os/secret_arena.h"
#include "os/stop_signals.h"
#include "signer/memory_telemetry.h"
#include "store/journal/file_journal.h"
#include "telemetry/build_info.h"

namespace holdfast::cli {
namespace {

using enum SettingId;
using std::chrono_literals::operator""ms;

constexpr std::string_view kModule = "validator-ha-signer";
constexpr std::string_view kAcceptNewJournal = "--accept-new-journal";
constexpr std::chrono::hours kForEver{24 * 365};
/** Aztec's pauses between its questions to a remote signer at the start. */
constexpr std::array kRemoteSignerPauses = {1000ms, 2000ms, 4000ms, 8000ms, 16000ms};
/** For what a stop does after the grace of its settings. */
constexpr std::chrono::seconds kStopReserve{30};

/** A failure with the exit code that belongs to it. */
struct Failure {
  ExitCode code;
  std::string message;
};

/** One run of `holdfast signer`, from complete settings to the stop. */
class SignerRun {
 public:
  SignerRun(CommandCall& call, const Settings& settings)
      : call_(call), settings_(settings), logger_(log_settings_of(settings)), clock_(runtime_) {}

  ExitCode run() {
    logger_.log(LogLevel::info, kModule, "Holdfast signer is starting",
                {{"version", build_version()}, {"nodeId", settings_.text(node_id)}});
    for (const std::string& warning : signer_warnings(settings_)) warn(warning);
    std::optional<Failure> failure = protect_process();
    if (!failure) failure = open_keys();
    if (!failure) failure = open_journal();
    if (!failure) failure = open_store_of_settings();
    if (!failure) failure = check_remote_signers();
    if (!failure) failure = enter_registry();
    if (!failure) failure = start_node();
    if (failure) {
      end();
      complain(call_, failure->message);
      return failure->code;
    }
    tell_ready();
    wait_for_signal();
    return end() ? ExitCode::done : ExitCode::failed;
  }

 private:
  void warn(std::string_view message) const { logger_.log(LogLevel::warn, kModule, message); }

  std::optional<Failure> protect_process() {
    std::array<std::uint8_t, 32> blinding{};
    random_.fill(blinding);
    blind_signing(blinding);
    const bool required = settings_.text(memory_lock) == "required";
    SecretArena::process().set_memory_lock(required ? MemoryLock::required
                                                    : MemoryLock::best_effort);
    const Result<void> no_core = disable_core_dumps();
    if (!no_core) return Failure{ExitCode::failed, no_core.error().message};
    return std::nullopt;
  }

  std::optional<Failure> open_keys() {
    Result<KeyPlan> plan = load_key_plan(settings_.text(keystore));
    if (!plan) {
      return Failure{ExitCode::usage,
                     fmt::format("{}: {}", settings_.value(keystore).place, plan.error().message)};
    }
    for (const std::string& warning : plan->warnings) warn(warning);
    Result<std::unique_ptr<NodeKeys>> keys = NodeKeys::open(
        std::move(plan->keys), runtime_, random_, remote_signer_settings_of(settings_));
    if (!keys) return Failure{ExitCode::usage, keys.error().message};
    parts_.keys = std::move(*keys);
    if (settings_.has(bearer_token_file)) {
      Result<Secret> token = read_bearer_token(settings_.text(bearer_token_file));
      if (!token) {
        return Failure{
            ExitCode::usage,
            fmt::format("{}: {}", settings_.value(bearer_token_file).place, token.error().message)};
      }
      parts_.bearer_token.emplace(std::move(*token));
    }
    const SecretMemory memory = SecretArena::process().memory();
    if (memory.unlocked > 0) {
      warn(
          fmt::format("{} bytes of keys could not be locked in memory and may be swapped out: "
                      "raise RLIMIT_MEMLOCK (LimitMEMLOCK= in the unit, --ulimit memlock in "
                      "Docker)",
                      memory.unlocked));
    }
    return std::nullopt;
  }

  std::optional<Failure> open_journal() {
    FileJournalSettings journal;
    journal.directory = settings_.text(data_dir);
    journal.node_id = settings_.text(node_id);
    Result<std::unique_ptr<FileJournal>> opened =
        FileJournal::open(std::move(journal), random_,
                          [this](std::function<void()> work) { runtime_.post(std::move(work)); });
    if (!opened) return Failure{ExitCode::failed, opened.error().message};
    journal_ = std::move(*opened);
    if (journal_->repaired_bytes() > 0) {
      warn(
          fmt::format("the journal {} ended in a write that was interrupted; {} bytes were cut off",
                      journal_->path().string(), journal_->repaired_bytes()));
    }
    memory_observer_.emplace(metrics_, logger_, settings_.text(node_id));
    memory_.emplace(*journal_, clock_, *memory_observer_,
                    ReleaseMemorySettings{.node_id = settings_.text(node_id),
                                          .rollup_address = rollup_address_of(settings_),
                                          .quarantine_margin = SlotMargin(
                                              settings_.integer(quarantine_margin_slots))});
    const Quarantine* const quarantine = memory_->active_quarantine();
    if (quarantine != nullptr) memory_observer_->on_quarantine_goes_on(*quarantine);
    if (!call_.has(kAcceptNewJournal)) return std::nullopt;
    const Result<void> logged =
        log_operators_word(call_, settings_, "signer --accept-new-journal",
                           {{"journalId", journal_->identity().journal_id}});
    if (!logged) return Failure{ExitCode::failed, logged.error().message};
    parts_.new_journal = NewJournal::accept;
    return std::nullopt;
  }

  std::optional<Failure> open_store_of_settings() {
    const Result<StorePlace> place = store_place_of(settings_);
    if (!place) return Failure{ExitCode::usage, place.error().message};
    StoreEvents events;
    events.connected = [this] {
      logger_.log(LogLevel::verbose, kModule, "Database connection established");
    };
    events.lost = [this](const Error& error) {
      logger_.log(LogLevel::warn, kModule, "Database connection lost", {{"error", error.message}});
    };
    Result<OpenedStore> store = open_store(*place, settings_, StoreUse::sign, runtime_, clock_,
                                           std::move(events), &*memory_);
    if (!store) return Failure{ExitCode::failed, store.error().message};
    parts_.store = std::move(*store);
    const auto state =
        run_task(runtime_, parts_.store.duties->check(), store_answer_limit(settings_));
    if (!state) {
      return Failure{ExitCode::failed,
                     fmt::format("the database has not answered in time: {}", text_of(*place))};
    }
    if (!*state) {
      return Failure{ExitCode::failed, fmt::format("the database cannot be used ({}): {}",
                                                   text_of(*place), state->error().message)};
    }
    const StoreState& known = **state;
    if (!known.hardened) {
      if (settings_.boolean(gated)) {
        return Failure{
            ExitCode::failed,
            fmt::format("the database is not hardened ({}), and --gated needs it to be: a stock "
                        "node may delete the row of what was signed for it and ask again with "
                        "another message. Run holdfast migrate-ha-db up --harden",
                        text_of(*place))};
      }
      warn(
          "the database is not hardened (migrate-ha-db up --no-harden): Holdfast's own nodes still "
          "sign each duty once, but what another program deletes, a stock Aztec node's clean-up "
          "too, is forgotten and could be signed again with another message");
    }
    logger_.log(LogLevel::info, kModule, "Database schema verified",
                {{"database", text_of(*place)},
                 {"schemaVersion", std::int64_t{known.schema_version}},
                 {"holdfastSchemaVersion", std::int64_t{known.holdfast_schema_version}},
                 {"server", known.server_version},
                 {"hardened", known.hardened}});
    return std::nullopt;
  }

  std::optional<Failure> check_remote_signers() {
    if (parts_.keys->remote_signer_count() == 0) return std::nullopt;
    auto first = run_task(runtime_, parts_.keys->check_remote_signers(), kUntilAnswered);
    if (first && *first) return std::nullopt;
    if (first) {
      warn(fmt::format("a remote signer is not ready and is asked again: {}",
                       first->error().message));
    }
    std::vector<std::chrono::milliseconds> pauses(kRemoteSignerPauses.begin(),
                                                  kRemoteSignerPauses.end());
    auto last = run_task(runtime_, parts_.keys->check_remote_signers(clock_, std::move(pauses)),
                         kUntilAnswered);
    if (last && *last) return std::nullopt;
    return Failure{ExitCode::failed,
                   last ? last->error().message : "a remote signer has not answered in time"};
  }

  std::optional<Failure> enter_registry() {
    node_ = std::make_unique<SignerNode>(SignerGround{runtime_, clock_, random_, logger_, metrics_,
                                                      *memory_, settings_, call_.extra_observer},
                                         std::move(parts_));
    const auto entered = run_task(runtime_, node_->enter(), 4 * store_answer_limit(settings_));
    if (entered && *entered) return std::nullopt;
    return Failure{ExitCode::failed,
                   entered ? entered->error().message : "the database has not answered in time"};
  }

  std::optional<Failure> start_node() {
    const Result<void> started = node_->start();
    if (!started) {
      // Only an address that somebody else has may be free the next time.
      const bool may_pass = started.error().kind == ErrorKind::unavailable;
      return Failure{may_pass ? ExitCode::failed : ExitCode::usage, started.error().message};
    }
    runtime_.run_until([this] { return node_->health_is_known(); }, store_answer_limit(settings_));
    return std::nullopt;
  }

  void tell_ready() {
    signals_ = std::make_unique<StopSignals>(runtime_, [this](int number) { on_signal(number); });
    const std::string line = fmt::format("holdfast signer ready: signing {} ops {}",
                                         node_->signing_address(), node_->ops_address());
    logger_.log(LogLevel::info, kModule, "Signer is ready",
                {{"signing", node_->signing_address()}, {"ops", node_->ops_address()}});
    call_.out << line << std::endl;
    notify("READY=1\nSTATUS=" + line);
  }

  void notify(std::string_view message) const {
    const auto socket = call_.sources.environment.find("NOTIFY_SOCKET");
    if (socket != call_.sources.environment.end()) sd_notify(socket->second, message);
  }

  void on_signal(int number) {
    if (signal_ == 0) {
      signal_ = number;
      return;
    }
    logger_.log(LogLevel::warn, kModule, "Second signal: ending at once");
    // Posted, for the signals are let go of here while they call us.
    runtime_.post([this, number] {
      signals_.reset();
      std::raise(number);
    });
  }

  void wait_for_signal() {
    while (signal_ == 0) {
      runtime_.run_until([this] { return signal_ != 0; }, kForEver);
    }
    logger_.log(LogLevel::info, kModule, "Stopping",
                {{"signal", std::int64_t{signal_}}, {"nodeId", settings_.text(node_id)}});
    notify("STOPPING=1");
  }

  /** True when everything came to its end. */
  bool end() {
    if (node_) {
      const auto grace = settings_.milliseconds(stop_timeout_ms);
      const bool stopped = run_task(runtime_, node_->stop(grace), grace + kStopReserve);
      logger_.log(stopped ? LogLevel::info : LogLevel::error, kModule,
                  stopped ? "Stopped" : "The stop has not come to its end in time");
      return stopped;
    }
    if (parts_.keys) parts_.keys->close();
    if (!parts_.store.duties) return true;
    return run_task(runtime_, parts_.store.duties->close(), store_answer_limit(settings_));
  }

  CommandCall& call_;
  const Settings& settings_;
  Logger logger_;
  IoRuntime runtime_;
  IoClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  std::unique_ptr<FileJournal> journal_;
  std::optional<MemoryTelemetry> memory_observer_;
  std::optional<ReleaseMemory> memory_;
  SignerParts parts_;
  std::unique_ptr<SignerNode> node_;
  std::unique_ptr<StopSignals> signals_;
  int signal_ = 0;
};

ExitCode print_config(CommandCall& call, const Settings& settings) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) {
    complain(call, format.error().message);
    return ExitCode::usage;
  }
  call.out << render(config_table(settings), *format);
  return ExitCode::done;
}

ExitCode run(CommandCall& call) {
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  if (call.has("--print-config")) return print_config(call, *settings);
  if (call.has("--output")) {
    complain(call, "--output belongs to --print-config");
    return ExitCode::usage;
  }
  const std::vector<std::string> problems = signer_problems(*settings);
  for (const std::string& problem : problems) complain(call, problem);
  if (!problems.empty()) return ExitCode::usage;
  return SignerRun(call, *settings).run();
}

constexpr std::array<OptionSpec, 3> kOptions = {{
    {kAcceptNewJournal, "",
     "Start although the database knows this node with another journal, or further on. Only when "
     "the "
     "old journal is lost for good and no other process can have it: this node then does not "
     "remember by itself what it released, and only the database protects it. Once, by hand; never "
     "in a unit file."},
    {"--print-config", "",
     "Print every setting with its value and where it came from, passwords masked, and end."},
    {"--output", "table|json|csv", "The form of --print-config. Default: table."},
}};

}  // namespace

CommandSpec signer_command() {
  return {
      .name = "signer",
      .summary = "hold keys, take sign requests, sign each duty once",
      .synopsis =
          "--node-id ID --rollup-address 0x... --chain-id N --keystore FILE_OR_DIR[,...] "
          "[--database-url URL] --data-dir DIR [--listen HOST:PORT] [--ops-listen HOST:PORT] "
          "[--gated] [--config FILE]",
      .description =
          "Takes Web3Signer's JSON-RPC on the signing listener and coordinates with the other "
          "nodes through the database: whichever node claims a duty first signs it, and no node "
          "ever signs another message for it. A signature leaves the process only after the "
          "database has durably recorded it.\n\n"
          "When it is ready it prints one line with both addresses on stdout; logs go to stderr. "
          "SIGTERM or SIGINT stop it: what is in flight is finished or refused. A second signal "
          "ends it at once, which is safe, too.\n\n"
          "A database that cannot be reached at the start ends the signer with code 1; one that is "
          "lost later is survived: requests are refused until it is back.",
      .settings = every_setting(),
      .options = kOptions,
      .files =
          "DATA_DIRECTORY/journal-ID   what this node released: never lose, copy or set it back\n"
          "DATA_DIRECTORY/operator.log what operators accepted and released, and when\n"
          "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url\n"
          "KEY_STORE_DIRECTORY         Aztec keystores, readable by their owner only\n"
          "~/.pgpass                   passwords of PostgreSQL",
      .examples =
          "holdfast signer --node-id validator-node-1 --rollup-address 0x... \\\n"
          "    --chain-id 1 --keystore keys.json --data-dir node1\n"
          "VALIDATOR_HA_DATABASE_URL=postgresql://u:p@db/validator_ha \\\n"
          "    holdfast signer --config /etc/holdfast/signer.toml\n"
          "holdfast signer --config /etc/holdfast/signer.toml --print-config",
      .run = run};
}

}  // namespace holdfast::cli
