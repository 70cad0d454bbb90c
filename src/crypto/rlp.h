// RLP, the encoding of Ethereum's transactions. Source: Yellow Paper, appendix B.
//
// One value has one encoding: the reader refuses every other form (a length that could be shorter,
// a number with leading zeros), so that what was checked is what is meant.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/uint256.h"

namespace holdfast {

/** Appends the bytes as one item. */
void append_rlp_bytes(Bytes& out, ByteView bytes);

/** Appends the number as one item: its bytes without leading zeros. */
void append_rlp_number(Bytes& out, std::uint64_t number);
void append_rlp_number(Bytes& out, const Uint256& number);

/** Appends a list whose items are encoded in `items` already. */
void append_rlp_list(Bytes& out, ByteView items);

/** Reads the items of one list, or of a whole input, in order. Views into the input, which must
    outlive it. Every error is invalid_input; after one the reader is not used again. */
class RlpReader {
 public:
  explicit RlpReader(ByteView input) : rest_(input) {}

  /** No item is left. */
  bool at_end() const noexcept { return rest_.empty(); }

  /** True if there is a next item and it is a list. */
  bool next_is_list() const noexcept { return !rest_.empty() && rest_.front() >= 0xc0; }

  /** The next item's content. */
  Result<ByteView> bytes();
  Result<std::uint64_t> number64();
  Result<Uint256> number256();

  /** A reader of the next item, a list. */
  Result<RlpReader> list();

 private:
  /** Cuts the content of the next item off rest_; `base` is 0x80 for bytes and 0xc0 for a list. */
  Result<ByteView> take(std::uint8_t base);

  ByteView rest_;
};

}  // namespace holdfast
