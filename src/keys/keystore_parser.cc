#include "keys/keystore_parser.h"

#include <cctype>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>

#include "base/strict_json.h"
#include "keys/account_parser.h"

namespace holdfast {
namespace {

constexpr std::size_t kKeystoreBytesMax = SecretArena::kSizeMax;
constexpr std::size_t kFirstBlock = 16 * 1024;
constexpr std::string_view kNoFeeRecipient =
    "no validator can be without a feeRecipient: give it one, or set feeRecipient at the top level";

/** Reads `field` of the object with `read` into `into`, when it is there. */
template <class T, class Read>
Result<void> read_optional(const JsonNode& object, std::string_view field, T& into, Read read) {
  const std::optional<JsonNode> node = object.optional(field);
  if (!node) return {};
  auto value = read(*node);
  if (!value) return std::move(value).error();
  into = std::move(*value);
  return {};
}

class FileParser {
 public:
  FileParser(std::shared_ptr<const std::string> file, const JsonNode& root)
      : parts_(file), root_(root) {
    keystore_.file = std::move(file);
  }

  Result<KeystoreFile> parse() {
    for (const auto step : {&FileParser::read_version, &FileParser::read_defaults,
                            &FileParser::read_validators, &FileParser::read_other_accounts,
                            &FileParser::read_version_2, &FileParser::check_whole}) {
      const Result<void> done = (this->*step)();
      if (!done) return done.error();
    }
    return std::move(keystore_);
  }

 private:
  Result<void> read_version() {
    if (!root_.is_object()) {
      return root_.error(std::string("a keystore is an object, and this is ") +
                         std::string(root_.kind()));
    }
    const Result<JsonNode> version = root_.required("schemaVersion");
    if (!version) return version.error();
    const Result<std::int64_t> number = version->integer(1);
    if (!number || *number > 2) return version->error("the schema version must be 1 or 2");
    keystore_.schema_version = static_cast<int>(*number);
    if (keystore_.schema_version == 2) {
      return root_.expect_fields({"schemaVersion", "validators", "slasher", "remoteSigner",
                                  "prover", "fundingAccount", "publisher", "coinbase",
                                  "feeRecipient"});
    }
    for (const std::string_view field : {"publisher", "coinbase", "feeRecipient"}) {
      if (!root_.has(field)) continue;
      return root_.error(std::string(field) + " at the top level needs schemaVersion 2");
    }
    return root_.expect_fields(
        {"schemaVersion", "validators", "slasher", "remoteSigner", "prover", "fundingAccount"});
  }

  Result<void> read_defaults() {
    return read_optional(root_, "remoteSigner", keystore_.remote_signer,
                         [this](const JsonNode& node) { return parts_.remote_signer(node); });
  }

  Result<void> read_validators() {
    const std::optional<JsonNode> list = root_.optional("validators");
    if (!list) return {};
    const Result<std::vector<JsonNode>> nodes = list->elements();
    if (!nodes) return nodes.error();
    keystore_.validators.emplace();
    keystore_.validators->reserve(nodes->size());
    for (const JsonNode& node : *nodes) {
      Result<KeystoreValidator> validator = read_validator(node);
      if (!validator) return std::move(validator).error();
      keystore_.validators->push_back(std::move(*validator));
    }
    return {};
  }

  Result<KeystoreValidator> read_validator(const JsonNode& node) {
    Result<void> done = node.expect_fields(
        {"attester", "coinbase", "publisher", "feeRecipient", "remoteSigner", "fundingAccount"});
    if (!done) return std::move(done).error();
    KeystoreValidator validator;
    validator.place = parts_.place(node);
    const Result<JsonNode> attester = node.required("attester");
    if (!attester) return attester.error();
    Result<std::vector<KeystoreAttester>> attesters = parts_.attesters(*attester);
    if (!attesters) return std::move(attesters).error();
    validator.attesters = std::move(*attesters);

    done = read_optional(node, "publisher", validator.publishers,
                         [this](const JsonNode& field) { return parts_.accounts(field); });
    if (!done) return std::move(done).error();
    done = read_optional(node, "coinbase", validator.coinbase, &AccountParser::address);
    if (!done) return std::move(done).error();
    done =
        read_optional(node, "feeRecipient", validator.fee_recipient, &AccountParser::aztec_address);
    if (!done) return std::move(done).error();
    done = read_optional(node, "remoteSigner", validator.remote_signer,
                         [this](const JsonNode& field) { return parts_.remote_signer(field); });
    if (!done) return std::move(done).error();
    done = read_optional(node, "fundingAccount", validator.funding_account,
                         [this](const JsonNode& field) { return parts_.account(field); });
    if (!done) return std::move(done).error();
    if (keystore_.schema_version == 1 && !validator.fee_recipient) {
      return node.error("'feeRecipient' is missing");
    }
    return validator;
  }

