#include <array>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/migrate_database.h"
#include "cli/table_output.h"
#include "store/postgres/migrator.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 2> kSettings = {SettingId::config, SettingId::database_url};

constexpr OptionSpec kVerbose = {"--verbose", "", "Accepted as Aztec's flag; says no more."};

constexpr std::array<OptionSpec, 4> kUpOptions = {{
    {"--schema-version", "1|2",
     "The version of Aztec's schema to bring the database to. Aztec 4.1.2 refuses to start on 2, "
     "newer nodes refuse 1; Holdfast reads and writes both. A newer schema is left as it is. "
     "Default: 1."},
    {"--harden", "",
     "Set triggers upon validator_duties by which the database itself keeps what was signed, from "
     "stock Aztec nodes and every other program. The default, on a database too that was left "
     "without them before."},
    {"--no-harden", "",
     "Take those triggers away and remember that this was your choice. Holdfast's own nodes still "
     "sign each duty once; but what another program deletes is forgotten. Gated signers refuse "
     "such a database. Must be given each time: up alone hardens."},
    kVerbose,
}};

constexpr std::array<OptionSpec, 2> kDownOptions = {{
    {"--confirm-database", "NAME",
     "The database's name. Needed while there are signed duties: with the tables goes the memory "
     "of what was signed, and a node on an empty database would sign it again."},
    kVerbose,
}};

constexpr std::array<OptionSpec, 2> kStatusOptions = {{
    {"--output", "table|json|csv", "The form of the list. Default: table."},
    kVerbose,
}};

constexpr std::string_view kNotHardened =
    "not hardened: the database does not keep what was signed from other programs\n";

/** What the migrator did to the triggers, in words. */
void tell_hardening(CommandCall& call, const std::string& applied) {
  if (applied == Migrator::kHardenedAgain) {
    call.out << "hardened again: the database had been left without triggers by --no-harden, and "
                "up hardens unless it is told --no-harden\n";
  } else if (applied == Migrator::kNoLongerHardened) {
    call.out << kNotHardened;
  }
}

ExitCode run_up(CommandCall& call) {
  int version = 1;
  if (const std::string* text = call.option("--schema-version")) {
    if (*text != "1" && *text != "2") {
      complain(call, "--schema-version is 1 or 2");
      return ExitCode::usage;
    }
    version = *text == "1" ? 1 : 2;
  }
  if (call.has("--harden") && call.has("--no-harden")) {
    complain(call, "--harden and --no-harden exclude each other");
    return ExitCode::usage;
  }
  const Hardening hardening = call.has("--no-harden") ? Hardening::off : Hardening::on;
  std::optional<PostgresUrl> url = migration_database_of(call);
  if (!url) return ExitCode::usage;
  const std::string place = url->place();
  const Result<std::vector<std::string>> applied = Migrator(std::move(*url)).up(version, hardening);
  if (!applied) return migration_failed(call, applied.error());
  for (const std::string& name : *applied) {
    call.out << "applied " << name << '\n';
    tell_hardening(call, name);
  }
  if (applied->empty()) {
    call.out << "nothing to do: " << place << " is up to date\n";
    if (hardening == Hardening::off) call.out << kNotHardened;
  }
  return ExitCode::done;
}

ExitCode run_down(CommandCall& call) {
  std::optional<PostgresUrl> url = migration_database_of(call);
  if (!url) return ExitCode::usage;
  const std::string* const name = call.option("--confirm-database");
  const std::optional<std::string> confirmed =
      name == nullptr ? std::nullopt : std::optional<std::string>(*name);
  const Result<std::vector<std::string>> removed = Migrator(std::move(*url)).down(confirmed);
  if (!removed && removed.error().kind == ErrorKind::permission_denied) {
    complain(call, removed.error().message);
    complain(call, "the flag for it is --confirm-database NAME");
    return ExitCode::failed;
  }
  if (!removed) return migration_failed(call, removed.error());
  for (const std::string& migration : *removed) call.out << "removed " << migration << '\n';
  if (removed->empty()) call.out << "nothing to do: there are no tables of Aztec or Holdfast\n";
  return ExitCode::done;
}

