// Raw transactions: what is read is canonical, so that writing it gives the same bytes, unless it
// was wrapped with blobs.
#include <algorithm>

#include "crypto/transaction.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const holdfast::ByteView raw(data, size);
  const holdfast::Result<holdfast::SignedTransaction> decoded =
      holdfast::decode_signed_transaction(raw);
  if (!decoded) {
    CHECK(decoded.error().kind == holdfast::ErrorKind::invalid_input);
    holdfast::fuzz::check_message(decoded.error().message);
    return 0;
  }
  CHECK(holdfast::check_transaction(decoded->transaction).has_value());
  (void)holdfast::recover_address(holdfast::signing_hash(decoded->transaction), decoded->signature);
  (void)holdfast::normalize_signature(decoded->signature);
  const holdfast::Bytes written =
      holdfast::serialize_signed(decoded->transaction, decoded->signature);
  if (decoded->transaction.blob_versioned_hashes.empty()) {
    CHECK(std::equal(written.begin(), written.end(), raw.begin(), raw.end()));
    return 0;
  }
  // The wrapper holds the unwrapped transaction, without its type, as its first item.
  CHECK(std::search(raw.begin(), raw.end(), written.begin() + 1, written.end()) != raw.end());
  return 0;
}
