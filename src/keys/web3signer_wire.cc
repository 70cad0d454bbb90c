#include "keys/web3signer_wire.h"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hex.h"
#include "base/strict_json.h"
#include "crypto/uint256.h"

namespace holdfast {
namespace {

namespace json = boost::json;

std::string request(std::string_view method, std::string_view params, std::string_view id) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":"{}","params":[{}],"id":{}}})", method, params,
                     id);
}

std::string quoted(std::string_view text) {
  return json::serialize(json::string_view(text));
}

std::optional<Bytes> bytes_of(const json::value& value) {
  const json::string* text = value.if_string();
  if (text == nullptr) return std::nullopt;
  const std::string_view view(*text);
  return view.starts_with("0x") ? bytes_from_hex(view) : bytes_from_hex("0x" + std::string(view));
}

/** Whether the id is the request's, or left out as for an error that is of no certain request. */
bool fits_id(const json::object& reply, std::string_view id) {
  const json::value* value = reply.if_contains("id");
  if (value == nullptr || value->is_null()) return true;
  const json::string* text = value->if_string();
  return text != nullptr && std::string_view(*text) == id;
}

std::variant<BrokenReply, RefusedReply> read_error(const json::object& reply,
                                                   const json::value& error, std::string_view id) {
  const json::value* result = reply.if_contains("result");
  if (result != nullptr && !result->is_null()) {
    return BrokenReply{"it holds both a result and an error"};
  }
  if (!id.empty() && !fits_id(reply, id)) return BrokenReply{"it is the error of another request"};
  const json::object* object = error.if_object();
  const json::value* code = object != nullptr ? object->if_contains("code") : nullptr;
  const json::value* message = object != nullptr ? object->if_contains("message") : nullptr;
  if (code == nullptr || code->if_int64() == nullptr) {
    return BrokenReply{"its error has no code"};
  }
  const std::string_view text =
      message != nullptr && message->is_string() ? std::string_view(message->get_string()) : "";
  return RefusedReply{fmt::format("code {}: {}", code->get_int64(), shown_text(text))};
}

/** The result of the reply, or why there is none. `id` is empty when it does not matter. */
std::variant<BrokenReply, RefusedReply, json::value> read_result(std::string_view body,
                                                                 std::string_view id) {
  Result<json::value> parsed = parse_strict_json(body);
  if (!parsed) return BrokenReply{parsed.error().message};
  json::object* reply = parsed->if_object();
  if (reply == nullptr) return BrokenReply{"it is no JSON object"};
  if (const json::value* error = reply->if_contains("error");
      error != nullptr && !error->is_null()) {
    return std::visit(
        [](auto&& answer) { return std::variant<BrokenReply, RefusedReply, json::value>(answer); },
        read_error(*reply, *error, id));
  }
  json::value* result = reply->if_contains("result");
  if (result == nullptr || result->is_null()) return BrokenReply{"it has no result"};
  return std::move(*result);
}

/** The first field in which the two differ; empty when they are the same transaction. */
std::string_view different_field(const Transaction& asked, const Transaction& was_signed) {
  if (asked.chain_id != was_signed.chain_id) return "chainId";
  if (asked.nonce != was_signed.nonce) return "nonce";
  if (asked.to != was_signed.to) return "to";
  if (asked.value != was_signed.value) return "value";
  if (asked.data != was_signed.data) return "data";
  if (asked.gas != was_signed.gas) return "gas";
  if (asked.max_fee_per_gas != was_signed.max_fee_per_gas) return "maxFeePerGas";
  if (asked.max_priority_fee_per_gas != was_signed.max_priority_fee_per_gas) {
    return "maxPriorityFeePerGas";
  }
  if (asked.max_fee_per_blob_gas != was_signed.max_fee_per_blob_gas) return "maxFeePerBlobGas";
  if (asked.blob_versioned_hashes != was_signed.blob_versioned_hashes) {
    return "blobVersionedHashes";
  }
  return {};
}

/** The canonical form of the signature when `address` made it of the digest. */
std::variant<BrokenReply, Signature> checked(const Signature& given, const Address& address,
                                             const Hash256& digest) {
  const std::optional<Signature> signature = normalize_signature(given);
  if (!signature) return BrokenReply{"r, s or v of its signature is out of range"};
  const std::optional<Address> signer = recover_address(digest, *signature);
  if (!signer) return BrokenReply{"its signature is by no key"};
  if (*signer != address) {
    return BrokenReply{
        fmt::format("its signature is by {}, or of another message", to_text(*signer))};
  }
  return *signature;
}

}  // namespace

