#include "keys/key_ring.h"

#include <algorithm>

#include <fmt/format.h>

namespace holdfast {
namespace {

SignFailure not_ours(const Address& address, std::string_view role) {
  return SignFailure{MaySign::has_not_signed,
                     Error{ErrorKind::invalid_input,
                           fmt::format("{} is not {} of this node", to_text(address), role)}};
}

}  // namespace

void KeyRing::add(Address address, KeyRoles roles, std::shared_ptr<KeyBackend> backend) {
  CHECK(backend != nullptr);
  const auto [key, inserted] = keys_.try_emplace(address, Key{roles, std::move(backend)});
  if (inserted) return;
  key->second.roles.attester = key->second.roles.attester || roles.attester;
  key->second.roles.publisher = key->second.roles.publisher || roles.publisher;
}

Task<std::variant<SignFailure, SealedSignature>> KeyRing::sign(const HeldLock& lock,
                                                               SignableMessage message) {
  // A copy: the caller may move its lock while a remote signer is asked.
  const Duty duty = lock.duty();
  CHECK(message.message_hash == duty.message_hash);
  const Address address = duty.key.validator_address;
  const auto key = keys_.find(address);
  if (key == keys_.end() || !key->second.roles.attester) {
    co_return not_ours(address, "an attester");
  }
  const std::shared_ptr<KeyBackend> backend = key->second.backend;
  std::variant<SignFailure, Signature> answer = co_await backend->sign(address, std::move(message));
  if (auto* failure = std::get_if<SignFailure>(&answer)) co_return std::move(*failure);
  co_return SealedSignature(duty, std::get<Signature>(answer));
}

Task<std::variant<SignFailure, Signature>> KeyRing::sign_harmless(Address address,
                                                                  HarmlessMessage message) {
  const auto key = keys_.find(address);
  if (key == keys_.end() || !key->second.roles.attester) {
    co_return not_ours(address, "an attester");
  }
  const std::shared_ptr<KeyBackend> backend = key->second.backend;
  SignableMessage signable = message.message();
  co_return co_await backend->sign(address, std::move(signable));
}

Task<std::variant<SignFailure, Bytes>> KeyRing::sign_transaction(Address address,
                                                                 Transaction transaction) {
  const auto key = keys_.find(address);
  if (key == keys_.end() || !key->second.roles.publisher) {
    co_return not_ours(address, "a publisher");
  }
  const std::shared_ptr<KeyBackend> backend = key->second.backend;
  co_return co_await backend->sign_transaction(address, std::move(transaction));
}

bool KeyRing::is_attester(const Address& address) const {
  const auto key = keys_.find(address);
  return key != keys_.end() && key->second.roles.attester;
}

bool KeyRing::is_publisher(const Address& address) const {
  const auto key = keys_.find(address);
  return key != keys_.end() && key->second.roles.publisher;
}

std::vector<Address> KeyRing::attesters() const {
  std::vector<Address> addresses;
  for (const auto& [address, key] : keys_) {
    if (key.roles.attester) addresses.push_back(address);
  }
  std::ranges::sort(addresses);
  return addresses;
}

std::vector<Address> KeyRing::publishers() const {
  std::vector<Address> addresses;
  for (const auto& [address, key] : keys_) {
    if (key.roles.publisher) addresses.push_back(address);
  }
  std::ranges::sort(addresses);
  return addresses;
}

std::vector<Address> KeyRing::publishers_only() const {
  std::vector<Address> addresses = publishers();
  std::erase_if(addresses, [this](const Address& address) { return is_attester(address); });
  return addresses;
}

}  // namespace holdfast
