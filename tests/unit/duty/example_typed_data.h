// Typed data as Aztec's node sends it, for the tests of the duty room.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "crypto/typed_data.h"

namespace holdfast::test {

inline TypedData parsed_typed_data(std::string_view domain, std::string_view primary_type,
                                   std::string_view fields, std::string_view message) {
  const Result<TypedData> data = TypedData::parse(fmt::format(
      R"({{"types":{{"{0}":{1}}},"primaryType":"{0}","message":{2},"domain":{{"name":"{3}",)"
      R"("version":"1","chainId":1,)"
      R"("verifyingContract":"0x603bb2c05d474794ea97805e8de69bccfb3bca12"}}}})",
      primary_type, fields, message, domain));
  if (!data) throw std::runtime_error(data.error().message);
  return *data;
}

/** One of the messages of the rollup's own domain, which carry only the hash of their payload. */
inline TypedData rollup_message(std::string_view primary_type,
                                std::string_view domain = "Aztec Rollup") {
  return parsed_typed_data(domain, primary_type, R"([{"name":"payloadHash","type":"bytes32"}])",
                           fmt::format(R"({{"payloadHash":"0x{}"}})", std::string(64, '5')));
}

inline TypedData signal(std::string_view slot, std::string_view domain = "EmpireBase") {
  return parsed_typed_data(
      domain, "Signal", R"([{"name":"payload","type":"address"},{"name":"slot","type":"uint256"}])",
      fmt::format(R"({{"payload":"0x1111111111111111111111111111111111111111","slot":{}}})", slot));
}

inline TypedData vote(std::string_view slot, std::string_view domain = "SlashingProposer") {
  return parsed_typed_data(domain, "Vote",
                           R"([{"name":"votes","type":"bytes"},{"name":"slot","type":"uint256"}])",
                           fmt::format(R"({{"votes":"0xe4","slot":{}}})", slot));
}

}  // namespace holdfast::test
