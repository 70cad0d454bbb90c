#include "api/json_rpc.h"

#include <iterator>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/quote.h"
#include "base/strict_json.h"
#include "telemetry/escape.h"

namespace holdfast {
namespace {

constexpr std::size_t kIdBytesMax = 256;
constexpr std::size_t kMethodBytesMax = 64;
constexpr std::string_view kNullId = "null";

RpcError invalid_request(std::string message) {
  return {RpcErrorId::invalid_request, std::move(message), {}};
}

std::string_view view_of(const boost::json::string& text) noexcept {
  return {text.data(), text.size()};
}

/** The id as JSON text, or nullopt when it is not one that can be echoed exactly. */
std::optional<std::string> id_text(const boost::json::value& id) {
  if (id.is_null()) return std::string(kNullId);
  if (id.is_int64()) return fmt::format("{}", id.get_int64());
  if (id.is_uint64()) return fmt::format("{}", id.get_uint64());
  if (!id.is_string() || id.get_string().size() > kIdBytesMax) return std::nullopt;
  std::string text;
  append_json_string(text, view_of(id.get_string()));
  return text;
}

RpcCall refused(std::string id, RpcError error) {
  RpcCall call;
  call.id = std::move(id);
  call.error = std::move(error);
  return call;
}

RpcCall read_call(boost::json::value& value) {
  boost::json::object* object = value.if_object();
  if (object == nullptr) {
    return refused(std::string(kNullId), invalid_request("a request must be a JSON object"));
  }
  // With the storage of the request, so that the parameters are moved and not copied.
  RpcCall call{.id = {}, .method = {}, .params = boost::json::array(value.storage()), .error = {}};
  if (const boost::json::value* id = object->if_contains("id")) {
    std::optional<std::string> text = id_text(*id);
    if (!text) {
      return refused(std::string(kNullId),
                     invalid_request(fmt::format("id: must be a string of at most {} bytes, an "
                                                 "integer or null",
                                                 kIdBytesMax)));
    }
    call.id = std::move(*text);
  }
  // A request that cannot be understood is answered even where it has no id, as the specification
  // asks for.
  const auto refuse = [&](RpcError error) {
    return refused(call.id.empty() ? std::string(kNullId) : std::move(call.id), std::move(error));
  };
  const boost::json::value* version = object->if_contains("jsonrpc");
  if (version == nullptr || !version->is_string() || version->get_string() != "2.0") {
    return refuse(invalid_request("jsonrpc: must be \"2.0\""));
  }
  const boost::json::value* method = object->if_contains("method");
  if (method == nullptr || !method->is_string() || method->get_string().size() > kMethodBytesMax) {
    return refuse(invalid_request("method: must be a string"));
  }
  call.method = view_of(method->get_string());
  if (boost::json::value* params = object->if_contains("params")) {
    if (!params->is_array()) {
      return refuse({RpcErrorId::invalid_params, "params: must be an array", {}});
    }
    call.params = std::move(params->get_array());
  }
  return call;
}

}  // namespace

std::variant<RpcError, RpcRequest> parse_rpc(std::string_view body, const RpcLimits& limits) {
  // One block of memory for the whole request, given back when the last call is done.
  auto storage = boost::json::make_shared_resource<boost::json::monotonic_resource>();
  const StrictJsonLimits json_limits{.max_depth = limits.depth_max,
                                     .max_bytes = limits.body_bytes_max};
  Result<boost::json::value> parsed = parse_strict_json(body, json_limits, storage);
  if (!parsed) return RpcError{RpcErrorId::parse, std::move(parsed).error().message, {}};
  RpcRequest request;
  boost::json::array* batch = parsed->if_array();
  if (batch == nullptr) {
    request.calls.push_back(read_call(*parsed));
    return request;
  }
  if (batch->empty()) return invalid_request("the batch is empty");
  if (batch->size() > limits.batch_calls_max) {
    return invalid_request(fmt::format("the batch has {} calls; at most {} are taken",
                                       batch->size(), limits.batch_calls_max));
  }
  request.shape = RpcShape::batch;
  request.calls.reserve(batch->size());
  for (boost::json::value& value : *batch) request.calls.push_back(read_call(value));
  return request;
}

std::string result_reply(std::string_view id, std::string_view result) {
  std::string reply;
  reply.reserve(48 + id.size() + result.size());
  reply += "{\"jsonrpc\":\"2.0\",\"id\":";
  reply += id;
  reply += ",\"result\":";
  reply += result;
  reply += '}';
  return reply;
}

std::string error_reply(std::string_view id, const RpcError& error) {
  std::string reply = "{\"jsonrpc\":\"2.0\",\"id\":";
  reply += id;
  reply += ",\"error\":";
  append_error(reply, error);
  reply += '}';
  return reply;
}

}  // namespace holdfast
