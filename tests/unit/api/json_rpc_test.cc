#include "api/json_rpc.h"

#include <ostream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

std::string name_of_whole(std::string_view body, const RpcLimits& limits = {}) {
  const auto parsed = parse_rpc(body, limits);
  const auto* error = std::get_if<RpcError>(&parsed);
  return error == nullptr ? "accepted" : std::string(spec_of(error->id).name);
}

RpcCall only_call(std::string_view body) {
  auto parsed = parse_rpc(body, {});
  auto* request = std::get_if<RpcRequest>(&parsed);
  EXPECT_NE(request, nullptr) << body;
  if (request == nullptr) return {};
  EXPECT_EQ(request->calls.size(), 1u);
  return std::move(request->calls.front());
}

TEST(JsonRpc, takes_a_single_call_apart) {
  const RpcCall call =
      only_call(R"({"jsonrpc":"2.0","id":1,"method":"eth_sign","params":["a",{"b":2}]})");
  EXPECT_FALSE(call.error);
  EXPECT_EQ(call.id, "1");
  EXPECT_EQ(call.method, "eth_sign");
  EXPECT_EQ(boost::json::serialize(call.params), R"(["a",{"b":2}])");
}

TEST(JsonRpc, takes_absent_params_as_none) {
  EXPECT_TRUE(only_call(R"({"jsonrpc":"2.0","id":1,"method":"eth_accounts"})").params.empty());
}

TEST(JsonRpc, keeps_the_calls_of_a_batch_in_their_order) {
  auto parsed = parse_rpc(R"([{"jsonrpc":"2.0","id":"b","method":"x"},
                              {"jsonrpc":"2.0","id":"a","method":"y"}])",
                          {});
  const RpcRequest& request = std::get<RpcRequest>(parsed);
  EXPECT_EQ(request.shape, RpcShape::batch);
  ASSERT_EQ(request.calls.size(), 2u);
  EXPECT_EQ(request.calls[0].id, "\"b\"");
  EXPECT_EQ(request.calls[1].id, "\"a\"");
}

struct IdRow {
  const char* name;
  std::string id;
  /** Empty: refused. */
  std::string echoed;
};
std::ostream& operator<<(std::ostream& out, const IdRow& row) {
  return out << row.name;
}

class JsonRpcIds : public testing::TestWithParam<IdRow> {};

