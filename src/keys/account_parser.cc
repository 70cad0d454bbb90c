#include "keys/account_parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hex.h"

namespace holdfast {
namespace {

// The order of BN254's scalar field, r; Aztec's field elements are below it.
constexpr AztecAddress kFieldModulus{{0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29,
                                      0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
                                      0x28, 0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91,
                                      0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01}};

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0; });
}

bool is_key_text(std::string_view text) noexcept {
  return text.size() == 66 && text.starts_with("0x") && is_hex(text.substr(2));
}

/** The bytes of a text for which is_key_text holds, with no copy of them outside the Secret. */
Result<Secret> secret_from_key_text(std::string_view text) {
  Result<Secret> secret = Secret::zeros(32);
  if (!secret) return secret;
  const std::span<std::uint8_t> bytes = secret->mutable_view();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 + 2 * i]);
    const int low = hex_value(text[3 + 2 * i]);
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return secret;
}

std::string with_prefix(std::string_view text) {
  return text.starts_with("0x") ? std::string(text) : "0x" + std::string(text);
}

Result<std::optional<Secret>> optional_secret(const JsonNode& object, std::string_view field) {
  const std::optional<JsonNode> node = object.optional(field);
  if (!node) return std::optional<Secret>();
  const Result<std::string_view> text = node->text();
  if (!text) return text.error();
  Result<Secret> secret = Secret::copy_of(as_bytes(*text));
  if (!secret) return std::move(secret).error().within(node->path());
  return std::optional<Secret>(std::move(*secret));
}

/** Refuses an optional field that is there and no string. */
Result<void> expect_optional_text(const JsonNode& object, std::string_view field) {
  const std::optional<JsonNode> node = object.optional(field);
  if (!node) return {};
  const Result<std::string_view> text = node->text();
  if (!text) return text.error();
  return {};
}

}  // namespace

Result<Address> AccountParser::address(const JsonNode& node) {
  const Result<std::string_view> text = node.text();
  if (!text) return text.error();
  const std::string prefixed = with_prefix(*text);
  if (prefixed.size() != 42 || !is_hex(std::string_view(prefixed).substr(2))) {
    return node.error("not an address: it takes 0x and 40 hex digits");
  }
  const Result<Address> address = address_from_text(prefixed);
  if (!address) {
    return node.error(
        "the address has a wrong EIP-55 check sum: a digit or a letter's case is "
        "mistyped (or write it in lower case)");
  }
  return *address;
}

Result<AztecAddress> AccountParser::aztec_address(const JsonNode& node) {
  const Result<std::string_view> text = node.text();
  if (!text) return text.error();
  const std::optional<AztecAddress> address = fixed_from_hex<AztecAddress>(with_prefix(*text));
  if (!address) return node.error("not an Aztec address: it takes 0x and 64 hex digits");
  if (*address >= kFieldModulus) {
    return node.error("not an Aztec address: the number is not below the field modulus");
  }
  return *address;
}

Result<KeystoreAccount> AccountParser::account(const JsonNode& node) const {
  if (node.is_text()) {
    const Result<std::string_view> text = node.text();
    if (!text) return text.error();
    return account_text(node, *text);
  }
  if (!node.is_object()) {
    return node.error(
        fmt::format("expected an account (a private key, an address or an object), "
                    "found {}",
                    node.kind()));
  }
  if (node.has("mnemonic")) return node.error("a mnemonic cannot stand here");
  if (node.has("eth")) return node.error("only an attester can be {eth, bls}");
  if (node.has("path")) return encrypted_file(node);
  return remote_account(node);
}

