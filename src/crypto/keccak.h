// Keccak-256 as Ethereum uses it (the original padding, not SHA3-256).
#pragma once

#include <initializer_list>

#include "base/bytes.h"

namespace holdfast {

/** 32 bytes of a Keccak-256 digest, or of anything that is used as one. */
using Hash256 = FixedBytes<struct Hash256Tag, 32>;

/** The digest of the bytes. */
Hash256 keccak256(ByteView bytes);

/** The digest of the parts, one after another, without joining them first. */
Hash256 keccak256(std::initializer_list<ByteView> parts);

}  // namespace holdfast
