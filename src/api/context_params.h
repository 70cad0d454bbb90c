// The third parameter of a sign request: the syntax of a signing context. What it means is
// duty/signing_context.h. Pure.
#pragma once

#include <boost/json/value.hpp>

#include "base/result.h"
#include "duty/signing_context.h"

namespace holdfast {

/** {"dutyType":"BLOCK_PROPOSAL","slot":"100","blockNumber":"50","blockIndexWithinCheckpoint":0}.
    Numbers are JSON integers or strings of decimal digits, up to 2^63 - 1. invalid_input names the
    field: an unknown key, an unknown type, a fraction or an exponent, hex, a number out of range,
    or any number at all for AUTH_REQUEST and TXS. */
Result<SigningContext> context_from_json(const boost::json::value& value);

}  // namespace holdfast