Result<KeystoreAccount> AccountParser::account_text(const JsonNode& node,
                                                    std::string_view text) const {
  if (is_key_text(text)) {
    Result<Secret> key = secret_from_key_text(text);
    if (!key) return std::move(key).error().within(node.path());
    return KeystoreAccount{place(node), LocalKeyAccount{std::move(*key), std::nullopt}};
  }
  const std::size_t digits = text.size() - (text.starts_with("0x") ? 2 : 0);
  if (digits != 40) {
    return node.error(
        "neither a private key (0x and 64 hex digits) nor an address (0x and 40 hex "
        "digits)");
  }
  const Result<Address> address = AccountParser::address(node);
  if (!address) return address.error();
  return KeystoreAccount{place(node), RemoteAccount{*address, nullptr}};
}

Result<KeystoreAccount> AccountParser::mnemonic(const JsonNode& node) const {
  const Result<void> fields = node.expect_fields(
      {"mnemonic", "addressIndex", "accountIndex", "addressCount", "accountCount"});
  if (!fields) return fields.error();
  const Result<JsonNode> words = node.required("mnemonic");
  if (!words) return words.error();
  const Result<std::string_view> text = words->text();
  if (!text) return text.error();
  if (text->find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return words->error("the mnemonic is empty");
  }
  for (const std::string_view name : {"addressIndex", "accountIndex"}) {
    const std::optional<JsonNode> index = node.optional(name);
    if (!index) continue;
    const Result<std::int64_t> number = index->integer(0);
    if (!number) return number.error();
  }
  for (const std::string_view name : {"addressCount", "accountCount"}) {
    const std::optional<JsonNode> count = node.optional(name);
    if (!count) continue;
    const Result<std::int64_t> number = count->integer(1);
    if (!number) return number.error();
  }
  return KeystoreAccount{place(node), LaterForm::mnemonic};
}

Result<KeystoreAccount> AccountParser::encrypted_file(const JsonNode& node) const {
  const Result<void> fields = node.expect_fields({"path", "password"});
  if (!fields) return fields.error();
  const Result<JsonNode> path = node.required("path");
  if (!path) return path.error();
  const Result<std::string_view> path_text = path->text();
  if (!path_text) return path_text.error();
  const Result<void> password = expect_optional_text(node, "password");
  if (!password) return password.error();
  return KeystoreAccount{place(node), LaterForm::encrypted_file};
}

Result<KeystoreAccount> AccountParser::remote_account(const JsonNode& node) const {
  const Result<void> fields =
      node.expect_fields({"address", "remoteSignerUrl", "certPath", "certPass"});
  if (!fields) return fields.error();
  const Result<JsonNode> address_node = node.required("address");
  if (!address_node) return address_node.error();
  const Result<Address> address = AccountParser::address(*address_node);
  if (!address) return address.error();
  Result<std::shared_ptr<const RemoteSignerConfig>> signer = remote_fields(node);
  if (!signer) return std::move(signer).error();
  return KeystoreAccount{place(node), RemoteAccount{*address, std::move(*signer)}};
}

Result<std::vector<KeystoreAccount>> AccountParser::accounts(const JsonNode& node) const {
  std::vector<KeystoreAccount> accounts;
  if (!node.is_array()) {
    Result<KeystoreAccount> one = node.has("mnemonic") ? mnemonic(node) : account(node);
    if (!one) return std::move(one).error();
    accounts.push_back(std::move(*one));
    return accounts;
  }
  const Result<std::vector<JsonNode>> nodes = node.elements();
  if (!nodes) return nodes.error();
  accounts.reserve(nodes->size());
  for (const JsonNode& element : *nodes) {
    Result<KeystoreAccount> one = account(element);
    if (!one) return std::move(one).error();
    accounts.push_back(std::move(*one));
  }
  return accounts;
}

