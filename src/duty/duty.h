// What is signed at most once: a duty key, and the hash of the one message for it.
// Source: Aztec's validator_duties table, reference section 4.1.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/strong_int.h"
#include "crypto/address.h"
#include "crypto/keccak.h"
#include "duty/duty_type.h"

namespace holdfast {

/** The address of the rollup contract: one history of duties each. */
using RollupAddress = FixedBytes<struct RollupAddressTag, 20>;

/** The 32 bytes that identify what is signed: for eth_sign the raw payload, not the prefixed
    digest; for typed data its EIP-712 digest. */
using MessageHash = FixedBytes<struct MessageHashTag, 32>;

/** 0 to 2^63 - 1, the range of a BIGINT column. */
using Slot = StrongInt<struct SlotTag, std::int64_t>;
using BlockNumber = StrongInt<struct BlockNumberTag, std::int64_t>;
using CheckpointNumber = StrongInt<struct CheckpointNumberTag, std::int64_t>;

/** 0 or more for a block proposal, kNoBlockIndex for every other duty. */
using BlockIndex = StrongInt<struct BlockIndexTag, std::int32_t>;
inline constexpr BlockIndex kNoBlockIndex{-1};

/** A duty without its message: the primary key of validator_duties, in its column order. */
struct DutyKey {
  RollupAddress rollup_address;
  Address validator_address;
  Slot slot;
  DutyType duty_type = DutyType::unknown;
  BlockIndex block_index_within_checkpoint = kNoBlockIndex;

  friend auto operator<=>(const DutyKey&, const DutyKey&) = default;
};

/** One message to sign. The two numbers are for the operator and for Aztec's columns; they do not
    take part in any decision. Zero where they do not apply. */
struct Duty {
  DutyKey key;
  MessageHash message_hash;
  BlockNumber block_number;
  CheckpointNumber checkpoint_number;

  friend bool operator==(const Duty&, const Duty&) = default;
};

/** Lower case with 0x. */
std::string to_text(const RollupAddress& address);
std::string to_text(const MessageHash& hash);

/** "BLOCK_PROPOSAL slot 100 index 0 of 0x...": for logs and errors. */
std::string to_text(const DutyKey& key);

}  // namespace holdfast
