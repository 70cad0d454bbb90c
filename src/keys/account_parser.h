// The smaller parts of a keystore: accounts, attesters, remote signers, addresses.
// Used by keystore_parser.cc alone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "keys/json_node.h"
#include "keys/keystore.h"

namespace holdfast {

class AccountParser {
 public:
  explicit AccountParser(std::shared_ptr<const std::string> file) : file_(std::move(file)) {}

  /** A private key, an address, {address, remoteSignerUrl, ...} or {path, password}. */
  Result<KeystoreAccount> account(const JsonNode& node) const;
  /** An account, a list of them, or a mnemonic. */
  Result<std::vector<KeystoreAccount>> accounts(const JsonNode& node) const;
  /** An account or {eth, bls}, a list of those, or a mnemonic. */
  Result<std::vector<KeystoreAttester>> attesters(const JsonNode& node) const;
  /** A URL, or {remoteSignerUrl, certPath, certPass}. */
  Result<std::shared_ptr<const RemoteSignerConfig>> remote_signer(const JsonNode& node) const;

  /** 40 hex digits, 0x or not; all lower, all upper, or with a right EIP-55 check sum. */
  static Result<Address> address(const JsonNode& node);
  /** 64 hex digits, 0x or not, below the BN254 scalar modulus. */
  static Result<AztecAddress> aztec_address(const JsonNode& node);

  KeystorePlace place(const JsonNode& node) const { return {file_, node.path()}; }

 private:
  Result<KeystoreAccount> account_text(const JsonNode& node, std::string_view text) const;
  Result<KeystoreAccount> mnemonic(const JsonNode& node) const;
  Result<KeystoreAccount> encrypted_file(const JsonNode& node) const;
  Result<KeystoreAccount> remote_account(const JsonNode& node) const;
  Result<KeystoreAttester> attester(const JsonNode& node) const;
  Result<BlsKey> bls_key(const JsonNode& node) const;
  /** The three fields of a remote signer in an object whose fields were checked. */
  Result<std::shared_ptr<const RemoteSignerConfig>> remote_fields(const JsonNode& node) const;

  std::shared_ptr<const std::string> file_;
};

}  // namespace holdfast
