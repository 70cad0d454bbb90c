#include "api/sign_params.h"

#include <utility>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "api/context_params.h"
#include "base/hex.h"

namespace holdfast {
namespace {

std::string_view view_of(const boost::json::string& text) noexcept {
  return {text.data(), text.size()};
}

Error wrong(std::string message) {
  return Error{ErrorKind::invalid_input, std::move(message)};
}

/** Address and context, which both methods have. */
Result<SignParams> read_frame(const boost::json::array& params) {
  if (params.size() < 2 || params.size() > 3) {
    return wrong(
        fmt::format("params: must be [address, message] or [address, message, context], "
                    "not {} values",
                    params.size()));
  }
  if (!params[0].is_string()) return wrong("params[0]: must be an address as a string");
  SignParams read;
  Result<Address> address = address_from_text(view_of(params[0].get_string()));
  if (!address) return std::move(address).error().within("params[0]");
  read.address = *address;
  if (params.size() == 3 && !params[2].is_null()) {
    Result<SigningContext> context = context_from_json(params[2]);
    if (!context) return std::move(context).error().within("params[2]");
    read.context = *context;
  }
  return read;
}

}  // namespace

Result<SignParams> eth_sign_params(const boost::json::array& params) {
  Result<SignParams> read = read_frame(params);
  if (!read) return read;
  const boost::json::string* text = params[1].if_string();
  const auto hash = text == nullptr ? std::nullopt : fixed_from_hex<MessageHash>(view_of(*text));
  if (!hash) return wrong("params[1]: must be 32 bytes as 0x and 64 hex digits");
  read->message = {.form = MessageForm::eth_sign, .message_hash = *hash, .typed_data_json = {}};
  return read;
}

Result<SignParams> typed_data_params(const boost::json::array& params) {
  Result<SignParams> read = read_frame(params);
  if (!read) return read;
  const boost::json::value& message = params[1];
  if (!message.is_string() && !message.is_object()) {
    return wrong("params[1]: must be typed data, as an object or as its JSON text");
  }
  Result<TypedData> data = message.is_string() ? TypedData::parse(view_of(message.get_string()))
                                               : TypedData::from_json(message);
  if (!data) return std::move(data).error().within("params[1]");
  read->facts = facts_of(*data);
  read->message.form = MessageForm::typed_data;
  read->message.message_hash.bytes = data->digest().bytes;
  read->message.typed_data_json = message.is_string() ? std::string(view_of(message.get_string()))
                                                      : boost::json::serialize(message);
  return read;
}

}  // namespace holdfast
