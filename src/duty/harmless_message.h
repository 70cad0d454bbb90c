// A message that may be signed any number of times: AUTH_REQUEST and TXS. The type exists so that
// nothing else can reach KeyRing::sign_harmless by mistake.
#pragma once

#include "base/result.h"
#include "duty/signable_message.h"
#include "duty/typed_data_facts.h"

namespace holdfast {

class HarmlessMessage {
 public:
  /** A message whose context calls it AUTH_REQUEST or TXS (CHECK). invalid_input when it is typed
      data whose own facts say otherwise. */
  static Result<HarmlessMessage> from_context(DutyType type, SignableMessage message,
                                              const std::optional<TypedDataFacts>& facts);

  /** AttesterExit, which is not harmless at all: it gives up the stake. It takes no lock, for
      signing it twice says nothing new. For a caller whose configuration asks for it by name, and
      nobody else. invalid_input when the facts do not say AttesterExit. */
  static Result<HarmlessMessage> attester_exit(SignableMessage message,
                                               const TypedDataFacts& facts);

  /** unknown for AttesterExit, which is no duty. */
  DutyType type() const noexcept { return type_; }
  const SignableMessage& message() const noexcept { return message_; }

 private:
  HarmlessMessage(DutyType type, SignableMessage message)
      : type_(type), message_(std::move(message)) {}
  DutyType type_;
  SignableMessage message_;
};

}  // namespace holdfast
