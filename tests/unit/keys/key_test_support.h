// What the tests of the keys room share: a directory of their own, keystore texts, and the keys of
// the vectors.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hex.h"
#include "crypto/address.h"
#include "keys/key_plan.h"
#include "keys/keystore_parser.h"
#include "support/temp_dir.h"

namespace holdfast::test {

/** 32 equal bytes as a private key's text: key_text(0xaa) is 0xaaaa... */
inline std::string key_text(unsigned byte) {
  std::string text = "0x";
  for (int i = 0; i < 32; ++i) text += fmt::format("{:02x}", byte);
  return text;
}

inline Address address_of(std::string_view text) {
  const std::optional<Address> address = fixed_from_hex<Address>(text);
  if (!address) throw std::runtime_error("no address: " + std::string(text));
  return *address;
}

/** The addresses of key_text(0xaa) and key_text(0xbb). */
inline const char* const kAddressOfAa = "0x8fd379246834eac74b8419ffda202cf8051f7a03";
inline const char* const kAddressOfBb = "0x88f9b82462f6c4bf4a0fb15e5c3971559a316e7f";
/** An address whose key is elsewhere, in all its spellings. */
inline const char* const kRemote = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
inline const char* const kRemoteLower = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8";

inline std::string fee_recipient() {
  return key_text(0x11);
}

/** {"attester":..., "feeRecipient":...} with `attester` as JSON, and more fields after it. */
inline std::string validator_json(const std::string& attester, const std::string& more = "") {
  return fmt::format(R"({{"attester":{},"feeRecipient":"{}"{}}})", attester, fee_recipient(), more);
}

/** A schema version 1 keystore with these validators as JSON, and more fields after them. */
inline std::string keystore_json(const std::string& validators, const std::string& more = "") {
  return fmt::format(R"({{"schemaVersion":1,"validators":[{}]{}}})", validators, more);
}

inline std::string keystore2_json(const std::string& validators, const std::string& more = "") {
  return fmt::format(R"({{"schemaVersion":2,"validators":[{}]{}}})", validators, more);
}

inline std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

/** The plan of files that are called a.json, b.json and so on. */
inline Result<KeyPlan> plan_of(const std::vector<std::string>& texts) {
  std::vector<KeystoreFile> files;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Result<KeystoreFile> file =
        parse_keystore(std::string(1, static_cast<char>('a' + i)) + ".json", texts[i]);
    if (!file) return std::move(file).error();
    files.push_back(std::move(*file));
  }
  return plan_keys(std::move(files));
}

/** "kind: message", or "ok": what a failed expectation prints. */
template <class T>
std::string outcome_of(const Result<T>& result) {
  if (result) return "ok";
  return std::string(name_of(result.error().kind)) + ": " + result.error().message;
}

class KeystoreDir : public TempDir {
 public:
  /** Writes the file, and the directories above it, with exactly these permissions. */
  std::string write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    const std::filesystem::path path = file(name);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    if (chmod(path.c_str(), mode) != 0) throw std::runtime_error("chmod");
    return path.string();
  }
};

inline std::string read_vectors(const std::string& name) {
  std::ifstream file(std::string(HOLDFAST_VECTORS) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no vector file " + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace holdfast::test