  Result<void> read_other_accounts() {
    Result<void> done =
        read_optional(root_, "slasher", keystore_.slashers,
                      [this](const JsonNode& field) { return parts_.accounts(field); });
    if (!done) return done;
    done = read_optional(root_, "fundingAccount", keystore_.funding_account,
                         [this](const JsonNode& field) { return parts_.account(field); });
    if (!done) return done;
    return read_optional(root_, "prover", keystore_.prover,
                         [this](const JsonNode& field) { return read_prover(field); });
  }

  Result<KeystoreProver> read_prover(const JsonNode& node) {
    KeystoreProver prover;
    prover.place = parts_.place(node);
    if (!node.has("id") && !node.has("publisher")) {
      Result<KeystoreAccount> account = parts_.account(node);
      if (!account) return std::move(account).error();
      prover.publishers.push_back(std::move(*account));
      return prover;
    }
    const Result<void> fields = node.expect_fields({"id", "publisher"});
    if (!fields) return fields.error();
    const Result<JsonNode> id = node.required("id");
    if (!id) return id.error();
    const Result<Address> address = AccountParser::address(*id);
    if (!address) return address.error();
    prover.id = *address;
    const Result<JsonNode> publisher = node.required("publisher");
    if (!publisher) return publisher.error();
    Result<std::vector<KeystoreAccount>> publishers = parts_.accounts(*publisher);
    if (!publishers) return std::move(publishers).error();
    prover.publishers = std::move(*publishers);
    return prover;
  }

  Result<void> read_version_2() {
    if (keystore_.schema_version != 2) return {};
    Result<void> done =
        read_optional(root_, "publisher", keystore_.publishers,
                      [this](const JsonNode& field) { return parts_.accounts(field); });
    if (!done) return done;
    done = read_optional(root_, "coinbase", keystore_.coinbase, &AccountParser::address);
    if (!done) return done;
    return read_optional(root_, "feeRecipient", keystore_.fee_recipient,
                         &AccountParser::aztec_address);
  }

  Result<void> check_whole() {
    if (!keystore_.validators && !keystore_.prover) {
      return root_.error("a keystore needs 'validators' or 'prover'");
    }
    if (keystore_.fee_recipient || !keystore_.validators) return {};
    for (const KeystoreValidator& validator : *keystore_.validators) {
      if (validator.fee_recipient) continue;
      return Error{ErrorKind::invalid_input,
                   validator.place.path + ": " + std::string(kNoFeeRecipient)};
    }
    return {};
  }

  AccountParser parts_;
  JsonNode root_;
  KeystoreFile keystore_;
};

}  // namespace

std::string without_hex_runs(std::string_view message) {
  constexpr std::size_t kRunMax = 8;
  std::string shown;
  std::size_t i = 0;
  while (i < message.size()) {
    std::size_t end = i;
    while (end < message.size() && std::isxdigit(static_cast<unsigned char>(message[end])) != 0) {
      ++end;
    }
    if (end - i > kRunMax) {
      shown += "<not shown>";
    } else {
      end = std::max(end, i + 1);
      shown += message.substr(i, end - i);
    }
    i = end;
  }
  return shown;
}

Result<KeystoreFile> parse_keystore(std::shared_ptr<const std::string> file, std::string_view text,
                                    WipingResource& memory) {
  boost::json::monotonic_resource tree(kFirstBlock, boost::json::storage_ptr(&memory));
  StrictJsonLimits limits;
  limits.max_bytes = kKeystoreBytesMax;
  Result<boost::json::value> parsed = parse_strict_json(text, limits, &tree);
  if (!parsed) {
    return Error{ErrorKind::invalid_input, *file + ": " + without_hex_runs(parsed.error().message)};
  }
  FileParser parser(file, JsonNode(*parsed, ""));
  Result<KeystoreFile> keystore = parser.parse();
  if (!keystore) return std::move(keystore).error().within(*file);
  return keystore;
}

Result<KeystoreFile> parse_keystore(std::string file, std::string_view text) {
  WipingResource memory;
  return parse_keystore(std::make_shared<const std::string>(std::move(file)), text, memory);
}

}  // namespace holdfast
