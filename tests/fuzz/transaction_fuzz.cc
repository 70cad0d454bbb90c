// Raw transactions: what is read is canonical, so that writing it gives the same bytes, unless it
// was wrapped with blobs.
#include <algorithm>

#include "crypto/transaction.h"
#include "fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace holdfast;
  const ByteView raw(data, size);
  const Result<SignedTransaction> decoded = decode_signed_transaction(raw);
  if (!decoded) {
    CHECK(decoded.error().kind == ErrorKind::invalid_input);
    fuzz::check_message(decoded.error().message);
    return 0;
  }
  CHECK(check_transaction(decoded->transaction).has_value());
  (void)recover_address(signing_hash(decoded->transaction), decoded->signature);
  (void)normalize_signature(decoded->signature);
  const Bytes written = serialize_signed(decoded->transaction, decoded->signature);
  if (decoded->transaction.blob_versioned_hashes.empty()) {
    CHECK(std::equal(written.begin(), written.end(), raw.begin(), raw.end()));
    return 0;
  }
  // The wrapper holds the unwrapped transaction, without its type, as its first item.
  CHECK(std::search(raw.begin(), raw.end(), written.begin() + 1, written.end()) != raw.end());
  return 0;
}
