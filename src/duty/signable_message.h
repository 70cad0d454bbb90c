// What a key is asked to sign, in the form that a remote signer needs to see it.
#pragma once

#include <string>

#include "duty/duty.h"

namespace holdfast {

enum class MessageForm : std::uint8_t {
  unknown = 0,
  /** EIP-191 over a 32-byte payload; message_hash is the payload. */
  eth_sign,
  /** EIP-712; message_hash is the digest. */
  typed_data,
};

struct SignableMessage {
  MessageForm form = MessageForm::unknown;
  MessageHash message_hash;
  /** For typed_data, the JSON that a remote signer is sent; empty for eth_sign. */
  std::string typed_data_json;

  /** The 32 bytes that ECDSA signs: the prefixed digest for eth_sign, message_hash itself for
      typed data. CHECKs that the form is known. */
  Hash256 digest() const;
};

}  // namespace holdfast
