// One value of an EIP-712 document as the 32 bytes that stand for it. Internal to src/crypto;
// others use typed_data.h.
#pragma once

#include <boost/json/value.hpp>

#include "base/result.h"
#include "crypto/keccak.h"
#include "crypto/typed_data_schema.h"

namespace holdfast::typed_data {

/** The encoding of a value that is neither a structure nor an array (CHECK); the dimensions of
    `type` are not looked at. What the JSON must be:
    - bool: true or false;
    - intN, uintN: a decimal string ("-" for a negative one), a hex string with 0x (never
      negative), or a JSON integer, within the type's range. A number with a fraction or an
      exponent is refused, for it may have been rounded;
    - address: 0x and 40 hex digits, lower case or with a right EIP-55 check sum;
    - bytes, bytesN: 0x and an even number of hex digits, for bytesN exactly N bytes;
    - string: a string.
    invalid_input says what is wrong, not where. */
Result<Hash256> encode_atom(const FieldType& type, const boost::json::value& value);

}  // namespace holdfast::typed_data
