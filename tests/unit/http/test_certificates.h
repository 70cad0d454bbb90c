// Certificates of a test's own authority, made when the test runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "unit/os/test_files.h"

namespace holdfast::test {

/** A certificate and its key as files: PEM apart, PEM together, and PKCS#12. */
struct Issued {
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::filesystem::path both;
  std::filesystem::path pkcs12;
  /** With kPkcs12Password too. */
  std::filesystem::path encrypted_pem;
};

inline constexpr const char* kPkcs12Password = "open sesame";

/** A certificate authority. */
class TestAuthority {
 public:
  explicit TestAuthority(const FileDir& dir, std::string name);
  ~TestAuthority();

  std::filesystem::path certificate() const;
  /** `alternative_names` as OpenSSL writes them, "IP:127.0.0.1,DNS:localhost"; may be empty. */
  Issued issue(const std::string& common_name, const std::string& alternative_names) const;

 private:
  struct Impl;
  const FileDir& dir_;
  std::string name_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::test
