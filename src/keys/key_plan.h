// KeyPlan: what a set of keystore files comes to. Every account is resolved to an address, every
// fall-back is applied, and what contradicts itself is refused; no connection is made and nothing
// is signed. key_ring_factory.h makes a KeyRing of it.
//
// Invariants: an attester's address is in the plan once, over all files. An address has one source:
// a key that is local here and remote there, or at two signers, is refused.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "crypto/address.h"
#include "keys/key_ring.h"
#include "keys/keystore.h"

namespace holdfast {

struct PlannedAttester {
  Address address;
  /** 32 bytes; unused by this version. */
  std::optional<Secret> bls;
  KeystorePlace place;
};

struct PlannedValidator {
  KeystorePlace place;
  std::vector<PlannedAttester> attesters;
  /** The validator's own, or those of the file, or its attesters. */
  std::vector<Address> publishers;
  /** Absent: each attester is its own coinbase. */
  std::optional<Address> coinbase;
  AztecAddress fee_recipient;
  std::optional<Address> funding_account;

  Address coinbase_of(const PlannedAttester& attester) const {
    return coinbase.value_or(attester.address);
  }
};

struct PlannedProver {
  std::optional<Address> id;
  std::vector<Address> publishers;
};

/** Where a key is, and what it is for. */
struct PlannedKey {
  std::variant<Secret, std::shared_ptr<const RemoteSignerConfig>> source;
  KeyRoles roles;
  /** Where it was first named. */
  KeystorePlace place;
};

struct KeyPlan {
  /** In the order of the files. */
  std::vector<PlannedValidator> validators;
  std::vector<Address> slashers;
  std::optional<PlannedProver> prover;
  std::optional<Address> funding_account;
  /** Every key that was named, once. */
  std::map<Address, PlannedKey> keys;
  /** For the operator: what is allowed and perhaps not meant. */
  std::vector<std::string> warnings;
};

/** Merges and resolves the files; see README.md for the rules. invalid_input says in which file,
    where and why. */
Result<KeyPlan> plan_keys(std::vector<KeystoreFile> files);

}  // namespace holdfast
