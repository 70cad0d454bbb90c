// Answers of a remote signer: whatever comes, a signature that is given is canonical and made by
// the key that was asked, and a transaction is the one that was asked.
#include <array>
#include <string_view>

#include "fuzz_check.h"
#include "keys/web3signer_wire.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  // The key 1 and a digest of ones, for which the corpus holds a true signature.
  std::array<std::uint8_t, 32> key{};
  key[31] = 1;
  const holdfast::Address address = *holdfast::address_of_key(key);
  holdfast::Hash256 digest;
  digest.bytes.fill(1);
  const holdfast::SignatureReply signature =
      holdfast::read_signature(body, "0badc0de", address, digest);
  if (const auto* given = std::get_if<holdfast::Signature>(&signature)) {
    CHECK(holdfast::recover_address(digest, *given) == address);
  }
  if (const auto* refused = std::get_if<holdfast::RefusedReply>(&signature)) {
    for (const char c : refused->why) CHECK(c >= 0x20 && c < 0x7f);
  }
  holdfast::Transaction asked;
  asked.chain_id = 1;
  asked.gas = 21'000;
  const holdfast::TransactionReply transaction =
      holdfast::read_transaction(body, "0badc0de", address, asked);
  if (const auto* raw = std::get_if<holdfast::Bytes>(&transaction)) {
    const auto decoded = holdfast::decode_signed_transaction(*raw);
    CHECK(decoded.has_value());
    CHECK(holdfast::recover_address(holdfast::signing_hash(asked), decoded->signature) == address);
  }
  (void)holdfast::read_accounts(body);
  return 0;
}