std::string hardened_text(const MigrationStatus& status) {
  if (!status.is_as_chosen()) return "NO (triggers are missing: run up)";
  return status.chosen == Hardening::off ? "no (by choice)" : "yes";
}

Table status_table(const MigrationStatus& status) {
  Table table{{"item", "value"}, {}};
  const auto add = [&table](std::string item, Cell value) {
    table.rows.push_back({std::move(item), std::move(value)});
  };
  add("database", status.database);
  add("server_version", status.server_version);
  add("schema_version", std::int64_t{status.schema_version});
  add("holdfast_version", std::int64_t{status.holdfast_version});
  add("migrations", fmt::format("{}", fmt::join(status.applied, ", ")));
  add("hardened", hardened_text(status));
  add("signed_duties", status.signed_duties);
  add("signing_duties", status.signing_duties);
  add("ledger_duties", status.ledger_duties);
  return table;
}

ExitCode run_status(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return migration_failed(call, format.error());
  std::optional<PostgresUrl> url = migration_database_of(call);
  if (!url) return ExitCode::usage;
  const Result<MigrationStatus> status = Migrator(std::move(*url)).status();
  if (!status) return migration_failed(call, status.error());
  call.out << render(status_table(*status), *format);
  const bool is_ready = status->schema_version >= Migrator::kOldestSchema &&
                        status->holdfast_version == Migrator::kHoldfastVersion &&
                        status->is_as_chosen();
  if (is_ready) return ExitCode::done;
  complain(call, "the database is not ready for a signer: run holdfast migrate-ha-db up");
  return ExitCode::failed;
}

}  // namespace

CommandSpec migrate_up_command() {
  return {
      .name = "migrate-ha-db up",
      .summary = "make or upgrade the tables in PostgreSQL",
      .synopsis = "--database-url URL [--schema-version 1|2] [--harden|--no-harden]",
      .description =
          "Brings the database to Aztec's schema, recorded as Aztec's own migrations record it, "
          "and adds what Holdfast keeps besides: the ledger, the watermarks and the triggers that "
          "protect signed duties from being deleted, by whomever (--no-harden leaves these "
          "out).\n\n"
          "Aztec's and Holdfast's migrations may be run in either order, any number of times and "
          "by any number of processes at once. The user needs the right to create tables.",
      .settings = kSettings,
      .options = kUpOptions,
      .files = kPgpassFile,
      .examples =
          "holdfast migrate-ha-db up --database-url postgresql://user@host/validator_ha\n"
          "DATABASE_URL=postgresql://user@host/validator_ha holdfast migrate-ha-db up",
      .run = run_up};
}

CommandSpec migrate_down_command() {
  return {.name = "migrate-ha-db down",
          .summary = "remove all tables from PostgreSQL",
          .synopsis = "--database-url URL [--confirm-database NAME]",
          .description =
              "Removes the tables of Aztec and of Holdfast. While there are signed duties it "
              "refuses, unless the database's own name is given.",
          .settings = kSettings,
          .options = kDownOptions,
          .files = kPgpassFile,
          .examples = "holdfast migrate-ha-db down --confirm-database validator_ha",
          .run = run_down};
}

CommandSpec migrate_status_command() {
  return {
      .name = "migrate-ha-db status",
      .summary = "say which tables PostgreSQL has",
      .synopsis = "--database-url URL [--output table|json|csv]",
      .description =
          "Prints the versions of both schemas, the migrations, whether the database is hardened "
          "(yes, no by choice, or NO where the triggers are missing that should be there), and "
          "how many duties there are. The exit code is 0 only when a signer could work with the "
          "database.",
      .settings = kSettings,
      .options = kStatusOptions,
      .files = kPgpassFile,
      .examples = "holdfast migrate-ha-db status --output json",
      .run = run_status};
}

}  // namespace holdfast::cli
