// JSON-RPC 2.0: what a body asks for, and how an answer is written. Pure; no I/O.
// Source: https://www.jsonrpc.org/specification.
//
// Stricter than that page where it would not be clear what was asked: duplicate keys, numbers that
// a reader would round, and named parameters are refused.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/array.hpp>

#include "api/rpc_error.h"

namespace holdfast {

struct RpcLimits {
  std::size_t body_bytes_max = std::size_t{4} << 20;
  /** Calls in one batch. */
  std::size_t batch_calls_max = 512;
  /** Nested arrays and objects in the body. */
  std::size_t depth_max = 48;
};

/** One call, or what is wrong with it. */
struct RpcCall {
  /** The id as JSON text, to be echoed: a string, an integer or null. Empty where the call has
      none: a notification, which gets no answer. */
  std::string id;
  std::string method;
  boost::json::array params;
  /** Set: the call is answered with it and not carried out. Its id is "null" when the call had no
      readable id. */
  std::optional<RpcError> error;
};

enum class RpcShape : std::uint8_t { single = 0, batch };

struct RpcRequest {
  RpcShape shape = RpcShape::single;
  /** One for a single call, one or more for a batch. */
  std::vector<RpcCall> calls;
};

/** The calls of a body. RpcError: the body as a whole is refused. */
std::variant<RpcError, RpcRequest> parse_rpc(std::string_view body, const RpcLimits& limits);

/** {"jsonrpc":"2.0","id":ID,"result":RESULT}; `result` is JSON text. */
std::string result_reply(std::string_view id, std::string_view result);

/** {"jsonrpc":"2.0","id":ID,"error":{...}} */
std::string error_reply(std::string_view id, const RpcError& error);

}  // namespace holdfast
