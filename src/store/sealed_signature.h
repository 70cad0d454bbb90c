// S1 and S8 as types. A key ring gives its signatures away only sealed; a seal is opened only with
// the SignedRecord and the JournaledRelease of the same duty and hash; only DutyStore makes the
// one, after the store has durably committed it, and only Journal the other, after this node's own
// journal has. Forging, copying or skipping any of them does not compile: tests/compile_fail shows
// it.
#pragma once

#include <optional>
#include <utility>

#include "crypto/secp256k1.h"
#include "duty/duty.h"
#include "store/journal/journal.h"

namespace holdfast {

class DutyStore;
class KeyRing;

/** Proof that a duty's signature is durable. Move-only, used up by opening one seal. */
class [[nodiscard]] SignedRecord {
 public:
  SignedRecord(SignedRecord&&) = default;
  SignedRecord& operator=(SignedRecord&&) = default;
  SignedRecord(const SignedRecord&) = delete;
  SignedRecord& operator=(const SignedRecord&) = delete;

  const Duty& duty() const noexcept { return duty_; }

 private:
  friend class DutyStore;  // DutyStore::record alone, after a durable commit.
  explicit SignedRecord(Duty duty) : duty_(std::move(duty)) {}
  Duty duty_;
};

/** A signature that must not leave the process yet. Move-only. */
class [[nodiscard]] SealedSignature {
 public:
  SealedSignature(SealedSignature&&) = default;
  SealedSignature& operator=(SealedSignature&&) = default;
  SealedSignature(const SealedSignature&) = delete;
  SealedSignature& operator=(const SealedSignature&) = delete;

  /** Releases the signature. CHECKs that both proofs are of the very duty and hash that were
      signed. */
  Signature open(SignedRecord record, JournaledRelease journaled) && {
    CHECK(record.duty() == duty_);
    CHECK(journaled.duty() == duty_);
    return signature_;
  }

 private:
  friend class KeyRing;    // seals what its keys sign
  friend class DutyStore;  // writes the signature into the store, nowhere else
  SealedSignature(Duty duty, const Signature& signature)
      : duty_(std::move(duty)), signature_(signature) {}
  Duty duty_;
  Signature signature_;
};

}  // namespace holdfast