std::string shown_text(std::string_view text) {
  constexpr std::size_t kShown = 200;
  std::string shown(text.substr(0, kShown));
  std::ranges::replace_if(
      shown, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  if (text.size() > kShown) shown += "...";
  return shown;
}

std::string eth_accounts_body() {
  return request("eth_accounts", "", "1");
}

std::string sign_body(const Address& address, const SignableMessage& message, std::string_view id) {
  CHECK(message.form != MessageForm::unknown);
  const bool typed = message.form == MessageForm::typed_data;
  const std::string payload = typed ? message.typed_data_json : to_hex(message.message_hash.view());
  return request(typed ? "eth_signTypedData" : "eth_sign",
                 fmt::format("{},{}", quoted(to_text(address)), quoted(payload)), quoted(id));
}

std::string sign_transaction_body(const Address& address, const Transaction& transaction,
                                  std::string_view id) {
  std::string fields = fmt::format(
      R"({{"from":"{}","to":{},"data":"{}","value":"{}","nonce":"0x{:x}","gas":"0x{:x}",)"
      R"("maxFeePerGas":"{}","maxPriorityFeePerGas":"{}")",
      to_text(address), transaction.to ? quoted(to_text(*transaction.to)) : "null",
      to_hex(transaction.data), to_quantity(transaction.value), transaction.nonce, transaction.gas,
      to_quantity(transaction.max_fee_per_gas), to_quantity(transaction.max_priority_fee_per_gas));
  if (transaction.max_fee_per_blob_gas) {
    fields +=
        fmt::format(R"(,"maxFeePerBlobGas":"{}")", to_quantity(*transaction.max_fee_per_blob_gas));
  }
  if (!transaction.blob_versioned_hashes.empty()) {
    std::vector<std::string> hashes;
    for (const Hash256& hash : transaction.blob_versioned_hashes) {
      hashes.push_back(quoted(to_hex(hash.view())));
    }
    fields += fmt::format(R"(,"blobVersionedHashes":[{}])", fmt::join(hashes, ","));
  }
  return request("eth_signTransaction", fields + "}", quoted(id));
}

SignatureReply read_signature(std::string_view body, std::string_view id, const Address& address,
                              const Hash256& digest) {
  const auto result = read_result(body, id);
  if (const auto* broken = std::get_if<BrokenReply>(&result)) return *broken;
  if (const auto* refused = std::get_if<RefusedReply>(&result)) return *refused;
  const std::optional<Bytes> bytes = bytes_of(std::get<json::value>(result));
  if (!bytes) return BrokenReply{"its result is no hex text"};
  if (bytes->size() != Signature::kSize) {
    return BrokenReply{fmt::format("its signature has {} bytes, not 65", bytes->size())};
  }
  Signature given;
  std::ranges::copy(*bytes, given.bytes.begin());
  const std::variant<BrokenReply, Signature> signature = checked(given, address, digest);
  if (const auto* broken = std::get_if<BrokenReply>(&signature)) return *broken;
  return std::get<Signature>(signature);
}

TransactionReply read_transaction(std::string_view body, std::string_view id,
                                  const Address& address, const Transaction& asked) {
  const auto result = read_result(body, id);
  if (const auto* broken = std::get_if<BrokenReply>(&result)) return *broken;
  if (const auto* refused = std::get_if<RefusedReply>(&result)) return *refused;
  const std::optional<Bytes> raw = bytes_of(std::get<json::value>(result));
  if (!raw) return BrokenReply{"its result is no hex text"};
  const Result<SignedTransaction> decoded = decode_signed_transaction(*raw);
  if (!decoded) return BrokenReply{decoded.error().message};
  const std::string_view field = different_field(asked, decoded->transaction);
  if (!field.empty()) {
    return BrokenReply{fmt::format("it signed another {} than it was asked to", field)};
  }
  const std::variant<BrokenReply, Signature> signature =
      checked(decoded->signature, address, signing_hash(asked));
  if (const auto* broken = std::get_if<BrokenReply>(&signature)) return *broken;
  return serialize_signed(asked, std::get<Signature>(signature));
}

AccountsReply read_accounts(std::string_view body) {
  const auto result = read_result(body, "");
  if (const auto* broken = std::get_if<BrokenReply>(&result)) return *broken;
  if (const auto* refused = std::get_if<RefusedReply>(&result)) return *refused;
  const json::array* list = std::get<json::value>(result).if_array();
  if (list == nullptr) return BrokenReply{"its result is no list of accounts"};
  std::vector<Address> accounts;
  accounts.reserve(list->size());
  for (const json::value& element : *list) {
    const json::string* text = element.if_string();
    // Signers differ in the case that they write; what is compared is the address.
    const std::optional<Address> address =
        text != nullptr ? fixed_from_hex<Address>(std::string_view(*text)) : std::nullopt;
    if (!address) return BrokenReply{"its list holds something that is no address"};
    accounts.push_back(*address);
  }
  return accounts;
}

}  // namespace holdfast
