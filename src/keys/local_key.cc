#include "keys/local_key.h"

namespace holdfast {

LocalKey::LocalKey(const Address& address, Secret key) : address_(address), key_(std::move(key)) {
  CHECK(key_.size() == 32);
}

Task<std::variant<SignFailure, Signature>> LocalKey::sign(Address address,
                                                          SignableMessage message) {
  CHECK(address == address_);
  co_return sign_digest(key(), message.digest());
}

Task<std::variant<SignFailure, Bytes>> LocalKey::sign_transaction(Address address,
                                                                  Transaction transaction) {
  CHECK(address == address_);
  co_return serialize_signed(transaction, sign_digest(key(), signing_hash(transaction)));
}

}  // namespace holdfast
