#include "unit/http/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "base/check.h"

namespace holdfast::test {
namespace {

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

std::string content(const Bio& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return content(bio);
}

std::string pem_of(EVP_PKEY* key, const char* password) {
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, password ? EVP_aes_256_cbc() : nullptr,
                                      password, password ? int(strlen(password)) : 0, nullptr,
                                      nullptr) == 1);
  return content(bio);
}

void add_extension(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate make(EVP_PKEY* key, const std::string& common_name) {
  static long serial = 1;
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  // A day before now, for machines whose clocks do not agree.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -24L * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24L * 3600);
  X509_set_pubkey(certificate.get(), key);
  CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                                   -1, 0) == 1);
  return certificate;
}

}  // namespace

struct TestAuthority::Impl {
  Key key{EVP_EC_gen("P-256")};
  Certificate certificate;
};

TestAuthority::TestAuthority(const FileDir& dir, std::string name)
    : dir_(dir), name_(std::move(name)), impl_(std::make_unique<Impl>()) {
  impl_->certificate = make(impl_->key.get(), name_);
  X509* const own = impl_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  CHECK(X509_sign(own, impl_->key.get(), EVP_sha256()) > 0);
  dir_.write(name_ + ".crt", pem_of(own));
}

TestAuthority::~TestAuthority() = default;

std::filesystem::path TestAuthority::certificate() const {
  return dir_.path() / (name_ + ".crt");
}

Issued TestAuthority::issue(const std::string& common_name,
                            const std::string& alternative_names) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = make(key.get(), common_name);
  X509* const issuer = impl_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  if (!alternative_names.empty()) {
    add_extension(certificate.get(), issuer, NID_subject_alt_name, alternative_names);
  }
  CHECK(X509_sign(certificate.get(), impl_->key.get(), EVP_sha256()) > 0);

  const std::string certificate_pem = pem_of(certificate.get());
  const std::string key_pem = pem_of(key.get(), nullptr);
  const std::string stem = name_ + "-" + common_name;
  Issued issued;
  issued.certificate = dir_.write(stem + ".crt", certificate_pem);
  issued.key = dir_.write(stem + ".key", key_pem);
  issued.both = dir_.write(stem + ".pem", certificate_pem + key_pem);
  issued.encrypted_pem =
      dir_.write(stem + ".enc.pem", certificate_pem + pem_of(key.get(), kPkcs12Password));
  PKCS12* const container = PKCS12_create(kPkcs12Password, common_name.c_str(), key.get(),
                                          certificate.get(), nullptr, 0, 0, 0, 0, 0);
  CHECK(container != nullptr);
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK(i2d_PKCS12_bio(bio.get(), container) == 1);
  PKCS12_free(container);
  issued.pkcs12 = dir_.write(stem + ".p12", content(bio));
  return issued;
}

}  // namespace holdfast::test
