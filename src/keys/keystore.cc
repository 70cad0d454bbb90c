#include "keys/keystore.h"

#include "base/hex.h"

namespace holdfast {
namespace {

bool same_secret(const std::optional<Secret>& left, const std::optional<Secret>& right) {
  if (!left || !right) return left.has_value() == right.has_value();
  return left->equals(right->view());
}

}  // namespace

std::string to_text(const AztecAddress& address) {
  return to_hex(address.view());
}

std::string KeystorePlace::text() const {
  return *file + ": " + path;
}

bool operator==(const RemoteSignerConfig& left, const RemoteSignerConfig& right) {
  return left.url.scheme == right.url.scheme && left.url.host == right.url.host &&
         left.url.port == right.url.port && left.url.target == right.url.target &&
         left.cert_path == right.cert_path && same_secret(left.cert_pass, right.cert_pass);
}

}  // namespace holdfast
