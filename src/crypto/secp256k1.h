// ECDSA over secp256k1 as Ethereum uses it: deterministic nonces (RFC 6979), low s, v 27 or 28.
// Source: SEC 1, EIP-2, Yellow Paper appendix F. Thread rule: all functions may
// run anywhere, except blind_signing.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/address.h"
#include "crypto/keccak.h"

namespace holdfast {

/** r, s and v as 32 + 32 + 1 bytes; v is 27 or 28, s is low. */
using Signature = FixedBytes<struct SignatureTag, 65>;

/** A view of a private key, 32 bytes big-endian. The owner keeps it in locked memory
    (os/secret.h); nothing in this room copies it beyond the call. */
using PrivateKeyView = std::span<const std::uint8_t, 32>;

/** Blinds the computations with 32 bytes that the caller drew from the operating system, which
    hides the keys from who measures time or power; no result changes. Called at most once, when
    the process starts, before any other thread uses this header. */
void blind_signing(std::span<const std::uint8_t, 32> random);

/** The address of the key, or invalid_input when it is 0 or not below the group order. */
Result<Address> address_of_key(PrivateKeyView key);

/** Signs a digest. The key must be one for which address_of_key has a value (CHECK). */
Signature sign_digest(PrivateKeyView key, const Hash256& digest);

/** The address whose key made the signature of the digest, or nullopt when there is none: v not
    27 or 28, s high, r or s zero or not below the group order. */
std::optional<Address> recover_address(const Hash256& digest, const Signature& signature);

/** A signature in the form that L1 accepts: v 0/1 becomes 27/28, high s becomes low with v
    flipped. nullopt when r or s is out of range or v is none of 0, 1, 27, 28. */
std::optional<Signature> normalize_signature(const Signature& signature);

}  // namespace holdfast
