// The JSON-RPC that an Aztec node speaks with a Web3Signer, byte for byte: the bodies of requests,
// and what an answer means. Source: reference section 3; tests/vectors/web3signer_wire.json and
// sign_tx.json. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "crypto/address.h"
#include "crypto/transaction.h"
#include "duty/signable_message.h"

namespace holdfast {

/** The body of eth_accounts. */
std::string eth_accounts_body();

/** The body of eth_sign or eth_signTypedData, by the message's form (CHECKs that it is known).
    `id` is text that needs no escape. */
std::string sign_body(const Address& address, const SignableMessage& message, std::string_view id);

/** The body of eth_signTransaction: the fields that Aztec sends, and no chain id, type or access
    list, which the remote signer must have configured and assume. */
std::string sign_transaction_body(const Address& address, const Transaction& transaction,
                                  std::string_view id);

/** The answer is none that can be understood; the signer may have signed. */
struct BrokenReply {
  std::string why;
};
/** A clean JSON-RPC error: the signer says that it did not sign. */
struct RefusedReply {
  /** "code -32000: message", shortened, printable. */
  std::string why;
};

using SignatureReply = std::variant<BrokenReply, RefusedReply, Signature>;
using TransactionReply = std::variant<BrokenReply, RefusedReply, Bytes>;
using AccountsReply = std::variant<BrokenReply, RefusedReply, std::vector<Address>>;

/** The signature of the body of a 2xx answer, canonical (low s, v 27/28) and made by `address` of
    `digest`; a valid signature by another key is broken, too. Hex without 0x is accepted, as Aztec
    does, and v 0/1. The id is looked at for errors only: a signature proves itself. */
SignatureReply read_signature(std::string_view body, std::string_view id, const Address& address,
                              const Hash256& digest);

/** The raw transaction of the body of a 2xx answer, encoded anew from what was asked and the
    signature. Broken when one field of what was signed is not as it was asked. */
TransactionReply read_transaction(std::string_view body, std::string_view id,
                                  const Address& address, const Transaction& asked);

AccountsReply read_accounts(std::string_view body);

/** What of a remote's text may be shown: at most 200 printable ASCII characters. */
std::string shown_text(std::string_view text);

}  // namespace holdfast
