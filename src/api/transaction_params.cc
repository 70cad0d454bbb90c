#include "api/transaction_params.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/hex.h"
#include "base/quote.h"
#include "crypto/uint256.h"

namespace holdfast {
namespace {

/** FIELD_ELEMENTS_PER_BLOB * BYTES_PER_FIELD_ELEMENT of EIP-4844. */
constexpr std::size_t kBlobBytes = 131072;

constexpr std::array<std::string_view, 14> kFields = {"from",
                                                      "to",
                                                      "data",
                                                      "value",
                                                      "nonce",
                                                      "gas",
                                                      "type",
                                                      "maxFeePerGas",
                                                      "maxPriorityFeePerGas",
                                                      "chainId",
                                                      "accessList",
                                                      "maxFeePerBlobGas",
                                                      "blobs",
                                                      "blobVersionedHashes"};

std::string_view view_of(const boost::json::string& text) noexcept {
  return {text.data(), text.size()};
}

Error wrong(std::string_view field, std::string_view what) {
  return Error{ErrorKind::invalid_input, fmt::format("params[0].{}: {}", field, what)};
}

/** The fields of the one object; null is the same as absent, as JavaScript clients send it. */
class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(object) {}

  const boost::json::value* find(std::string_view name) const {
    const boost::json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  Result<std::optional<Uint256>> quantity(std::string_view name) const {
    const boost::json::value* value = find(name);
    if (value == nullptr) return std::optional<Uint256>();
    const auto number =
        value->is_string() ? uint256_from_hex(view_of(value->get_string())) : std::nullopt;
    if (!number) return wrong(name, "must be a quantity: 0x and hex digits, below 2^256");
    return number;
  }

  Result<Uint256> needed_quantity(std::string_view name) const {
    Result<std::optional<Uint256>> number = quantity(name);
    if (!number) return std::move(number).error();
    if (!number->has_value()) return wrong(name, "is missing; nothing is filled in");
    return **number;
  }

  Result<std::uint64_t> needed_uint64(std::string_view name) const {
    Result<Uint256> number = needed_quantity(name);
    if (!number) return std::move(number).error();
    const std::optional<std::uint64_t> small = to_uint64(*number);
    if (!small) return wrong(name, "is above 2^64 - 1");
    return *small;
  }

  Result<std::optional<Address>> address(std::string_view name) const {
    const boost::json::value* value = find(name);
    if (value == nullptr) return std::optional<Address>();
    if (!value->is_string()) return wrong(name, "must be an address as a string");
    Result<Address> address = address_from_text(view_of(value->get_string()));
    if (!address) return wrong(name, address.error().message);
    return std::optional<Address>(*address);
  }

  Result<Bytes> bytes(std::string_view name) const {
    const boost::json::value* value = find(name);
    if (value == nullptr) return Bytes{};
    auto bytes = value->is_string() ? bytes_from_hex(view_of(value->get_string())) : std::nullopt;
    if (!bytes) return wrong(name, "must be bytes as 0x and hex digits");
    return std::move(*bytes);
  }

  /** Absent: empty. */
  Result<const boost::json::array*> array(std::string_view name) const {
    static const boost::json::array kEmpty;
    const boost::json::value* value = find(name);
    if (value == nullptr) return &kEmpty;
    if (!value->is_array()) return wrong(name, "must be an array");
    return &value->get_array();
  }

 private:
  const boost::json::object& object_;
};

Result<void> read_numbers(const Fields& fields, Transaction& transaction) {
  const auto nonce = fields.needed_uint64("nonce");
  if (!nonce) return nonce.error();
  const auto gas = fields.needed_uint64("gas");
  if (!gas) return gas.error();
  const auto fee = fields.needed_quantity("maxFeePerGas");
  if (!fee) return fee.error();
  const auto priority_fee = fields.needed_quantity("maxPriorityFeePerGas");
  if (!priority_fee) return priority_fee.error();
  const auto value = fields.quantity("value");
  if (!value) return value.error();
  const auto blob_fee = fields.quantity("maxFeePerBlobGas");
  if (!blob_fee) return blob_fee.error();
  transaction.nonce = *nonce;
  transaction.gas = *gas;
  transaction.max_fee_per_gas = *fee;
  transaction.max_priority_fee_per_gas = *priority_fee;
  transaction.value = value->value_or(Uint256{});
  transaction.max_fee_per_blob_gas = *blob_fee;
  return {};
}

bool is_blob(const boost::json::value& value) {
  if (!value.is_string()) return false;
  const std::string_view text = view_of(value.get_string());
  if (text.size() != 2 + 2 * kBlobBytes || text.substr(0, 2) != "0x") return false;
  return std::all_of(text.begin() + 2, text.end(), [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
           (digit >= 'A' && digit <= 'F');
  });
}

Result<void> read_blobs(const Fields& fields, Transaction& transaction) {
  const auto hashes = fields.array("blobVersionedHashes");
  if (!hashes) return hashes.error();
  for (std::size_t at = 0; at < (*hashes)->size(); ++at) {
    const boost::json::value& value = (**hashes)[at];
    const auto hash =
        value.is_string() ? fixed_from_hex<Hash256>(view_of(value.get_string())) : std::nullopt;
    if (!hash) {
      return wrong(fmt::format("blobVersionedHashes[{}]", at), "must be 32 bytes as 0x and hex");
    }
    transaction.blob_versioned_hashes.push_back(*hash);
  }
  const auto blobs = fields.array("blobs");
  if (!blobs) return blobs.error();
  if (fields.find("blobs") != nullptr && (*blobs)->size() != (*hashes)->size()) {
    return wrong("blobs", fmt::format("has {} blobs for {} versioned hashes", (*blobs)->size(),
                                      (*hashes)->size()));
  }
  for (std::size_t at = 0; at < (*blobs)->size(); ++at) {
    if (!is_blob((**blobs)[at])) {
      return wrong(fmt::format("blobs[{}]", at), "must be 131072 bytes as 0x and hex digits");
    }
  }
  return {};
}

/** What a client need not send, because the configuration or the other fields say it. */
Result<void> check_stated(const Fields& fields, const Transaction& transaction) {
  const auto chain_id = fields.quantity("chainId");
  if (!chain_id) return chain_id.error();
  if (*chain_id && **chain_id != uint256_from(transaction.chain_id)) {
    return wrong("chainId", fmt::format("is not {}, the chain that this signer is configured for",
                                        transaction.chain_id));
  }
  const auto type = fields.quantity("type");
  if (!type) return type.error();
  const std::uint64_t expected = transaction.blob_versioned_hashes.empty() ? 2 : 3;
  if (*type && **type != uint256_from(expected)) {
    return wrong("type", fmt::format("must be 0x{} for these fields: only EIP-1559 (0x2) and "
                                     "EIP-4844 (0x3) transactions are signed",
                                     expected));
  }
  const auto access_list = fields.array("accessList");
  if (!access_list) return access_list.error();
  if (!(*access_list)->empty()) {
    return wrong("accessList", "must be empty: an access list is not signed");
  }
  return {};
}

}  // namespace

Result<TransactionParams> transaction_params(const boost::json::array& params,
                                             std::uint64_t chain_id) {
  if (params.size() != 1 || !params[0].is_object()) {
    return Error{ErrorKind::invalid_input, "params: must be [transaction]"};
  }
  const boost::json::object& object = params[0].get_object();
  for (const auto& [key, value] : object) {
    const std::string_view name{key.data(), key.size()};
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      return Error{ErrorKind::invalid_input,
                   fmt::format("params[0]: unknown key {}; only EIP-1559 and EIP-4844 transactions "
                               "are signed",
                               quoted(name))};
    }
  }
  const Fields fields(object);
  TransactionParams read;
  read.transaction.chain_id = chain_id;
  const auto from = fields.address("from");
  if (!from) return from.error();
  if (!from->has_value()) return wrong("from", "is missing");
  read.from = **from;
  const auto to = fields.address("to");
  if (!to) return to.error();
  read.transaction.to = *to;
  auto data = fields.bytes("data");
  if (!data) return std::move(data).error();
  read.transaction.data = std::move(*data);
  Result<void> checked = read_numbers(fields, read.transaction);
  if (checked) checked = read_blobs(fields, read.transaction);
  if (checked) checked = check_stated(fields, read.transaction);
  if (!checked) return std::move(checked).error();
  checked = check_transaction(read.transaction);
  if (!checked) return std::move(checked).error().within("params[0]");
  return read;
}

}  // namespace holdfast
