#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>

#include "base/check.h"
#include "cli/commands.h"
#include "cli/database_facts.h"
#include "cli/doctor/check_lines.h"
#include "cli/doctor/signer_answer.h"
#include "cli/duties_look.h"
#include "cli/signer_settings.h"
#include "cli/table_output.h"
#include "http/listen_address.h"
#include "keys/keystore_loader.h"
#include "os/process.h"
#include "os/random.h"
#include "store/journal/file_journal.h"

namespace holdfast::cli {
namespace {

using enum SettingId;

constexpr const char* kTroubleshooting = "docs/OPERATING.md, Troubleshooting";
constexpr std::size_t kLocksLooked = 10'000;
constexpr std::chrono::seconds kLastHour{3600};

/** One run of `holdfast doctor`: gathers, and leaves what to make of it to checks.h. */
class Doctor {
 public:
  explicit Doctor(const Settings& settings) : settings_(settings) {}

  Checks run() {
    add(check_configuration(signer_problems(settings_), signer_warnings(settings_)));
    look_at_keys();
    look_at_data_directory();
    look_at_database();
    look_at_memory();
    look_at_signer();
    return std::move(checks_);
  }

 private:
  void add(Checks checks) {
    for (Check& check : checks) checks_.push_back(std::move(check));
  }
  void add(Check check) { checks_.push_back(std::move(check)); }

  void look_at_keys() {
    if (!settings_.has(keystore)) return;
    Result<KeyPlan> plan = load_key_plan(settings_.text(keystore));
    if (!plan) {
      add(failed("keystore", plan.error().message, "mend the file that it names"));
      return;
    }
    KeyFacts facts;
    facts.warnings = plan->warnings;
    IoRuntime runtime;
    Result<std::unique_ptr<NodeKeys>> keys = NodeKeys::open(std::move(plan->keys), runtime, random_,
                                                            remote_signer_settings_of(settings_));
    if (!keys) {
      add(failed("keystore", keys.error().message, "mend the file that it names"));
      return;
    }
    facts.attesters = (*keys)->ring().attesters();
    facts.publishers = publishers_ = (*keys)->ring().publishers_only();
    add(check_keys(facts));
    if ((*keys)->remote_signer_count() == 0) return;
    const auto asked = run_task(runtime, (*keys)->check_remote_signers(), kUntilAnswered);
    CHECK(asked.has_value());
    add(check_remote_signers(*asked));
  }

  void look_at_data_directory() {
    if (settings_.has(data_dir)) {
      add(check_data_directory(file_system_of(settings_.text(data_dir))));
    }
    if (!settings_.has(data_dir) || !settings_.has(node_id)) return;
    FileJournalSettings journal;
    journal.directory = settings_.text(data_dir);
    journal.node_id = settings_.text(node_id);
    memory_.emplace(FileJournal::read_only(journal));
  }

  const NodeMemory* memory() const { return memory_ && *memory_ ? &**memory_ : nullptr; }

  void look_at_database() {
    FactsOfDatabase watch(settings_.text(node_id), memory());
    const Result<std::unique_ptr<Look>> opened = Look::open(settings_, StoreUse::look, &watch);
    if (!opened) {
      return add(
          failed("database", opened.error().message, "is --database-url or --data-dir right?"));
    }
    Look& look = **opened;
    const Result<StoreState> state = look.ask(look.store().check());
    if (!state) return add(failed("database", state.error().message, kTroubleshooting));
    facts_ = watch.facts;
    add(check_schema(*state, settings_.boolean(gated)));
    const Result<std::vector<NodeRecord>> nodes = look.ask(look.nodes().list_nodes());
    if (!nodes) return add(failed("nodes", nodes.error().message, kTroubleshooting));
    look_at_server(*nodes);
    add(check_nodes(settings_.text(node_id), publishers_, *nodes));
    look_at_duties(look, *nodes);
    is_known_ = is_known(look, *nodes);
  }

  std::optional<bool> is_known(Look& look, const std::vector<NodeRecord>& nodes) {
    for (const NodeRecord& node : nodes) {
      if (node.node_id == settings_.text(node_id)) return true;
    }
    const Result<bool> has_signed = look.ask(look.store().has_signed(settings_.text(node_id)));
    return has_signed ? std::optional<bool>(*has_signed) : std::nullopt;
  }

  void look_at_server(const std::vector<NodeRecord>& nodes) {
    const Result<StorePlace> place = store_place_of(settings_);
    const auto* const url = place ? std::get_if<PostgresUrl>(&*place) : nullptr;
    if (url == nullptr) return;
    const Result<PostgresHealth> health = read_postgres_health(*url);
    if (!health) return add(failed("server", health.error().message, kTroubleshooting));
    const auto alive = std::count_if(nodes.begin(), nodes.end(), is_alive);
    add(check_server(*health, settings_.integer(pool_max) * std::max<std::int64_t>(1, alive)));
  }

