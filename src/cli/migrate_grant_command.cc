#include <array>
#include <ostream>

#include "base/quote.h"
#include "cli/commands.h"
#include "cli/migrate_database.h"
#include "store/postgres/grants.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 2> kSettings = {SettingId::config, SettingId::database_url};

constexpr std::array<OptionSpec, 4> kOptions = {{
    {"--role", "NAME",
     "The role, as CREATE ROLE ... LOGIN made it; upper and lower case differ. It must not be a "
     "superuser nor own the tables."},
    {"--prune", "", "Let it prune old duties, too: VALIDATOR_HA_OLD_DUTIES_MAX_AGE_H needs it."},
    {"--stock", "",
     "The role is that of an unmodified Aztec node and gets validator_duties and schema_version "
     "only. Not needed where such a node connects as the signer's role."},
    {"--dry-run", "", "Change nothing; print the statements that would be run."},
}};

bool read_request(CommandCall& call, GrantRequest& request) {
  const std::string* const role = call.option("--role");
  if (role == nullptr || role->empty()) {
    complain(call, "missing: --role, the name of the role that the signer connects as");
    return false;
  }
  if (call.has("--prune") && call.has("--stock")) {
    complain(call, "--prune and --stock exclude each other: an Aztec node prunes by itself");
    return false;
  }
  request.role = *role;
  if (call.has("--prune")) request.purpose = GrantFor::pruning_signer;
  if (call.has("--stock")) request.purpose = GrantFor::stock_node;
  if (call.has("--dry-run")) request.mode = GrantMode::dry_run;
  return true;
}

ExitCode run_grant(CommandCall& call) {
  GrantRequest request;
  if (!read_request(call, request)) return ExitCode::usage;
  const std::optional<PostgresUrl> url = migration_database_of(call);
  if (!url) return ExitCode::usage;
  const Result<std::vector<std::string>> statements = grant_rights(*url, request);
  if (!statements) {
    complain(call, statements.error().message);
    complain(call, "nothing was changed");
    return ExitCode::failed;
  }
  for (const std::string& statement : *statements) call.out << statement << ";\n";
  if (request.mode == GrantMode::dry_run) {
    call.out << "-- a dry run: nothing was changed\n";
  } else {
    call.out << "-- done: " << quoted(request.role) << " has what it needs, and no more\n";
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec migrate_grant_command() {
  return {
      .name = "migrate-ha-db grant",
      .summary = "give a role in PostgreSQL what a signer needs and no more",
      .synopsis = "--database-url URL --role NAME [--prune] [--stock] [--dry-run]",
      .description =
          "Gives an existing login role the rights that a signer needs on the tables, and takes "
          "from it all others that it has on them. Such a role can lock and sign duties and give "
          "locks back, but not touch the triggers, the ledger or the watermarks: a stolen password "
          "or a wrong command cannot make the database forget what was signed.\n\n"
          "Connect as the owner of the tables, who ran migrate-ha-db up. A role that is a "
          "superuser, owns the tables or would keep further rights through PUBLIC or another role "
          "is refused, and nothing is changed. The statements are printed. Run it again after "
          "migrate-ha-db up has made new tables.",
      .settings = kSettings,
      .options = kOptions,
      .files = kPgpassFile,
      .examples =
          "psql -c \"CREATE ROLE signer LOGIN PASSWORD '...'\"\n"
          "holdfast migrate-ha-db grant --database-url postgresql://owner@host/validator_ha \\\n"
          "    --role signer --prune --dry-run",
      .run = run_grant};
}

}  // namespace holdfast::cli
