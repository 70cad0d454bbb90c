// Ethereum addresses: 20 bytes, as text with 0x and 40 hex digits. Databases and logs get lower
// case (Aztec compares them as text); people get the EIP-55 check sum.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace holdfast {

using Address = FixedBytes<struct AddressTag, 20>;

/** Lower case with 0x. */
std::string to_text(const Address& address);

/** With the mixed-case check sum of EIP-55. */
std::string to_eip55(const Address& address);

/** Reads 0x and 40 hex digits: all lower case, all upper case, or mixed case with a right EIP-55
    check sum. ErrorKind::invalid_input says which of length, digit or check sum is wrong. */
Result<Address> address_from_text(std::string_view text);

}  // namespace holdfast