Result<std::vector<KeystoreAttester>> AccountParser::attesters(const JsonNode& node) const {
  std::vector<KeystoreAttester> attesters;
  if (!node.is_array()) {
    if (node.has("mnemonic")) {
      Result<KeystoreAccount> words = mnemonic(node);
      if (!words) return std::move(words).error();
      attesters.push_back({std::move(*words), std::nullopt});
      return attesters;
    }
    Result<KeystoreAttester> one = attester(node);
    if (!one) return std::move(one).error();
    attesters.push_back(std::move(*one));
    return attesters;
  }
  const Result<std::vector<JsonNode>> nodes = node.elements();
  if (!nodes) return nodes.error();
  attesters.reserve(nodes->size());
  for (const JsonNode& element : *nodes) {
    Result<KeystoreAttester> one = attester(element);
    if (!one) return std::move(one).error();
    attesters.push_back(std::move(*one));
  }
  return attesters;
}

Result<KeystoreAttester> AccountParser::attester(const JsonNode& node) const {
  if (!node.has("eth")) {
    Result<KeystoreAccount> plain = account(node);
    if (!plain) return std::move(plain).error();
    return KeystoreAttester{std::move(*plain), std::nullopt};
  }
  const Result<void> fields = node.expect_fields({"eth", "bls"});
  if (!fields) return fields.error();
  const Result<JsonNode> eth = node.required("eth");
  if (!eth) return eth.error();
  Result<KeystoreAccount> eth_account = account(*eth);
  if (!eth_account) return std::move(eth_account).error();
  KeystoreAttester attester{std::move(*eth_account), std::nullopt};
  if (const std::optional<JsonNode> bls = node.optional("bls")) {
    Result<BlsKey> key = bls_key(*bls);
    if (!key) return std::move(key).error();
    attester.bls = std::move(*key);
  }
  return attester;
}

Result<BlsKey> AccountParser::bls_key(const JsonNode& node) const {
  if (node.is_object()) {
    Result<KeystoreAccount> file = encrypted_file(node);
    if (!file) return std::move(file).error();
    return BlsKey{place(node), std::nullopt};
  }
  const Result<std::string_view> text = node.text();
  if (!text) return text.error();
  if (!is_key_text(*text)) return node.error("not a BLS private key (0x and 64 hex digits)");
  Result<Secret> key = secret_from_key_text(*text);
  if (!key) return std::move(key).error().within(node.path());
  return BlsKey{place(node), std::move(*key)};
}

Result<std::shared_ptr<const RemoteSignerConfig>> AccountParser::remote_signer(
    const JsonNode& node) const {
  if (node.is_object()) {
    const Result<void> fields = node.expect_fields({"remoteSignerUrl", "certPath", "certPass"});
    if (!fields) return fields.error();
    return remote_fields(node);
  }
  const Result<std::string_view> text = node.text();
  if (!text) return text.error();
  Result<Url> url = parse_url(*text);
  if (!url) return std::move(url).error().within(node.path());
  return std::shared_ptr<const RemoteSignerConfig>(std::make_shared<RemoteSignerConfig>(
      RemoteSignerConfig{std::move(*url), std::nullopt, std::nullopt}));
}

Result<std::shared_ptr<const RemoteSignerConfig>> AccountParser::remote_fields(
    const JsonNode& node) const {
  const Result<JsonNode> url_node = node.required("remoteSignerUrl");
  if (!url_node) return url_node.error();
  const Result<std::string_view> url_text = url_node->text();
  if (!url_text) return url_text.error();
  Result<Url> url = parse_url(*url_text);
  if (!url) return std::move(url).error().within(url_node->path());
  auto config = std::make_shared<RemoteSignerConfig>();
  config->url = std::move(*url);
  if (const std::optional<JsonNode> cert = node.optional("certPath")) {
    const Result<std::string_view> cert_path = cert->text();
    if (!cert_path) return cert_path.error();
    config->cert_path = std::string(*cert_path);
  }
  Result<std::optional<Secret>> cert_pass = optional_secret(node, "certPass");
  if (!cert_pass) return std::move(cert_pass).error();
  config->cert_pass = std::move(*cert_pass);
  return std::shared_ptr<const RemoteSignerConfig>(std::move(config));
}

}  // namespace holdfast
