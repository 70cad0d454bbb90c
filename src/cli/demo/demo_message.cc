#include "cli/demo/demo_message.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/typed_data.h"
#include "duty/signable_message.h"

namespace holdfast::cli::demo {
namespace {

constexpr std::string_view kContract = "0x603bb2c05d474794ea97805e8de69bccfb3bca12";

/** The context as a client writes it; empty fields stay away. */
std::string context_of(const DueDuty& duty) {
  const std::string_view name = name_of(duty.type);
  const std::int64_t slot = duty.slot.number();
  if (!is_protected(duty.type)) return fmt::format(R"({{"dutyType":"{}"}})", name);
  if (is_vote(duty.type)) return fmt::format(R"({{"dutyType":"{}","slot":"{}"}})", name, slot);
  if (duty.type == DutyType::block_proposal) {
    return fmt::format(
        R"({{"dutyType":"{}","slot":"{}","blockNumber":"{}","blockIndexWithinCheckpoint":{}}})",
        name, slot, slot * 3 + duty.block_index.number(), duty.block_index.number());
  }
  return fmt::format(R"({{"dutyType":"{}","slot":"{}","blockNumber":"{}"}})", name, slot,
                     slot * 3 + 2);
}

std::string typed_data_of(const DueDuty& duty, std::uint64_t chain_id) {
  const bool governance = duty.type == DutyType::governance_vote;
  const std::string domain =
      fmt::format(R"({{"name":"{}","version":"1","chainId":{},"verifyingContract":"{}"}})",
                  governance ? "EmpireBase" : "TallySlashingProposer", chain_id, kContract);
  if (governance) {
    return fmt::format(
        R"({{"domain":{},"primaryType":"Signal","types":{{"Signal":[)"
        R"({{"name":"payload","type":"address"}},{{"name":"slot","type":"uint256"}},)"
        R"({{"name":"instance","type":"address"}}]}},)"
        R"("message":{{"payload":"0x1111111111111111111111111111111111111111",)"
        R"("slot":"{}","instance":"{}"}}}})",
        domain, duty.slot.number(), kContract);
  }
  return fmt::format(R"({{"domain":{},"primaryType":"Vote","types":{{"Vote":[)"
                     R"({{"name":"votes","type":"bytes"}},{{"name":"slot","type":"uint256"}}]}},)"
                     R"("message":{{"votes":"0x0102","slot":"{}"}}}})",
                     domain, duty.slot.number());
}

std::string rpc(std::string_view method, const Address& validator, std::string_view payload,
                const DueDuty& duty) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":["{}",{},{}]}})", method,
                     to_text(validator), payload, context_of(duty));
}

}  // namespace

DemoMessage message_for(const DueDuty& duty, std::size_t node, const Address& validator,
                        std::uint64_t chain_id) {
  if (is_vote(duty.type)) {
    const std::string typed_data = typed_data_of(duty, chain_id);
    const Result<TypedData> parsed = TypedData::parse(typed_data);
    CHECK(parsed.has_value());
    return {.request = rpc("eth_signTypedData", validator, typed_data, duty),
            .message_hash = MessageHash{parsed->digest().bytes},
            .digest = parsed->digest()};
  }
  const std::size_t author = duty.type == DutyType::block_proposal ? node : 0;
  const std::string content = fmt::format("{} {} {} by {}", name_of(duty.type), duty.slot.number(),
                                          duty.block_index.number(), author);
  const SignableMessage message{MessageForm::eth_sign,
                                MessageHash{keccak256(as_bytes(content)).bytes}, ""};
  const std::string payload = fmt::format("\"{}\"", to_text(message.message_hash));
  return {.request = rpc("eth_sign", validator, payload, duty),
          .message_hash = message.message_hash,
          .digest = message.digest()};
}

}  // namespace holdfast::cli::demo
