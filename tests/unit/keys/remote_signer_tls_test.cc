// A remote signer behind TLS that asks for a client certificate: the keystore's certPath and
// certPass are used, unlike Aztec's.
#include <gtest/gtest.h>

#include "keys/node_keys.h"
#include "os/io_runtime.h"
#include "support/test_key.h"
#include "unit/http/test_certificates.h"
#include "unit/keys/fake_signer.h"
#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

/** Long enough for any machine; only a test that hangs waits for it. */
constexpr std::chrono::minutes kHanging{2};

class RemoteSignerTlsTest : public testing::Test {
 protected:
  TlsServerSettings server_settings() const {
    TlsServerSettings tls;
    tls.certificate_file = server_certificate.certificate;
    tls.key_file = server_certificate.key;
    tls.client_ca_file = authority.certificate();
    return tls;
  }

  /** Whether the signer was asked for its accounts, over a connection with this certificate. */
  Result<void> check(const std::string& certificate_fields, const std::string& ca_file) {
    const std::string account =
        fmt::format(R"({{"address":"{}","remoteSignerUrl":"https://127.0.0.1:{}"{}}})",
                    to_text(test::address_one()), signer.port(), certificate_fields);
    Result<KeyPlan> plan = test::plan_of({test::keystore_json(test::validator_json(account))});
    if (!plan) return std::move(plan).error();
    RemoteSignerSettings settings;
    settings.ca_file = ca_file;
    settings.call_timeout = kHanging;
    settings.connect_timeout = kHanging;
    Result<std::unique_ptr<NodeKeys>> keys =
        NodeKeys::open(std::move(plan->keys), runtime, random, settings);
    if (!keys) return std::move(keys).error();
    std::optional<Result<void>> checked;
    start((*keys)->check_remote_signers(),
          [&](Result<void> result) { checked.emplace(std::move(result)); });
    CHECK(runtime.run_until([&] { return checked.has_value(); }, kHanging));
    return std::move(*checked);
  }

  std::string certificate(const std::string& path, const std::string& password) const {
    return fmt::format(R"(,"certPath":"{}","certPass":"{}")", path, password);
  }

  test::FileDir dir;
  test::TestAuthority authority{dir, "authority"};
  test::Issued server_certificate = authority.issue("signer", "IP:127.0.0.1");
  test::Issued client_certificate = authority.issue("node-1", "");
  IoRuntime runtime;
  test::CountingRandom random;
  test::FakeSigner signer{runtime, server_settings()};
};

TEST_F(RemoteSignerTlsTest, shows_the_client_certificate_of_the_keystore) {
  const std::string path = client_certificate.pkcs12.string();
  const Result<void> checked =
      check(certificate(path, test::kPkcs12Password), authority.certificate().string());
  EXPECT_EQ(test::outcome_of(checked), "ok");
  EXPECT_EQ(signer.bodies.size(), 1U);
}

TEST_F(RemoteSignerTlsTest, gets_no_answer_without_a_client_certificate) {
  EXPECT_FALSE(check("", authority.certificate().string()).has_value());
  EXPECT_TRUE(signer.bodies.empty());
}

TEST_F(RemoteSignerTlsTest, refuses_a_signer_of_an_unknown_authority) {
  const test::TestAuthority other(dir, "other");
  const std::string path = client_certificate.pkcs12.string();
  EXPECT_FALSE(
      check(certificate(path, test::kPkcs12Password), other.certificate().string()).has_value());
  EXPECT_TRUE(signer.bodies.empty());
}

TEST_F(RemoteSignerTlsTest, refuses_a_wrong_certificate_password_without_showing_it) {
  const std::string path = client_certificate.pkcs12.string();
  const Result<void> checked =
      check(certificate(path, "not-the-password"), authority.certificate().string());
  ASSERT_FALSE(checked.has_value());
  EXPECT_NE(checked.error().message.find(path), std::string::npos) << checked.error().message;
  EXPECT_EQ(checked.error().message.find("not-the-password"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
