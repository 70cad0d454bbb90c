// LocalKey: a private key in this process's locked memory. It signs at once, on the calling
// thread: one signature takes less time than handing it to another thread and back.
// Thread rule: the I/O thread.
#pragma once

#include "keys/key_ring.h"
#include "os/secret.h"

namespace holdfast {

class LocalKey final : public KeyBackend {
 public:
  /** `key` is the 32 bytes of a private key, and `address` its address; the key plan has derived
      one from the other. CHECKs the size. */
  LocalKey(const Address& address, Secret key);

  Task<std::variant<SignFailure, Signature>> sign(Address address,
                                                  SignableMessage message) override;
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address address,
                                                          Transaction transaction) override;

 private:
  PrivateKeyView key() const noexcept { return PrivateKeyView(key_.view().data(), 32); }

  Address address_;
  Secret key_;
};

}  // namespace holdfast
