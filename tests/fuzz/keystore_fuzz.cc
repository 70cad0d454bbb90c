// Keystore files: any text is read or refused, the same way twice, and an error never repeats a run
// of hex digits as long as a piece of a key.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "fuzz_check.h"
#include "keys/key_plan.h"
#include "keys/keystore_parser.h"
#include "os/secret_arena.h"

namespace {

/** The longest run of hex digits; addresses, 40 digits, are allowed in errors. */
std::size_t longest_hex_run(std::string_view text) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : text) {
    run = std::isxdigit(static_cast<unsigned char>(c)) != 0 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using holdfast::KeystoreFile;
  holdfast::SecretArena::process().set_memory_lock(holdfast::MemoryLock::best_effort);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  holdfast::Result<KeystoreFile> file = holdfast::parse_keystore("k.json", text);
  const holdfast::Result<KeystoreFile> again = holdfast::parse_keystore("k.json", text);
  CHECK(file.has_value() == again.has_value());
  if (!file) {
    CHECK(file.error().message.starts_with("k.json: "));
    CHECK(file.error().message == again.error().message);
    CHECK(longest_hex_run(file.error().message) <= 24);
    holdfast::fuzz::check_message(file.error().message);
    return 0;
  }
  CHECK(file->schema_version == 1 || file->schema_version == 2);
  std::vector<KeystoreFile> files;
  files.push_back(std::move(*file));
  const holdfast::Result<holdfast::KeyPlan> plan = holdfast::plan_keys(std::move(files));
  if (!plan) {
    // An address has 40 digits.
    CHECK(longest_hex_run(plan.error().message) <= 40);
    holdfast::fuzz::check_message(plan.error().message);
    return 0;
  }
  for (const auto& [address, key] : plan->keys) {
    CHECK(key.roles.attester || key.roles.publisher);
    CHECK(key.place.text().starts_with("k.json: "));
  }
  return 0;
}
