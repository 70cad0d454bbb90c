#include <array>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/database_facts.h"
#include "cli/duties_look.h"
#include "cli/operator_log.h"
#include "cli/signer_settings.h"
#include "cli/table_output.h"
#include "os/random.h"
#include "signer/memory_telemetry.h"
#include "store/journal/file_journal.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 5> kShowSettings = {SettingId::config, SettingId::database_url,
                                                    SettingId::data_dir, SettingId::node_id,
                                                    SettingId::rollup_address};
constexpr std::array<SettingId, 4> kSettings = {SettingId::config, SettingId::database_url,
                                                SettingId::data_dir, SettingId::node_id};
constexpr std::array<SettingId, 5> kAcceptSettings = {SettingId::config, SettingId::database_url,
                                                      SettingId::data_dir, SettingId::node_id,
                                                      SettingId::quarantine_margin_slots};

constexpr std::array<OptionSpec, 1> kShowOptions = {{
    {"--output", "table|json|csv", "The form of the list. Default: table."},
}};
constexpr OptionSpec kApply = {"--apply", "",
                               "Do it. Without this nothing is changed, and what would be done is "
                               "printed."};
constexpr std::array<OptionSpec, 1> kApplyOptions = {{kApply}};

constexpr std::string_view kFiles =
    "DATA_DIRECTORY/journal-ID    the node's journal\n"
    "DATA_DIRECTORY/operator.log  what was accepted and released, by whom and when";

/** Rows of what, property and value. */
class Report {
 public:
  Report() { table_.columns = {"subject", "property", "value"}; }
  void add(std::string subject, std::string property, std::string value) {
    table_.rows.push_back({std::move(subject), std::move(property), std::move(value)});
  }
  void add(const std::string& subject, const DatabaseIdentity& identity) {
    add(subject, "backend", identity.backend);
    add(subject, "cluster_id", identity.cluster_id);
    if (identity.backend != "postgres") return;
    add(subject, "system_identifier", identity.system_identifier);
    add(subject, "timeline", std::to_string(identity.timeline));
    add(subject, "synchronous", identity.synchronous ? "yes" : "no");
  }
  void add(const NodeRecord& node) {
    const std::string subject = "node " + node.node_id;
    add(subject, "state",
        std::string(is_alive(node) ? "alive"
                    : node.running ? "lost"
                                   : "stopped"));
    add(subject, "place", node.place);
    add(subject, "version", node.version);
    add(subject, "last_seen_ms", std::to_string(node.last_seen.count()));
    for (const Address& publisher : node.publishers) add(subject, "publisher", to_text(publisher));
  }
  std::string text(OutputFormat format) const { return render(table_, format); }

 private:
  Table table_;
};

/** Both settings that name a journal, or nullopt after a complaint. */
std::optional<FileJournalSettings> journal_of(CommandCall& call, const Settings& settings) {
  for (const SettingId id : {SettingId::node_id, SettingId::data_dir}) {
    if (settings.has(id)) continue;
    complain(call, missing_setting(id));
    return std::nullopt;
  }
  FileJournalSettings journal;
  journal.directory = settings.text(SettingId::data_dir);
  journal.node_id = settings.text(SettingId::node_id);
  return journal;
}

ExitCode failed(CommandCall& call, const Error& error) {
  complain(call, error.message);
  return ExitCode::failed;
}

void report_memory(Report& report, const NodeMemory& memory, const DatabaseFacts& facts,
                   const std::optional<RollupAddress>& rollup) {
  if (memory.pin()) report.add("this node's pin", *memory.pin());
  report.add("this node's pin", "beat", std::to_string(memory.beat().beat));
  report.add("this node's pin", "database_is",
             text_of(judge_database(memory.pin(), memory.beat().beat, facts)));
  const std::optional<Quarantine>& quarantine = memory.quarantine();
  if (!quarantine) {
    report.add("quarantine", "state", "none");
    return;
  }
  const bool active = is_active(*quarantine, memory.seen(), rollup);
  report.add("quarantine", "state", active ? "active" : "ended by itself");
  report.add("quarantine", "reason", std::string(name_of(quarantine->reason)));
  report.add("quarantine", "refused", floors_text(*quarantine));
}

