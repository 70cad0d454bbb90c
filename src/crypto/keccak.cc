#include "crypto/keccak.h"

#include <memory>

#include <botan/hash.h>

namespace holdfast {
namespace {

/** One hash object for each thread: making one costs more than a short digest. It is empty again
    after every digest. */
Botan::HashFunction& this_threads_keccak() {
  static thread_local const std::unique_ptr<Botan::HashFunction> hash =
      Botan::HashFunction::create_or_throw("Keccak-1600(256)");
  return *hash;
}

}  // namespace

Hash256 keccak256(ByteView bytes) {
  return keccak256({bytes});
}

Hash256 keccak256(std::initializer_list<ByteView> parts) {
  Botan::HashFunction& hash = this_threads_keccak();
  for (const ByteView part : parts) hash.update(part.data(), part.size());
  Hash256 digest;
  hash.final(digest.bytes.data());
  return digest;
}

}  // namespace holdfast
