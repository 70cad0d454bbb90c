// What TLS needs of the configuration. TLS 1.2 and later; keys come from files that nobody else
// can read (os/file.h).
#pragma once

#include <filesystem>
#include <memory>

#include "os/secret.h"

namespace holdfast {

struct TlsServerSettings {
  /** PEM: the server's certificate, and those between it and its root. */
  std::filesystem::path certificate_file;
  /** PEM, without a password. */
  std::filesystem::path key_file;
  /** PEM: the authorities of the clients' certificates. When it is set, a client without a
      certificate from one of them gets no further than the handshake. */
  std::filesystem::path client_ca_file;
};

struct TlsClientSettings {
  /** PEM: the authorities of the servers' certificates; empty for those of the system. */
  std::filesystem::path ca_file;
  /** The client's own certificate and key in one file, PEM or PKCS#12; empty for none. */
  std::filesystem::path certificate_file;
  /** Of that file; null for none. */
  std::shared_ptr<const Secret> certificate_password;
};

}  // namespace holdfast
