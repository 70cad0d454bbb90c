#include "http/tls_context.h"

#include <string.h>

#include <algorithm>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "os/file.h"

namespace holdfast::http_detail {
namespace {

constexpr std::size_t kFileMax = std::size_t{1} << 20;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<&BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, Free<&PKCS12_free>>;

struct Identity {
  Certificate certificate;
  Key key;
  std::vector<Certificate> chain;
};

Error file_error(const std::filesystem::path& path, std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return Error{ErrorKind::invalid_input,
               fmt::format("{}: {}{}{}", path.string(), what, reason != nullptr ? ": " : "",
                           reason != nullptr ? reason : "")};
}

Bio memory_of(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/** Gives the password to OpenSSL, or none; without this OpenSSL would ask on the terminal. */
int give_password(char* into, int size, int, void* secret) {
  if (secret == nullptr || size <= 0) return 0;
  const std::string_view password = static_cast<const Secret*>(secret)->text();
  if (password.size() > static_cast<std::size_t>(size)) return 0;
  std::copy(password.begin(), password.end(), into);
  return static_cast<int>(password.size());
}

Result<Key> key_from_pem(const std::filesystem::path& path, std::string_view pem,
                         const Secret* password) {
  const Bio bio = memory_of(pem);
  Key key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, &give_password, const_cast<Secret*>(password)));
  if (!key) {
    return file_error(path, password != nullptr
                                ? "holds no private key in PEM form that its password opens"
                                : "holds no private key in PEM form without a password");
  }
  return key;
}

Result<Identity> identity_from_pem(const std::filesystem::path& path, std::string_view pem,
                                   const Secret* password) {
  Identity identity;
  Result<Key> key = key_from_pem(path, pem, password);
  if (!key) return std::move(key).error();
  identity.key = *std::move(key);
  const Bio bio = memory_of(pem);
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, &give_password, nullptr)}) {
    if (!identity.certificate) {
      identity.certificate = std::move(next);
    } else {
      identity.chain.push_back(std::move(next));
    }
  }
  ERR_clear_error();
  if (!identity.certificate) return file_error(path, "holds no certificate in PEM form");
  return identity;
}

Result<Identity> identity_from_pkcs12(const std::filesystem::path& path, std::string_view bytes,
                                      const Secret* password) {
  const Bio bio = memory_of(bytes);
  const Pkcs12 container(d2i_PKCS12_bio(bio.get(), nullptr));
  if (!container) return file_error(path, "is neither PEM nor PKCS#12");
  // OpenSSL wants a string that ends in a zero, so the secret is copied once and wiped.
  std::string text(password != nullptr ? password->text() : std::string_view());
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int parsed = PKCS12_parse(container.get(), text.c_str(), &key, &certificate, &others);
  wipe(text);
  Identity identity{Certificate(certificate), Key(key), {}};
  while (others != nullptr && sk_X509_num(others) > 0) {
    identity.chain.emplace_back(sk_X509_shift(others));
  }
  sk_X509_free(others);
  if (parsed != 1) {
    return file_error(path,
                      "the PKCS#12 container cannot be opened: its password is wrong, or it is "
                      "encrypted by an outdated method (make it again with `openssl pkcs12 "
                      "-export`)");
  }
  if (!identity.certificate || !identity.key) {
    return file_error(path, "the PKCS#12 container lacks a certificate or its private key");
  }
  return identity;
}

Result<Identity> read_identity(const TlsClientSettings& settings) {
  const std::filesystem::path& path = settings.certificate_file;
  const Result<Secret> file = read_secret_file(path, kFileMax, TrailingNewline::keep);
  if (!file) return Error(file.error());
  const Secret* const password = settings.certificate_password.get();
  return file->text().find("-----BEGIN ") != std::string_view::npos
             ? identity_from_pem(path, file->text(), password)
             : identity_from_pkcs12(path, file->text(), password);
}

Result<void> use_ca_file(SSL_CTX* context, const std::filesystem::path& path) {
  // read_file tells a missing file from a bad one, which OpenSSL does not.
  if (Result<std::string> content = read_file(path, kFileMax); !content) {
    return std::move(content).error();
  }
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1) {
    return file_error(path, "holds no certificate authorities in PEM form");
  }
  return {};
}

void use_modern_tls(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context, &give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
}

Result<void> use_server_certificate(SSL_CTX* context, const TlsServerSettings& settings) {
  if (Result<std::string> chain = read_file(settings.certificate_file, kFileMax); !chain) {
    return std::move(chain).error();
  }
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate_file.c_str()) != 1) {
    return file_error(settings.certificate_file, "holds no certificate in PEM form");
  }
  const Result<Secret> pem = read_secret_file(settings.key_file, kFileMax, TrailingNewline::keep);
  if (!pem) return Error(pem.error());
  Result<Key> key = key_from_pem(settings.key_file, pem->text(), nullptr);
  if (!key) return std::move(key).error();
  if (SSL_CTX_use_PrivateKey(context, key->get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return file_error(settings.key_file,
                      fmt::format("is not the key of {}", settings.certificate_file.string()));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> make_server_context(const TlsServerSettings& settings) {
  ERR_clear_error();
  auto context = std::make_shared<TlsContext>(TlsContext::tls_server);
  SSL_CTX* const native = context->native_handle();
  use_modern_tls(native);
  // Connections are kept; resumption would only add ways in.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  if (Result<void> used = use_server_certificate(native, settings); !used) {
    return std::move(used).error();
  }
  if (!settings.client_ca_file.empty()) {
    if (Result<void> used = use_ca_file(native, settings.client_ca_file); !used) {
      return std::move(used).error();
    }
    SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(settings.client_ca_file.c_str()));
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

Result<std::shared_ptr<TlsContext>> make_client_context(const TlsClientSettings& settings) {
  ERR_clear_error();
  auto context = std::make_shared<TlsContext>(TlsContext::tls_client);
  SSL_CTX* const native = context->native_handle();
  use_modern_tls(native);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  if (settings.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(native);
  } else if (Result<void> used = use_ca_file(native, settings.ca_file); !used) {
    return std::move(used).error();
  }
  if (settings.certificate_file.empty()) return context;
  Result<Identity> identity = read_identity(settings);
  if (!identity) return std::move(identity).error();
  if (SSL_CTX_use_certificate(native, identity->certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(native, identity->key.get()) != 1 ||
      SSL_CTX_check_private_key(native) != 1) {
    return file_error(settings.certificate_file, "its certificate and key are not a pair");
  }
  for (const Certificate& above : identity->chain) SSL_CTX_add1_chain_cert(native, above.get());
  return context;
}

bool expect_server(SSL* tls, const std::string& host) {
  std::uint8_t address[sizeof(in6_addr)];
  if (inet_pton(AF_INET, host.c_str(), address) == 1 ||
      inet_pton(AF_INET6, host.c_str(), address) == 1) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str()) == 1;
  }
  SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(tls, host.c_str()) == 1 && SSL_set_tlsext_host_name(tls, host.c_str()) == 1;
}

std::string peer_subject(SSL* tls) {
  const X509* const certificate = SSL_get0_peer_certificate(tls);
  if (certificate == nullptr) return {};
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace holdfast::http_detail
