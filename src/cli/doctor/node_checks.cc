#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/database_facts.h"
#include "cli/doctor/check_lines.h"
#include "signer/memory_telemetry.h"

namespace holdfast::cli {
namespace {

/** A journal is rewritten beside its old self, and a SQLite file grows. */
constexpr std::uint64_t kLittleSpace = std::uint64_t{256} << 20U;
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
constexpr std::size_t kAddressesShown = 4;

std::string shown(const std::vector<Address>& addresses) {
  std::vector<std::string> texts;
  for (const Address& address : addresses) {
    if (texts.size() == kAddressesShown) break;
    texts.push_back(to_text(address));
  }
  const bool has_more = addresses.size() > texts.size();
  return fmt::format("{}: {}{}", addresses.size(), fmt::join(texts, " "), has_more ? " ..." : "");
}

Check check_disk_kind(FileSystemKind kind) {
  switch (kind) {
    case FileSystemKind::memory:
      return failed("data_directory", "is in memory: a restart of the machine forgets the journal",
                    "put --data-dir on a disk");
    case FileSystemKind::container_layer:
      return warning("data_directory", "is in a container's own layer, which goes with it",
                     "mount a volume there");
    case FileSystemKind::network:
      return warning("data_directory",
                     "is on a network file system: locks and fsync may not be what they say",
                     "put --data-dir on a disk of this machine");
    case FileSystemKind::unknown:
      return warning("data_directory", "is on a file system of a kind that Holdfast does not know",
                     "be sure that it keeps what was synced, on this machine");
    case FileSystemKind::disk:
      return ok("data_directory", "on a disk of this machine");
  }
  return {};
}

}  // namespace

std::string_view name_of(CheckState state) noexcept {
  switch (state) {
    case CheckState::failed:
      return "failed";
    case CheckState::warning:
      return "warning";
    case CheckState::ok:
      return "ok";
  }
  return "failed";
}

Checks check_configuration(const std::vector<std::string>& problems,
                           const std::vector<std::string>& warnings) {
  Checks checks;
  for (const std::string& problem : problems) {
    checks.push_back(failed("configuration", problem, "a signer does not start with this"));
  }
  for (const std::string& found : warnings) {
    checks.push_back(warning("configuration", found, "be sure that you want this"));
  }
  if (checks.empty()) checks.push_back(ok("configuration", "complete"));
  return checks;
}

Checks check_keys(const KeyFacts& keys) {
  Checks checks;
  if (keys.attesters.empty()) {
    checks.push_back(failed("attesters", "none", "the keystore has no validator"));
  } else {
    checks.push_back(ok("attesters", shown(keys.attesters)));
  }
  if (keys.publishers.empty()) {
    checks.push_back(warning("publishers", "none of this node's own: the attesters publish",
                             "two nodes with one publisher take each other's nonces: give every "
                             "node publishers of its own"));
  } else {
    checks.push_back(ok("publishers", shown(keys.publishers)));
  }
  for (const std::string& found : keys.warnings) {
    checks.push_back(warning("keystore", found, "be sure that you want this"));
  }
  return checks;
}

Check check_remote_signers(const Result<void>& asked) {
  if (asked) return ok("remote_signers", "each has its addresses");
  return failed("remote_signers", asked.error().message,
                "is its URL right, does it run, does it have the address?");
}

Checks check_data_directory(const Result<FileSystemFacts>& directory) {
  if (!directory) {
    if (directory.error().kind == ErrorKind::not_found) {
      return {ok("data_directory", "not there yet: the first start makes it")};
    }
    return {failed("data_directory", directory.error().message,
                   "name a directory of this user's own as --data-dir")};
  }
  Checks checks{check_disk_kind(directory->kind)};
  if (directory->bytes_free < kLittleSpace) {
    checks.push_back(warning("data_directory",
                             fmt::format("{} MiB are free", directory->bytes_free / kMebibyte),
                             "make space: a node whose journal cannot be written signs nothing"));
  }
  if (directory->others_may_write) {
    checks.push_back(
        warning("data_directory", "other users may remove the journal from it", "chmod go-w"));
  }
  return checks;
}

Check check_journal(const Result<NodeMemory>& memory, std::optional<bool> is_known) {
  if (memory) return ok("journal", fmt::format("{} releases in it", memory->release_count()));
  if (memory.error().kind != ErrorKind::not_found) {
    return failed("journal", memory.error().message, "docs/JOURNAL.md says what may be done");
  }
  if (!is_known) {
    return warning("journal", "there is none, and the database cannot say whether there was one",
                   "mend the database first");
  }
  if (!*is_known) return ok("journal", "not there yet: the first start makes it");
  return failed("journal", "there is none, and the database knows this node",
                "bring it back; only if it is lost for good: holdfast signer --accept-new-journal");
}

Check check_pin(const NodeMemory& memory, const DatabaseFacts& facts) {
  const DatabaseVerdict verdict = judge_database(memory.pin(), memory.beat().beat, facts);
  const std::string found = text_of(verdict);
  if (std::holds_alternative<RefuseDatabase>(verdict)) {
    return failed("pin", found,
                  "holdfast cluster show; correct the URL, or holdfast cluster accept");
  }
  if (std::holds_alternative<QuarantineDatabase>(verdict)) {
    return failed("pin", found, "find out what happened to the database; docs/SAFETY.md");
  }
  return ok("pin", memory.pin() ? "the database that this node is pinned to"
                                : "this node is not pinned to a database yet");
}

Check check_quarantine(const NodeMemory& memory, const std::optional<RollupAddress>& rollup) {
  const std::optional<Quarantine>& quarantine = memory.quarantine();
  if (!quarantine) return ok("quarantine", "none");
  const std::string found =
      fmt::format("{}; refused: {}", name_of(quarantine->reason), floors_text(*quarantine));
  if (!is_active(*quarantine, memory.seen(), rollup)) {
    return ok("quarantine", "ended by itself: " + found);
  }
  return failed("quarantine", found,
                "nothing, it ends by itself above these slots; if surely nobody signed them: "
                "holdfast cluster release");
}

Check check_signer(const std::string& node_id, const std::string& ops_address,
                   const Result<SignerAnswer>& answer) {
  if (!answer) {
    return warning("signer", answer.error().message,
                   fmt::format("is it running, with --ops-listen {}?", ops_address));
  }
  if (answer->node_id != node_id) {
    return failed("signer",
                  fmt::format("at {} is node {}, not {}", ops_address, answer->node_id, node_id),
                  "give every node an --ops-listen and a --node-id of its own");
  }
  if (!answer->reasons.empty()) {
    return failed("signer", fmt::format("not ready: {}", fmt::join(answer->reasons, "; ")),
                  "docs/OPERATING.md, Troubleshooting");
  }
  return ok("signer", fmt::format("ready, version {}", answer->version));
}

}  // namespace holdfast::cli