ExitCode run_show(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return wrong_option(call, "--output", format.error());
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  std::optional<NodeMemory> memory;
  if (settings->has(SettingId::node_id) && settings->has(SettingId::data_dir)) {
    Result<NodeMemory> read = FileJournal::read_only(*journal_of(call, *settings));
    if (!read && read.error().kind != ErrorKind::not_found) return failed(call, read.error());
    if (read) memory = *std::move(read);
  }
  FactsOfDatabase watch(settings->text(SettingId::node_id), memory ? &*memory : nullptr);
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code, StoreUse::look, &watch);
  if (!look) return code;
  const Result<DatabaseFacts> facts = facts_through(*look, watch);
  if (!facts) return failed(call, facts.error());
  const Result<std::vector<NodeRecord>> nodes = look->ask(look->nodes().list_nodes());
  if (!nodes) return failed(call, nodes.error());

  Report report;
  report.add("database", facts->identity);
  for (const NodeRecord& node : *nodes) report.add(node);
  if (memory) report_memory(report, *memory, *facts, rollup_of(*settings));
  call.out << report.text(*format);
  return ExitCode::done;
}

/** The node's journal, open for writing, with the loop that its answers come to. */
class OpenJournal {
 public:
  /** Null after a complaint. A journal that is not there is not made. */
  static std::unique_ptr<OpenJournal> open(CommandCall& call, FileJournalSettings settings) {
    const Result<NodeMemory> there = FileJournal::read_only(settings);
    auto opened = std::make_unique<OpenJournal>();
    SystemRandom random;
    Result<std::unique_ptr<FileJournal>> journal =
        there ? FileJournal::open(std::move(settings), random,
                                  [&runtime = opened->runtime_](std::function<void()> work) {
                                    runtime.post(std::move(work));
                                  })
              : Result<std::unique_ptr<FileJournal>>(there.error());
    if (!journal) {
      complain(call, journal.error().message);
      return nullptr;
    }
    opened->journal_ = std::move(*journal);
    return opened;
  }

  const NodeMemory& memory() const { return journal_->memory(); }

  Result<void> write(JournalEntry entry) {
    const auto written =
        run_task(runtime_, journal_->write(std::move(entry)), std::chrono::minutes(1));
    if (written) return *written;
    return Error{ErrorKind::timeout, "the journal was not written in time"};
  }

 private:
  IoRuntime runtime_;
  std::unique_ptr<FileJournal> journal_;
};

/** The pin last: until it is durable the database is refused as before. */
Result<void> accept(OpenJournal& journal, const DatabaseFacts& facts, SlotMargin margin) {
  const NodeMemory& memory = journal.memory();
  const std::optional<Quarantine>& existing = memory.quarantine();
  QuarantineEntry quarantine{begin_quarantine(QuarantineReason::accepted_database, memory.seen(),
                                              margin, existing ? &*existing : nullptr)};
  Result<void> written = journal.write(std::move(quarantine));
  if (written) written = journal.write(BeatEntry{facts.beat, std::nullopt});
  if (written) written = journal.write(PinEntry{facts.identity});
  return written;
}

ExitCode accept_database(CommandCall& call, const Settings& settings, OpenJournal& journal) {
  FactsOfDatabase watch(settings.text(SettingId::node_id), &journal.memory());
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, settings, code, StoreUse::look, &watch);
  if (!look) return code;
  const Result<DatabaseFacts> facts = facts_through(*look, watch);
  if (!facts) return failed(call, facts.error());

  const std::optional<DatabaseIdentity>& pin = journal.memory().pin();
  const DatabaseVerdict verdict = judge_database(pin, journal.memory().beat().beat, *facts);
  if (!std::holds_alternative<RefuseDatabase>(verdict)) {
    call.out << "This database needs no word of yours: " << text_of(verdict) << "\n";
    return ExitCode::done;
  }
  Report report;
  report.add("pinned now", *pin);
  report.add("to be accepted", facts->identity);
  call.out << report.text(OutputFormat::table)
           << "With it begins a quarantine: what others have signed up to now the new database may "
              "not know.\n";
  if (!call.has("--apply")) {
    call.out << "Nothing was changed. To accept it, say --apply.\n";
    return ExitCode::done;
  }
  const Result<void> logged =
      log_operators_word(call, settings, "cluster accept",
                         {{"fromClusterId", pin->cluster_id},
                          {"fromSystemIdentifier", pin->system_identifier},
                          {"toClusterId", facts->identity.cluster_id},
                          {"toSystemIdentifier", facts->identity.system_identifier},
                          {"toTimeline", facts->identity.timeline}});
  if (!logged) return failed(call, logged.error());
  const Result<void> accepted =
      accept(journal, *facts, SlotMargin(settings.integer(SettingId::quarantine_margin_slots)));
  if (!accepted) return failed(call, accepted.error());
  call.out << "Accepted: the node is pinned to the database of cluster id "
           << facts->identity.cluster_id << ".\n";
  return ExitCode::done;
}

