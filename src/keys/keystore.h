// What one Aztec keystore file says (schema versions 1 and 2), before it is resolved: accounts are
// still private keys or addresses, and fall-backs are not applied.
// Source: reference section 2; tests/vectors/keystore.json.
//
// Move-only, for it owns secrets. Thread rule: as for a vector.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "crypto/address.h"
#include "http/url.h"
#include "os/secret.h"

namespace holdfast {

/** An Aztec address: a field element below the BN254 scalar modulus. */
using AztecAddress = FixedBytes<struct AztecAddressTag, 32>;

/** Lower case with 0x. */
std::string to_text(const AztecAddress& address);

/** Where something stands: a file, and the way to a value in it ("validators[0].attester.eth"). */
struct KeystorePlace {
  std::shared_ptr<const std::string> file;
  std::string path;

  /** "file: path" */
  std::string text() const;
};

/** A Web3Signer-compatible signer, and the client certificate (PKCS#12) to show to it. */
struct RemoteSignerConfig {
  Url url;
  std::optional<std::string> cert_path;
  std::optional<Secret> cert_pass;
};

/** The same signer, asked in the same way. */
bool operator==(const RemoteSignerConfig& left, const RemoteSignerConfig& right);

/** A private key, 32 bytes. Zero and what is not below the group order are found when the address
    is derived, not before. */
struct LocalKeyAccount {
  Secret key;
  /** Once it was derived; the key has moved to the plan then. */
  std::optional<Address> address;
};
/** A key that a remote signer holds. Without `signer`, the one of the validator or of the file. */
struct RemoteAccount {
  Address address;
  std::shared_ptr<const RemoteSignerConfig> signer;
};
/** A form that is well formed and that this version cannot use yet. */
enum class LaterForm : std::uint8_t {
  unknown = 0,
  mnemonic,
  /** {path, password}: an encrypted JSON V3 file, or a directory of them. */
  encrypted_file,
};

struct KeystoreAccount {
  KeystorePlace place;
  std::variant<LaterForm, LocalKeyAccount, RemoteAccount> source;
};

/** An attester's BLS key: kept, and not used by this version. */
struct BlsKey {
  KeystorePlace place;
  /** The 32 bytes; absent when the keystore names an encrypted file. Aztec accepts any 32 bytes,
      values at and above the modulus among them. */
  std::optional<Secret> key;
};

struct KeystoreAttester {
  KeystoreAccount account;
  std::optional<BlsKey> bls;
};

struct KeystoreValidator {
  KeystorePlace place;
  std::vector<KeystoreAttester> attesters;
  /** Absent is another thing than empty: absent falls back, empty is an error. */
  std::optional<std::vector<KeystoreAccount>> publishers;
  std::optional<Address> coinbase;
  std::optional<AztecAddress> fee_recipient;
  std::shared_ptr<const RemoteSignerConfig> remote_signer;
  std::optional<KeystoreAccount> funding_account;
};

struct KeystoreProver {
  KeystorePlace place;
  std::optional<Address> id;
  std::vector<KeystoreAccount> publishers;
};

struct KeystoreFile {
  std::shared_ptr<const std::string> file;
  int schema_version = 0;
  /** Absent when the file only holds a prover. */
  std::optional<std::vector<KeystoreValidator>> validators;
  std::vector<KeystoreAccount> slashers;
  std::shared_ptr<const RemoteSignerConfig> remote_signer;
  std::optional<KeystoreProver> prover;
  std::optional<KeystoreAccount> funding_account;
  /** The last three: schema version 2 only. */
  std::optional<std::vector<KeystoreAccount>> publishers;
  std::optional<Address> coinbase;
  std::optional<AztecAddress> fee_recipient;
};

}  // namespace holdfast
