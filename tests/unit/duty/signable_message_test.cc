#include "duty/signable_message.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace holdfast {
namespace {

TEST(SignableMessage, prefixes_the_payload_of_eth_sign) {
  // sign_eth_sign.json, the payload of zeros.
  SignableMessage message;
  message.form = MessageForm::eth_sign;
  EXPECT_EQ(to_hex(message.digest().view()),
            "0x5e4106618209740b9f773a94c5667b9659a7a4e2691c7c8a78336e9889a6be07");
}

TEST(SignableMessage, signs_the_digest_of_typed_data_as_it_is) {
  SignableMessage message;
  message.form = MessageForm::typed_data;
  message.message_hash.bytes.fill(0x5a);
  EXPECT_EQ(message.digest().bytes, message.message_hash.bytes);
}

TEST(SignableMessage, stops_the_process_when_nobody_said_what_it_is) {
  EXPECT_DEATH((void)SignableMessage{}.digest(), "unknown");
}

}  // namespace
}  // namespace holdfast
