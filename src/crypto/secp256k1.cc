#include "crypto/secp256k1.h"

#include <algorithm>
#include <array>

#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "base/check.h"

namespace holdfast {
namespace {

constexpr std::uint8_t kLowestV = 27;

/** The one context of the process. Only blind_signing changes it. */
secp256k1_context* mutable_context() {
  static secp256k1_context* const made = [] {
    secp256k1_context* fresh = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    CHECK(fresh != nullptr);
    return fresh;
  }();
  return made;
}

const secp256k1_context* context() {
  return mutable_context();
}

Address address_of(const secp256k1_pubkey& public_key) {
  // 0x04 || x || y
  std::array<std::uint8_t, 65> point{};
  std::size_t size = point.size();
  CHECK(secp256k1_ec_pubkey_serialize(context(), point.data(), &size, &public_key,
                                      SECP256K1_EC_UNCOMPRESSED) == 1);
  const Hash256 hash = keccak256(ByteView(point).subspan(1));
  Address address;
  std::copy(hash.bytes.end() - Address::kSize, hash.bytes.end(), address.bytes.begin());
  return address;
}

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

/** r and s as libsecp256k1 holds them; nullopt when one is zero or not below the group order. */
std::optional<secp256k1_ecdsa_signature> parse_r_s(const Signature& signature) {
  const ByteView r_s = signature.view().first(64);
  if (is_zero(r_s.first(32)) || is_zero(r_s.last(32))) return std::nullopt;
  secp256k1_ecdsa_signature parsed;
  if (secp256k1_ecdsa_signature_parse_compact(context(), &parsed, r_s.data()) != 1) {
    return std::nullopt;
  }
  return parsed;
}

}  // namespace

void blind_signing(std::span<const std::uint8_t, 32> random) {
  CHECK(secp256k1_context_randomize(mutable_context(), random.data()) == 1);
}

Result<Address> address_of_key(PrivateKeyView key) {
  secp256k1_pubkey public_key;
  if (secp256k1_ec_pubkey_create(context(), &public_key, key.data()) != 1) {
    return Error{ErrorKind::invalid_input,
                 "not a secp256k1 private key: it is 0 or not below the group order"};
  }
  return address_of(public_key);
}

Signature sign_digest(PrivateKeyView key, const Hash256& digest) {
  secp256k1_ecdsa_recoverable_signature signed_digest;
  CHECK(secp256k1_ecdsa_sign_recoverable(context(), &signed_digest, digest.bytes.data(), key.data(),
                                         nullptr, nullptr) == 1);
  Signature signature;
  int recovery_id = 0;
  CHECK(secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), signature.bytes.data(),
                                                                &recovery_id, &signed_digest) == 1);
  // Ids 2 and 3 say that r exceeded the group order, which happens once in 2^127 signatures and
  // which Ethereum cannot express.
  CHECK(recovery_id == 0 || recovery_id == 1);
  signature.bytes[64] = static_cast<std::uint8_t>(kLowestV + recovery_id);
  return signature;
}

std::optional<Address> recover_address(const Hash256& digest, const Signature& signature) {
  const std::uint8_t v = signature.bytes[64];
  if (v != kLowestV && v != kLowestV + 1) return std::nullopt;
  const std::optional<secp256k1_ecdsa_signature> r_s = parse_r_s(signature);
  if (!r_s) return std::nullopt;
  const bool s_is_high = secp256k1_ecdsa_signature_normalize(context(), nullptr, &*r_s) == 1;
  if (s_is_high) return std::nullopt;
  secp256k1_ecdsa_recoverable_signature parsed;
  secp256k1_pubkey public_key;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(
          context(), &parsed, signature.bytes.data(), v - kLowestV) != 1 ||
      secp256k1_ecdsa_recover(context(), &public_key, &parsed, digest.bytes.data()) != 1) {
    return std::nullopt;
  }
  return address_of(public_key);
}

std::optional<Signature> normalize_signature(const Signature& signature) {
  std::uint8_t v = signature.bytes[64];
  if (v == 0 || v == 1) v = static_cast<std::uint8_t>(v + kLowestV);
  if (v != kLowestV && v != kLowestV + 1) return std::nullopt;
  std::optional<secp256k1_ecdsa_signature> r_s = parse_r_s(signature);
  if (!r_s) return std::nullopt;
  const bool flipped = secp256k1_ecdsa_signature_normalize(context(), &*r_s, &*r_s) == 1;
  Signature normal;
  CHECK(secp256k1_ecdsa_signature_serialize_compact(context(), normal.bytes.data(), &*r_s) == 1);
  // The other of 27 and 28: negating s mirrors the point that r stands for.
  normal.bytes[64] = flipped ? static_cast<std::uint8_t>(2 * kLowestV + 1 - v) : v;
  return normal;
}

}  // namespace holdfast
