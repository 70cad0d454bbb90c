#include "duty/harmless_message.h"

#include <fmt/format.h>

#include "base/check.h"

namespace holdfast {

Result<HarmlessMessage> HarmlessMessage::from_context(DutyType type, SignableMessage message,
                                                      const std::optional<TypedDataFacts>& facts) {
  CHECK(type == DutyType::auth_request || type == DutyType::txs);
  CHECK(facts.has_value() == (message.form == MessageForm::typed_data));
  // An authentication request is never typed data, and typed data says itself whether it is TXS.
  const bool fits = !facts || (type == DutyType::txs && facts->data_class == TypedDataClass::txs);
  if (!fits) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("the typed data is not a {} message; ask for it with the context of "
                             "the duty that it is",
                             name_of(type))};
  }
  return HarmlessMessage(type, std::move(message));
}

Result<HarmlessMessage> HarmlessMessage::attester_exit(SignableMessage message,
                                                       const TypedDataFacts& facts) {
  CHECK(message.form == MessageForm::typed_data);
  if (facts.data_class != TypedDataClass::attester_exit) {
    return Error{ErrorKind::invalid_input, "the typed data is not an AttesterExit"};
  }
  return HarmlessMessage(DutyType::unknown, std::move(message));
}

}  // namespace holdfast
