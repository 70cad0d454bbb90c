// The parameter of eth_signTransaction: a publisher's transaction. Pure.
// Source: reference section 3; EIP-1559, EIP-4844.
#pragma once

#include <boost/json/array.hpp>

#include "base/result.h"
#include "crypto/address.h"
#include "crypto/transaction.h"

namespace holdfast {

struct TransactionParams {
  Address from;
  Transaction transaction;
};

/** [{from, to?, data?, value?, nonce, gas, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas?,
    blobVersionedHashes?, blobs?, chainId?, type?, accessList?}]. Numbers are 0x quantities. Nothing
    is filled in but value 0 and no data. The blobs are checked (131072 bytes each, one for each
    versioned hash) and then dropped: only their hashes are signed. A chainId must be `chain_id`, an
    accessList must be empty, a type must be the one that the fields say. invalid_input names the
    field. */
Result<TransactionParams> transaction_params(const boost::json::array& params,
                                             std::uint64_t chain_id);

}  // namespace holdfast
