// Batches, notifications, and what may be in flight at once.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "api_world.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::ApiWorld;
using test::error_of;
using test::kAttester;
using test::kBoth;
using test::kContext;
using test::kHash;
using test::kOtherHash;
using test::kSignature;
using test::result_of;

std::string batch_call(int id, const std::string& slot, const char* hash = kHash) {
  return "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) +
         ",\"method\":\"eth_sign\",\"params\":[\"" + kBoth + "\",\"" + hash +
         "\",{\"dutyType\":\"ATTESTATION\",\"blockNumber\":1,\"slot\":" + slot + "}]}";
}

TEST(SigningServiceFlow, answers_a_batch_in_the_order_of_its_calls) {
  ApiWorld world;
  const RpcAnswer answer = world.post("[" + batch_call(3, "1") + "," + batch_call(1, "-1") + ",5," +
                                      R"({"jsonrpc":"2.0","method":"eth_accounts"},)" +
                                      batch_call(2, "1", kOtherHash) + "]");
  EXPECT_EQ(answer.status, 200u);
  const boost::json::array replies = boost::json::parse(answer.body).as_array();
  ASSERT_EQ(replies.size(), 4u);
  EXPECT_EQ(replies[0].at("id").as_int64(), 3);
  EXPECT_EQ(result_of(replies[0]), kSignature);
  EXPECT_EQ(replies[1].at("id").as_int64(), 1);
  EXPECT_EQ(error_of(replies[1]), "InvalidParamsError");
  EXPECT_TRUE(replies[2].at("id").is_null());
  EXPECT_EQ(error_of(replies[2]), "InvalidRequestError");
  EXPECT_EQ(replies[3].at("id").as_int64(), 2);
  EXPECT_EQ(error_of(replies[3]), "SlashingProtectionError");
}

TEST(SigningServiceFlow, works_on_the_calls_of_a_batch_at_the_same_time) {
  ApiWorld world;
  world.test_key->delay = 100ms;
  std::string body = "[";
  for (int id = 0; id < 50; ++id) {
    if (id > 0) body += ',';
    std::string call = batch_call(id, std::to_string(id));
    call.replace(call.find(kBoth), std::string(kBoth).size(), kAttester);
    body += call;
  }
  const MonotonicTime before = world.clock.now();
  const RpcAnswer answer = world.post(body + "]");
  EXPECT_EQ(world.clock.now() - before, 100ms);
  const boost::json::array replies = boost::json::parse(answer.body).as_array();
  ASSERT_EQ(replies.size(), 50u);
  for (int id = 0; id < 50; ++id) {
    EXPECT_EQ(replies[id].at("id").as_int64(), id);
    EXPECT_EQ(result_of(replies[id]).size(), 132u);
  }
  EXPECT_EQ(world.service->calls_in_flight(), 0u);
}

TEST(SigningServiceFlow, refuses_to_sign_for_a_notification) {
  ApiWorld world;
  std::string call = batch_call(1, "1");
  call.erase(call.find("\"id\":1,"), 7);
  const RpcAnswer answer = world.post(call);
  EXPECT_EQ(answer.status, 400u);
  EXPECT_EQ(error_of(boost::json::parse(answer.body)), "InvalidRequestError");
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kOtherHash,
                                     R"({"dutyType":"ATTESTATION","blockNumber":1,"slot":1})"))
                .size(),
            132u);
}

TEST(SigningServiceFlow, gives_other_notifications_no_answer) {
  ApiWorld world;
  const RpcAnswer one = world.post(R"({"jsonrpc":"2.0","method":"eth_accounts"})");
  EXPECT_EQ(one.status, 204u);
  EXPECT_EQ(one.body, "");
  const RpcAnswer batch = world.post(
      R"([{"jsonrpc":"2.0","method":"eth_accounts"},{"jsonrpc":"2.0","method":"nothing"}])");
  EXPECT_EQ(batch.status, 204u);
  EXPECT_EQ(batch.body, "");
}

TEST(SigningServiceFlow, answers_a_broken_body_with_a_null_id) {
  ApiWorld world;
  const RpcAnswer answer = world.post("<html>");
  EXPECT_EQ(answer.status, 400u);
  const boost::json::value reply = boost::json::parse(answer.body);
  EXPECT_TRUE(reply.at("id").is_null());
  EXPECT_EQ(error_of(reply), "ParseError");
}

/** Starts a slow request that stays in flight until the clock moves. */
class SlowRequest {
 public:
  SlowRequest(ApiWorld& world, const std::string& body) {
    world.test_key->delay = 1s;
    start(world.service->answer(body, "peer"), [this](RpcAnswer answer) { answer_ = answer; });
  }
  const std::optional<RpcAnswer>& answer() const { return answer_; }

 private:
  std::optional<RpcAnswer> answer_;
};

std::string slow_call(int id) {
  std::string call = batch_call(id, std::to_string(id));
  call.replace(call.find(kBoth), std::string(kBoth).size(), kAttester);
  return call;
}

TEST(SigningServiceFlow, refuses_what_is_too_much_in_flight_at_once) {
  SigningServiceSettings settings;
  settings.calls_in_flight_max = 2;
  ApiWorld world(settings);
  const SlowRequest first(world, slow_call(1));
  EXPECT_EQ(world.service->calls_in_flight(), 1u);
  const RpcAnswer batch = world.post("[" + batch_call(8, "8") + "," + batch_call(9, "9") + "]");
  EXPECT_EQ(batch.status, 503u);
  const boost::json::array replies = boost::json::parse(batch.body).as_array();
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[1].at("id").as_int64(), 9);
  EXPECT_EQ(error_of(replies[1]), "OverloadedError");
  const SlowRequest second(world, slow_call(2));
  EXPECT_EQ(error_of(world.call("eth_accounts", "[]")), "OverloadedError");
  EXPECT_EQ(world.last_status, 503u);
  world.clock.advance(1s);
  ASSERT_TRUE(first.answer() && second.answer());
  EXPECT_EQ(first.answer()->status, 200u);
  EXPECT_EQ(world.service->calls_in_flight(), 0u);
  EXPECT_EQ(result_of(world.eth_sign(kBoth, kHash, kContext)), kSignature);
}

TEST(SigningServiceFlow, bounds_the_bytes_in_flight) {
  SigningServiceSettings settings;
  settings.bytes_in_flight_max = slow_call(1).size();
  ApiWorld world(settings);
  const SlowRequest first(world, slow_call(1));
  EXPECT_EQ(world.service->calls_in_flight(), 1u);
  EXPECT_EQ(error_of(world.call("eth_accounts", "[]")), "OverloadedError");
  world.clock.advance(1s);
  EXPECT_TRUE(first.answer());
  EXPECT_EQ(world.call("eth_accounts", "[]").as_object().count("result"), 1u);
}

TEST(SigningServiceFlow, finishes_what_is_in_flight_and_refuses_the_rest_when_it_stops) {
  ApiWorld world;
  const SlowRequest first(world, slow_call(1));
  world.service->stop();
  EXPECT_EQ(error_of(world.eth_sign(kBoth, kHash, kContext)), "StoppingError");
  EXPECT_EQ(world.last_status, 503u);
  world.clock.advance(1s);
  ASSERT_TRUE(first.answer());
  EXPECT_EQ(result_of(boost::json::parse(first.answer()->body)).size(), 132u);
}

}  // namespace
}  // namespace holdfast
