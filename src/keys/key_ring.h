// KeyRing: the keys of this node, by address. It signs a protected message only under a HeldLock
// and gives the signature away only sealed (S1); publisher keys sign transactions only.
//
// Thread rule: the I/O thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "crypto/address.h"
#include "crypto/secp256k1.h"
#include "crypto/transaction.h"
#include "duty/harmless_message.h"
#include "duty/signable_message.h"
#include "store/held_lock.h"
#include "store/sealed_signature.h"

namespace holdfast {

/** Whether a failed signing may have produced a signature somewhere. Zero is the worst. */
enum class MaySign : std::uint8_t {
  /** A remote signer was asked and its answer is unknown: the lock must stay pinned. */
  may_have_signed = 0,
  /** Certainly not: the request never left, or the signer refused it. */
  has_not_signed,
};

struct SignFailure {
  MaySign may_sign = MaySign::may_have_signed;
  Error error;
};

/** One key, wherever it lives: in process, at a remote signer, in an HSM. */
class KeyBackend {
 public:
  virtual ~KeyBackend() = default;
  /** Signs the message. The signature is canonical (low s, v 27/28) and made by this key: a
      backend that cannot know verifies it before it answers. */
  virtual Task<std::variant<SignFailure, Signature>> sign(Address address,
                                                          SignableMessage message) = 0;
  /** The signed raw transaction. */
  virtual Task<std::variant<SignFailure, Bytes>> sign_transaction(Address address,
                                                                  Transaction transaction) = 0;
};

/** What a key may be used for. A key may be both when a keystore says so. */
struct KeyRoles {
  bool attester = false;
  bool publisher = false;
};

class KeyRing {
 public:
  KeyRing() = default;
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  /** Adds a key, or a role to a key that is there already. */
  void add(Address address, KeyRoles roles, std::shared_ptr<KeyBackend> backend);

  /** Signs the locked duty's message. CHECKs that message and lock are of one hash. invalid_input
      when the validator is not an attester of this ring. */
  Task<std::variant<SignFailure, SealedSignature>> sign(const HeldLock& lock,
                                                        SignableMessage message);

  /** Signs a message that may be signed any number of times, with an attester key. */
  Task<std::variant<SignFailure, Signature>> sign_harmless(Address address,
                                                           HarmlessMessage message);

  /** Signs a transaction with a publisher key. */
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address address, Transaction transaction);

  bool is_attester(const Address& address) const;
  bool is_publisher(const Address& address) const;
  /** Sorted by address. */
  std::vector<Address> attesters() const;
  std::vector<Address> publishers() const;
  /** Publishers that are no attesters: an attester's key is on every node by design. */
  std::vector<Address> publishers_only() const;

 private:
  struct Key {
    KeyRoles roles;
    std::shared_ptr<KeyBackend> backend;
  };
  std::unordered_map<Address, Key> keys_;
};

}  // namespace holdfast
