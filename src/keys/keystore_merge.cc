#include "keys/keystore_merge.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast {
namespace {

Error conflict(std::string message) {
  return Error{ErrorKind::invalid_input, std::move(message)};
}

Result<void> check_versions(const std::vector<KeystoreFile>& files) {
  const KeystoreFile* first = nullptr;
  for (const KeystoreFile& file : files) {
    if (!file.validators) continue;
    if (first == nullptr) first = &file;
    if (first->schema_version == file.schema_version) continue;
    return conflict(fmt::format(
        "{}: schemaVersion: {} here, and {} in {}: files with validators that are used together "
        "must have one schema version",
        *file.file, file.schema_version, first->schema_version, *first->file));
  }
  return {};
}

Result<void> check_provers(const std::vector<KeystoreFile>& files) {
  const KeystoreFile* first = nullptr;
  for (const KeystoreFile& file : files) {
    if (!file.prover) continue;
    if (first != nullptr) {
      return conflict(fmt::format("{}: prover: there is one in {} already; only one is allowed",
                                  *file.file, *first->file));
    }
    first = &file;
  }
  return {};
}

/** Refuses two different values of one top-level field. `value_of` gives an optional or pointer. */
template <class ValueOf>
Result<void> check_one_value(const std::vector<KeystoreFile>& files, std::string_view field,
                             ValueOf value_of) {
  const KeystoreFile* first = nullptr;
  for (const KeystoreFile& file : files) {
    if (!value_of(file)) continue;
    if (first == nullptr) first = &file;
    if (*value_of(*first) == *value_of(file)) continue;
    return conflict(fmt::format(
        "{0}: {1}: another value than in {2}, and the top level of a file counts for all files: "
        "give each validator its own {1}, or write the same value in both",
        *file.file, field, *first->file));
  }
  return {};
}

/** Refuses a top-level field that reaches validators of a file that does not set it. `is_set` says
    so of a file, `falls_back` of a validator without a value of its own. */
template <class IsSet, class FallsBack>
Result<void> check_reach(const std::vector<KeystoreFile>& files, std::string_view field,
                         IsSet is_set, FallsBack falls_back) {
  const auto setting = std::ranges::find_if(files, is_set);
  if (setting == files.end()) return {};
  for (const KeystoreFile& file : files) {
    if (is_set(file) || !file.validators) continue;
    const auto validator = std::ranges::find_if(*file.validators, falls_back);
    if (validator == file.validators->end()) continue;
    return conflict(fmt::format(
        "{0}: it has no {1}, so the top-level {1} of {2} would be used for it: give it a {1} of "
        "its own",
        validator->place.text(), field, *setting->file));
  }
  return {};
}

}  // namespace

Result<MergedDefaults> merge_defaults(const std::vector<KeystoreFile>& files) {
  Result<void> checked = check_versions(files);
  if (checked) checked = check_provers(files);
  if (checked) {
    checked = check_one_value(files, "remoteSigner",
                              [](const KeystoreFile& file) { return file.remote_signer.get(); });
  }
  if (checked) {
    checked =
        check_one_value(files, "coinbase", [](const KeystoreFile& file) { return file.coinbase; });
  }
  if (checked) {
    checked = check_one_value(files, "feeRecipient",
                              [](const KeystoreFile& file) { return file.fee_recipient; });
  }
  if (checked) {
    checked = check_reach(
        files, "coinbase", [](const KeystoreFile& file) { return file.coinbase.has_value(); },
        [](const KeystoreValidator& validator) { return !validator.coinbase; });
  }
  if (checked) {
    checked = check_reach(
        files, "publisher", [](const KeystoreFile& file) { return file.publishers.has_value(); },
        [](const KeystoreValidator& validator) { return !validator.publishers; });
  }
  if (!checked) return checked.error();
  MergedDefaults merged;
  for (const KeystoreFile& file : files) {
    if (file.remote_signer) merged.remote_signer = file.remote_signer;
  }
  return merged;
}

}  // namespace holdfast