ExitCode release_quarantine(CommandCall& call, const Settings& settings, OpenJournal& journal) {
  const std::optional<Quarantine>& quarantine = journal.memory().quarantine();
  if (!quarantine) {
    call.out << "There is no quarantine.\n";
    return ExitCode::done;
  }
  const std::string floors = floors_text(*quarantine);
  call.out << "Quarantine because of " << name_of(quarantine->reason) << "; refused: " << floors
           << "\n";
  if (!call.has("--apply")) {
    call.out << "Nothing was changed. Only if you know that no node has signed any of these slots, "
                "say --apply.\n";
    return ExitCode::done;
  }
  const Result<void> logged =
      log_operators_word(call, settings, "cluster release",
                         {{"reason", name_of(quarantine->reason)}, {"refused", floors}});
  if (!logged) return failed(call, logged.error());
  const Result<void> released = journal.write(QuarantineEntry{std::nullopt});
  if (!released) return failed(call, released.error());
  call.out << "Released: these slots are signed again if nothing else is against it.\n";
  return ExitCode::done;
}

ExitCode run_with_journal(CommandCall& call,
                          ExitCode (&command)(CommandCall&, const Settings&, OpenJournal&)) {
  const std::optional<Settings> settings = settings_of(call);
  std::optional<FileJournalSettings> place;
  if (settings) place = journal_of(call, *settings);
  if (!place) return ExitCode::usage;
  const std::unique_ptr<OpenJournal> journal = OpenJournal::open(call, *std::move(place));
  if (!journal) return ExitCode::failed;
  return command(call, *settings, *journal);
}

}  // namespace

CommandSpec cluster_show_command() {
  return {
      .name = "cluster show",
      .summary = "which database this is, who signs with it, and what a node is pinned to",
      .synopsis =
          "[--database-url URL] [--data-dir DIR] [--node-id ID] "
          "[--output table|json|csv]",
      .description =
          "Prints what the database says of itself, the nodes that are registered, and, with a "
          "node id and its data directory, what that node's journal remembers: the database that "
          "it is pinned to, what it makes of this one, and its quarantine. The signer may run. "
          "Changes nothing.",
      .settings = kShowSettings,
      .options = kShowOptions,
      .files = kFiles,
      .examples =
          "holdfast cluster show --database-url postgresql://user@db/validator_ha\n"
          "holdfast cluster show --config /etc/holdfast/signer.toml --output json",
      .run = run_show};
}

CommandSpec cluster_accept_command() {
  return {
      .name = "cluster accept",
      .summary = "pin a stopped node to another database, in quarantine",
      .synopsis = "--node-id ID --data-dir DIR [--database-url URL] [--apply]",
      .description =
          "A node refuses every database but the one that it is pinned to: another cluster id, a "
          "restored copy with another system identifier, the old primary of before a failover. "
          "This is the operator's word that the one of the settings is the right one now. Stop "
          "the signer first; bring the history along with holdfast duties export and import. A "
          "quarantine begins, for the others may have signed what this database does not know. "
          "Without --apply nothing is changed.",
      .settings = kAcceptSettings,
      .options = kApplyOptions,
      .files = kFiles,
      .examples =
          "holdfast cluster accept --config /etc/holdfast/signer.toml\n"
          "holdfast cluster accept --config /etc/holdfast/signer.toml --apply",
      .run = [](CommandCall& call) { return run_with_journal(call, accept_database); }};
}

CommandSpec cluster_release_command() {
  return {
      .name = "cluster release",
      .summary = "end the quarantine of a stopped node",
      .synopsis = "--node-id ID --data-dir DIR [--apply]",
      .description =
          "A quarantine ends by itself when duties of higher slots come. This is the operator's "
          "word that no node has signed any of the slots that are refused, for example because "
          "all nodes were stopped, and that they may be signed. If that is wrong, the stake is "
          "at risk. Stop the signer first. Without --apply nothing is changed.",
      .settings = kSettings,
      .options = kApplyOptions,
      .files = kFiles,
      .examples =
          "holdfast cluster release --config /etc/holdfast/signer.toml\n"
          "holdfast cluster release --config /etc/holdfast/signer.toml --apply",
      .run = [](CommandCall& call) { return run_with_journal(call, release_quarantine); }};
}

}  // namespace holdfast::cli