  void look_at_duties(Look& look, const std::vector<NodeRecord>& nodes) {
    DutyFilter signing;
    signing.status = DutyStatus::signing;
    signing.limit = kLocksLooked;
    const Result<std::vector<DutyRow>> locks = look.ask(look.store().list(std::move(signing)));
    if (!locks) return add(failed("locks", locks.error().message, kTroubleshooting));
    add(check_locks(*locks, wall_time_now().count(),
                    settings_.milliseconds(max_stuck_duties_age_ms)));
    const Result<std::vector<DutyCount>> counts = look.ask(look.store().count_by_node(kLastHour));
    if (!counts) return add(failed("duties", counts.error().message, kTroubleshooting));
    add(check_distribution(*counts, nodes));
  }

  void look_at_memory() {
    if (!memory_) return;
    add(check_journal(*memory_, is_known_));
    if (memory() == nullptr) return;
    if (facts_) add(check_pin(*memory(), *facts_));
    add(check_quarantine(*memory(), rollup_of(settings_)));
  }

  void look_at_signer() {
    const Result<ListenAddress> address = parse_listen_address(settings_.text(ops_listen));
    if (!address || address->port == 0 || !settings_.has(node_id)) return;
    add(check_signer(settings_.text(node_id), address->text(), ask_signer(*address)));
  }

  const Settings& settings_;
  SystemRandom random_;
  Checks checks_;
  std::vector<Address> publishers_;
  std::optional<Result<NodeMemory>> memory_;
  /** What the database says of itself, and whether it knows this node; absent: it did not say. */
  std::optional<DatabaseFacts> facts_;
  std::optional<bool> is_known_;
};

Table table_of(const Checks& checks) {
  Table table{{"check", "state", "found", "what_to_do"}, {}};
  for (const Check& check : checks) {
    table.rows.push_back(
        {check.name, std::string(name_of(check.state)), check.found, check.what_to_do});
  }
  return table;
}

std::ptrdiff_t count(const Checks& checks, CheckState state) {
  return std::count_if(checks.begin(), checks.end(),
                       [state](const Check& check) { return check.state == state; });
}

ExitCode run(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return wrong_option(call, "--output", format.error());
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  const Result<void> no_core = disable_core_dumps();
  if (!no_core) {
    complain(call, no_core.error().message);
    return ExitCode::failed;
  }
  const Checks checks = Doctor(*settings).run();
  call.out << render(table_of(checks), *format);
  const std::ptrdiff_t bad = count(checks, CheckState::failed);
  if (*format == OutputFormat::table) {
    call.out << fmt::format("{} ok, {} warnings, {} failed\n", count(checks, CheckState::ok),
                            count(checks, CheckState::warning), bad);
  }
  return bad == 0 ? ExitCode::done : ExitCode::failed;
}

constexpr std::array<OptionSpec, 1> kOptions = {{
    {"--output", "table|json|csv", "The form of the list. Default: table."},
}};

}  // namespace

CommandSpec doctor_command() {
  return {
      .name = "doctor",
      .summary = "check a signer's configuration, keys, journal and database, and say what to do",
      .synopsis = "--config FILE | the flags of the signer [--output table|json|csv]",
      .description =
          "Looks at everything that a signer with these settings depends on, and prints a line for "
          "each thing: ok, a warning (duties may be missed, or a loss would be worse than it need "
          "be) or failed (the stake is in danger, or this node cannot sign now), what was found, "
          "and what to do. Run it on the node's machine, as the signer's user, with the signer's "
          "configuration; the signer may run.\n\n"
          "Looks at the configuration, the keystores and remote signers, the data directory, the "
          "journal and its quarantine, the database that the node is pinned to, its hardening, "
          "durability, replication, time zone, connections and role, the registered nodes and "
          "their publishers, locks that are stuck or pinned, who signed in the last hour, and the "
          "signer that answers at --ops-listen.\n\n"
          "Changes nothing and signs nothing. The exit code is 1 when a check failed.",
      .settings = every_setting(),
      .options = kOptions,
      .files =
          "DATA_DIRECTORY/journal-ID   the node's journal\n"
          "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url\n"
          "KEY_STORE_DIRECTORY         Aztec keystores\n"
          "~/.pgpass                   passwords of PostgreSQL",
      .examples =
          "holdfast doctor --config /etc/holdfast/signer.toml\n"
          "holdfast doctor --config /etc/holdfast/signer.toml --output json |\n"
          "    jq '.[] | select(.state != \"ok\")'",
      .run = run};
}

}  // namespace holdfast::cli
