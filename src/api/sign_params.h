// The parameters of eth_sign and eth_signTypedData: [address, message, context?]. Pure.
#pragma once

#include <optional>

#include <boost/json/array.hpp>

#include "base/result.h"
#include "crypto/address.h"
#include "duty/signable_message.h"
#include "duty/signing_context.h"
#include "duty/typed_data_facts.h"

namespace holdfast {

struct SignParams {
  Address address;
  SignableMessage message;
  /** What typed data says about itself; absent for eth_sign. */
  std::optional<TypedDataFacts> facts;
  /** Absent where the third parameter is absent or null. */
  std::optional<SigningContext> context;
};

/** The message is 32 bytes as hex: only those are known to be no transaction and no typed data.
    invalid_input names the parameter. */
Result<SignParams> eth_sign_params(const boost::json::array& params);

/** The message is typed data, as an object or as the JSON text of one. */
Result<SignParams> typed_data_params(const boost::json::array& params);

}  // namespace holdfast