TEST_P(JsonRpcIds, are_echoed_or_refused) {
  const RpcCall call =
      only_call("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":" + GetParam().id + "}");
  if (GetParam().echoed.empty()) {
    ASSERT_TRUE(call.error);
    EXPECT_EQ(call.error->id, RpcErrorId::invalid_request);
    EXPECT_EQ(call.id, "null");
  } else {
    EXPECT_FALSE(call.error);
    EXPECT_EQ(call.id, GetParam().echoed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonRpcIds,
    testing::Values(IdRow{"zero", "0", "0"}, IdRow{"negative", "-1", "-1"},
                    IdRow{"above_2_53", "9007199254740993", "9007199254740993"},
                    IdRow{"int64_max", "9223372036854775807", "9223372036854775807"},
                    IdRow{"int64_min", "-9223372036854775808", "-9223372036854775808"},
                    IdRow{"uint64_max", "18446744073709551615", "18446744073709551615"},
                    IdRow{"text", "\"0a1b2c3d\"", "\"0a1b2c3d\""},
                    IdRow{"empty_text", "\"\"", "\"\""},
                    IdRow{"quote_in_text", "\"a\\\"b\"", "\"a\\\"b\""},
                    IdRow{"null", "null", "null"}, IdRow{"fraction", "1.5", ""},
                    IdRow{"whole_fraction", "1.0", ""}, IdRow{"exponent", "1e3", ""},
                    IdRow{"bool", "true", ""}, IdRow{"array", "[]", ""}, IdRow{"object", "{}", ""},
                    IdRow{"longest_text", "\"" + std::string(256, 'a') + "\"",
                          "\"" + std::string(256, 'a') + "\""},
                    IdRow{"too_long_text", "\"" + std::string(257, 'a') + "\"", ""}),
    [](const auto& row) { return row.param.name; });

TEST(JsonRpc, knows_a_notification_from_an_id_that_is_null) {
  EXPECT_EQ(only_call(R"({"jsonrpc":"2.0","method":"m"})").id, "");
  EXPECT_EQ(only_call(R"({"jsonrpc":"2.0","method":"m","id":null})").id, "null");
}

struct CallRow {
  const char* name;
  const char* body;
  RpcErrorId error;
  const char* id;
};
std::ostream& operator<<(std::ostream& out, const CallRow& row) {
  return out << row.name;
}

class JsonRpcBadCalls : public testing::TestWithParam<CallRow> {};

TEST_P(JsonRpcBadCalls, are_refused_with_their_id) {
  const RpcCall call = only_call(GetParam().body);
  ASSERT_TRUE(call.error);
  EXPECT_EQ(call.error->id, GetParam().error);
  EXPECT_EQ(call.id, GetParam().id);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonRpcBadCalls,
    testing::Values(
        CallRow{"number", "5", RpcErrorId::invalid_request, "null"},
        CallRow{"text", "\"eth_sign\"", RpcErrorId::invalid_request, "null"},
        CallRow{"null", "null", RpcErrorId::invalid_request, "null"},
        CallRow{"empty", "{}", RpcErrorId::invalid_request, "null"},
        CallRow{"no_version", R"({"id":1,"method":"m"})", RpcErrorId::invalid_request, "1"},
        CallRow{"version_1", R"({"jsonrpc":"1.0","id":1,"method":"m"})",
                RpcErrorId::invalid_request, "1"},
        CallRow{"version_number", R"({"jsonrpc":2.0,"id":1,"method":"m"})",
                RpcErrorId::invalid_request, "1"},
        CallRow{"no_method", R"({"jsonrpc":"2.0","id":"x"})", RpcErrorId::invalid_request, "\"x\""},
        CallRow{"method_number", R"({"jsonrpc":"2.0","id":1,"method":1})",
                RpcErrorId::invalid_request, "1"},
        CallRow{"named_params", R"({"jsonrpc":"2.0","id":1,"method":"m","params":{}})",
                RpcErrorId::invalid_params, "1"},
        CallRow{"params_text", R"({"jsonrpc":"2.0","id":1,"method":"m","params":"x"})",
                RpcErrorId::invalid_params, "1"},
        CallRow{"notification_without_method", R"({"jsonrpc":"2.0"})", RpcErrorId::invalid_request,
                "null"}),
    [](const auto& row) { return row.param.name; });

TEST(JsonRpc, refuses_a_body_that_is_not_one_json_document) {
  EXPECT_EQ(name_of_whole(""), "ParseError");
  EXPECT_EQ(name_of_whole("<html>"), "ParseError");
  EXPECT_EQ(name_of_whole("{"), "ParseError");
  EXPECT_EQ(name_of_whole("{} {}"), "ParseError");
  EXPECT_EQ(name_of_whole(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})"), "ParseError");
  EXPECT_EQ(name_of_whole("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"), "ParseError");
  EXPECT_EQ(name_of_whole(R"({"jsonrpc":"2.0","id":99999999999999999999999,"method":"m"})"),
            "ParseError");
}

TEST(JsonRpc, bounds_depth) {
  const auto nested = [](std::size_t depth) {
    return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":" + std::string(depth, '[') +
           std::string(depth, ']') + "}";
  };
  RpcLimits limits;
  limits.depth_max = 10;
  EXPECT_EQ(name_of_whole(nested(9), limits), "accepted");
  EXPECT_EQ(name_of_whole(nested(10), limits), "ParseError");
  EXPECT_EQ(name_of_whole(nested(100000), limits), "ParseError");
}

TEST(JsonRpc, bounds_the_body) {
  const std::string body = R"({"jsonrpc":"2.0","id":1,"method":"m"})";
  RpcLimits limits;
  limits.body_bytes_max = body.size();
  EXPECT_EQ(name_of_whole(body, limits), "accepted");
  limits.body_bytes_max = body.size() - 1;
  EXPECT_EQ(name_of_whole(body, limits), "ParseError");
}

TEST(JsonRpc, bounds_the_batch) {
  const auto batch = [](std::size_t calls) {
    std::string body = "[";
    for (std::size_t at = 0; at < calls; ++at) {
      if (at > 0) body += ',';
      body += R"({"jsonrpc":"2.0","id":1,"method":"m"})";
    }
    return body + "]";
  };
  RpcLimits limits;
  limits.batch_calls_max = 3;
  EXPECT_EQ(name_of_whole(batch(0), limits), "InvalidRequestError");
  EXPECT_EQ(name_of_whole(batch(1), limits), "accepted");
  EXPECT_EQ(name_of_whole(batch(3), limits), "accepted");
  EXPECT_EQ(name_of_whole(batch(4), limits), "InvalidRequestError");
}

TEST(JsonRpc, writes_replies) {
  EXPECT_EQ(result_reply("\"a\"", "[]"), R"({"jsonrpc":"2.0","id":"a","result":[]})");
  EXPECT_EQ(error_reply("null", {RpcErrorId::method_not_found, "say \"x\"\n", {}}),
            R"({"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"say \"x\"\n",)"
            R"("data":{"name":"MethodNotFoundError"}}})");
}

}  // namespace
}  // namespace holdfast
