#include "duty/signable_message.h"

#include "base/check.h"
#include "crypto/eip191.h"

namespace holdfast {

Hash256 SignableMessage::digest() const {
  CHECK(form != MessageForm::unknown);
  if (form == MessageForm::eth_sign) return eip191_digest(message_hash.bytes);
  return Hash256{message_hash.bytes};
}

}  // namespace holdfast
