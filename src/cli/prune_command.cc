#include <array>
#include <ostream>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/duties_look.h"
#include "cli/option_value.h"
#include "cli/table_output.h"
#include "crypto/address.h"

namespace holdfast::cli {
namespace {

constexpr std::array<SettingId, 4> kSettings = {SettingId::config, SettingId::database_url,
                                                SettingId::data_dir, SettingId::rollup_address};

constexpr std::array<OptionSpec, 6> kOptions = {{
    {"--before-slot", "SLOT", "Prune the duties of all slots below this one."},
    {"--older-than", "PERIOD",
     "Prune the duties that were signed longer ago than this, such as 24h or 7d; at least 1h."},
    {"--validator", "ADDRESS", "Only this attester's. Default: all of the rollup."},
    {"--type", "TYPE",
     "Only BLOCK_PROPOSAL, CHECKPOINT_PROPOSAL, ATTESTATION, ATTESTATIONS_AND_SIGNERS, "
     "GOVERNANCE_VOTE or SLASHING_VOTE. Default: all of them."},
    {"--dry-run", "", "Change nothing; print what would be pruned."},
    {"--output", "table|json|csv", "The form of the list. Default: table."},
}};

/** Many rows take many transactions. */
constexpr std::chrono::minutes kPatience{30};
/** Nobody is still at work on a duty that was begun so long ago. */
constexpr std::chrono::hours kYoungest{1};

bool read_request(CommandCall& call, PruneRequest& request) {
  const bool by_slot = call.has("--before-slot");
  if (by_slot == call.has("--older-than")) {
    complain(call, by_slot ? "--before-slot and --older-than exclude each other"
                           : "missing: --before-slot or --older-than");
    return false;
  }
  if (by_slot) {
    BeforeSlot before;
    if (!read_option(call, "--before-slot", before.slot, slot_of)) return false;
    request.what = before;
  } else {
    std::chrono::seconds age{0};
    if (!read_option(call, "--older-than", age, period_of)) return false;
    if (age < kYoungest) {
      complain(call, "--older-than: at least 1h, so that nobody is at work on what is pruned");
      return false;
    }
    request.what = OlderThan{age};
  }
  request.mode = call.has("--dry-run") ? PruneMode::dry_run : PruneMode::apply;
  return read_option(call, "--validator", request.validator_address, address_from_text) &&
         read_option(call, "--type", request.duty_type, protected_type_of);
}

Cell cell_of(const std::optional<Slot>& slot) {
  return slot ? Cell(slot->number()) : Cell(std::monostate{});
}

ExitCode run_prune(CommandCall& call) {
  const Result<OutputFormat> format = output_format_of(call.option("--output"));
  if (!format) return wrong_option(call, "--output", format.error());
  PruneRequest request;
  if (!read_request(call, request)) return ExitCode::usage;
  const std::optional<Settings> settings = settings_of(call);
  if (!settings) return ExitCode::usage;
  const std::optional<RollupAddress> rollup = rollup_of(*settings);
  if (!rollup) {
    complain(call, missing_setting(SettingId::rollup_address));
    return ExitCode::usage;
  }
  request.rollup_address = *rollup;
  ExitCode code = ExitCode::failed;
  const std::unique_ptr<Look> look = Look::open(call, *settings, code);
  if (!look) return code;
  const Result<std::vector<PrunedDuties>> pruned =
      look->ask(look->store().prune(std::move(request)), kPatience);
  if (!pruned) {
    complain(call, fmt::format("{}; some of it may be pruned already: run it again",
                               pruned.error().message));
    return ExitCode::failed;
  }
  Table table{{"validator_address", "duty_type", "watermark_before", "watermark_after",
               "rows_deleted", "ledger_entries_deleted"},
              {}};
  for (const PrunedDuties& each : *pruned) {
    table.rows.push_back({to_text(each.validator_address), std::string(name_of(each.duty_type)),
                          cell_of(each.watermark_before), cell_of(each.watermark_after),
                          each.rows_deleted, each.ledger_entries_deleted});
  }
  call.out << render(table, *format);
  return ExitCode::done;
}

}  // namespace

CommandSpec duties_prune_command() {
  return {.name = "duties prune",
          .summary = "forget old duties, behind a watermark that refuses them",
          .synopsis =
              "--rollup-address ADDRESS (--before-slot SLOT | --older-than PERIOD) "
              "[--validator ADDRESS] [--type TYPE] [--dry-run] [--output table|json|csv]",
          .description =
              "For each validator and duty type of one rollup raises the watermark to the highest "
              "slot that is pruned and deletes all rows at or below it, and the ledger's entries "
              "with them. A watermark refuses its slot and all below it, to stock Aztec nodes too, "
              "and is never lowered. By age it stays below the lowest slot that has a duty which "
              "is too young, by the database's clock. Signers may run meanwhile. A list of one row "
              "for each validator and type is printed; an empty one when there is nothing to "
              "prune. Rows of other rollups are never touched.",
          .settings = kSettings,
          .options = kOptions,
          .files = "DATA_DIRECTORY/duties.db    the SQLite file, without --database-url",
          .examples =
              "holdfast duties prune --rollup-address 0x... --older-than 7d --dry-run\n"
              "holdfast duties prune --data-dir node1 --rollup-address 0x... --before-slot 90000",
          .run = run_prune};
}

}  // namespace holdfast::cli
