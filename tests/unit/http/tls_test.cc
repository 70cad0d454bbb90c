// TLS on both sides: who is let in, who is believed, and what a wrong file is told to be.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "http/client.h"
#include "unit/http/echo_server.h"
#include "unit/http/test_certificates.h"

namespace holdfast {
namespace {

using test::EchoServer;
using test::eventually;
using test::FileDir;
using test::Issued;
using test::loopback_settings;
using test::RawSocket;
using test::TestAuthority;

std::shared_ptr<const Secret> secret(std::string_view text) {
  Result<Secret> made = Secret::copy_of(as_bytes(text));
  EXPECT_TRUE(made);
  return std::make_shared<const Secret>(*std::move(made));
}

HttpExchange ask(IoRuntime& runtime, TlsClientSettings tls, std::uint16_t port,
                 const std::string& host = "127.0.0.1") {
  HttpClientSettings settings;
  settings.tls = std::move(tls);
  settings.connect_timeout = std::chrono::minutes(10);
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(runtime, std::move(settings));
  if (!client) return NotSent{client.error()};
  std::optional<HttpExchange> end;
  HttpCall call;
  call.url = Url{UrlScheme::https, host, port, "/over-tls"};
  call.body = "hello";
  call.timeout = std::chrono::minutes(10);
  start((*client)->send(std::move(call)),
        [&](HttpExchange exchange) { end = std::move(exchange); });
  EXPECT_TRUE(eventually(runtime, [&] { return end.has_value(); }));
  return std::move(*end);
}

bool is_answered(const HttpExchange& end) {
  const auto* const answer = std::get_if<HttpAnswer>(&end);
  return answer != nullptr && answer->body == "POST /over-tls [] hello";
}

struct Tls : testing::Test {
  TlsServerSettings server_settings(const std::filesystem::path& client_ca = {}) {
    return {server.certificate, server.key, client_ca};
  }
  HttpServerSettings with(TlsServerSettings tls) {
    HttpServerSettings settings = loopback_settings();
    settings.tls = std::move(tls);
    return settings;
  }

  FileDir dir;
  TestAuthority authority{dir, "authority"};
  TestAuthority stranger{dir, "stranger"};
  Issued server = authority.issue("server", "IP:127.0.0.1,DNS:localhost");
  Issued client = authority.issue("client", "");
};

TEST_F(Tls, serves_a_client_that_trusts_its_authority) {
  EchoServer echo(with(server_settings()));
  EXPECT_TRUE(is_answered(
      ask(echo.runtime(), {authority.certificate(), {}, nullptr}, echo.server().local_port())));
  EXPECT_TRUE(is_answered(ask(echo.runtime(), {authority.certificate(), {}, nullptr},
                              echo.server().local_port(), "localhost")));
  EXPECT_EQ(echo.seen().at(0).client_certificate, "");
}

TEST_F(Tls, keeps_connections_and_sends_large_answers) {
  EchoServer echo(with(server_settings()));
  HttpClientSettings settings;
  settings.tls.ca_file = authority.certificate();
  settings.body_bytes_max = 10'000'000;
  Result<std::unique_ptr<HttpClient>> made = HttpClient::create(echo.runtime(), settings);
  ASSERT_TRUE(made);
  for (int i = 0; i < 5; ++i) {
    std::optional<HttpExchange> end;
    HttpCall call;
    call.url = Url{UrlScheme::https, "127.0.0.1", echo.server().local_port(),
                   i == 2 ? "/large" : "/small"};
    call.body = std::string(200'000, 'b');
    call.timeout = std::chrono::minutes(10);
    start((*made)->send(std::move(call)),
          [&](HttpExchange exchange) { end = std::move(exchange); });
    ASSERT_TRUE(eventually(echo.runtime(), [&] { return end.has_value(); }));
    const auto* const answer = std::get_if<HttpAnswer>(&*end);
    ASSERT_NE(answer, nullptr) << i;
    EXPECT_GT(answer->body.size(), i == 2 ? 7'999'999U : 200'000U);
  }
  EXPECT_EQ(echo.seen().size(), 5U);
}

TEST_F(Tls, refuses_clients_without_a_certificate_of_the_right_authority) {
  EchoServer echo(with(server_settings(authority.certificate())));
  const std::uint16_t port = echo.server().local_port();
  const Issued other = stranger.issue("client", "");
  EXPECT_FALSE(is_answered(ask(echo.runtime(), {authority.certificate(), {}, nullptr}, port)));
  EXPECT_FALSE(
      is_answered(ask(echo.runtime(), {authority.certificate(), other.both, nullptr}, port)));
  EXPECT_TRUE(
      eventually(echo.runtime(), [&] { return echo.server().stats().handshakes_failed == 2; }));
  EXPECT_TRUE(echo.seen().empty());
  EXPECT_TRUE(
      is_answered(ask(echo.runtime(), {authority.certificate(), client.both, nullptr}, port)));
  EXPECT_EQ(echo.seen().at(0).client_certificate, "CN=client");
}

TEST_F(Tls, takes_client_certificates_as_pem_and_pkcs12_with_their_passwords) {
  EchoServer echo(with(server_settings(authority.certificate())));
  const std::uint16_t port = echo.server().local_port();
  const auto password = secret(test::kPkcs12Password);
  for (const auto& file : {client.pkcs12, client.encrypted_pem}) {
    EXPECT_TRUE(is_answered(ask(echo.runtime(), {authority.certificate(), file, password}, port)))
        << file;
    for (const auto& wrong : {secret("wrong"), std::shared_ptr<const Secret>()}) {
      const HttpExchange end = ask(echo.runtime(), {authority.certificate(), file, wrong}, port);
      const auto* const not_sent = std::get_if<NotSent>(&end);
      ASSERT_NE(not_sent, nullptr);
      EXPECT_EQ(not_sent->error.kind, ErrorKind::invalid_input);
      EXPECT_NE(not_sent->error.message.find(file.string()), std::string::npos);
      EXPECT_NE(not_sent->error.message.find("password"), std::string::npos);
    }
  }
}

TEST_F(Tls, does_not_believe_a_server_of_another_authority_or_name) {
  EchoServer echo(with(server_settings()));
  const std::uint16_t port = echo.server().local_port();
  const HttpExchange other = ask(echo.runtime(), {stranger.certificate(), {}, nullptr}, port);
  EXPECT_TRUE(std::holds_alternative<NotSent>(other));
  const HttpExchange system = ask(echo.runtime(), {}, port);
  EXPECT_TRUE(std::holds_alternative<NotSent>(system));

  const Issued elsewhere = authority.issue("elsewhere", "IP:127.0.0.2,DNS:other.example");
  EchoServer wrong_name(with({elsewhere.certificate, elsewhere.key, {}}));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const HttpExchange end = ask(wrong_name.runtime(), {authority.certificate(), {}, nullptr},
                                 wrong_name.server().local_port(), host);
    const auto* const not_sent = std::get_if<NotSent>(&end);
    ASSERT_NE(not_sent, nullptr) << host;
    EXPECT_NE(not_sent->error.message.find("mismatch"), std::string::npos)
        << not_sent->error.message;
  }
  EXPECT_TRUE(wrong_name.seen().empty());
}

TEST_F(Tls, survives_a_client_that_does_not_speak_it) {
  HttpServerSettings settings = with(server_settings());
  EchoServer echo(settings);
  RawSocket plain = echo.connect();
  plain.send(test::get("/"));
  plain.read_to_end();
  EXPECT_EQ(echo.server().stats().handshakes_failed, 1U);
  EXPECT_TRUE(is_answered(
      ask(echo.runtime(), {authority.certificate(), {}, nullptr}, echo.server().local_port())));
}

TEST_F(Tls, closes_a_client_whose_handshake_never_ends) {
  HttpServerSettings settings = with(server_settings());
  settings.read_timeout = std::chrono::milliseconds(50);
  EchoServer echo(settings);
  RawSocket silent = echo.connect();
  silent.read_to_end();
  EXPECT_EQ(echo.server().stats().connections_timed_out, 1U);
}

TEST_F(Tls, names_the_file_that_is_wrong) {
  IoRuntime runtime;
  const std::filesystem::path text = dir.write("text", "not a certificate");
  const std::filesystem::path open =
      dir.write("open.key", test::content_of(server.key),
                test::kOwnerOnly | std::filesystem::perms::group_read);
  struct Row {
    const char* name;
    TlsServerSettings tls;
    std::filesystem::path file;
  };
  const std::filesystem::path none = dir.path() / "none";
  for (const Row& row :
       {Row{"missing_certificate", {none, server.key, {}}, none},
        Row{"text_as_certificate", {text, server.key, {}}, text},
        Row{"missing_key", {server.certificate, none, {}}, none},
        Row{"text_as_key", {server.certificate, text, {}}, text},
        Row{"readable_key", {server.certificate, open, {}}, open},
        Row{"encrypted_key", {server.certificate, client.encrypted_pem, {}}, client.encrypted_pem},
        Row{"key_of_another", {server.certificate, client.key, {}}, client.key},
        Row{"missing_ca", {server.certificate, server.key, none}, none},
        Row{"text_as_ca", {server.certificate, server.key, text}, text}}) {
    const auto handler = [](HttpRequest) -> Task<HttpResponse> { std::abort(); };
    const auto started = HttpServer::start(runtime, with(row.tls), handler);
    ASSERT_FALSE(started) << row.name;
    EXPECT_NE(started.error().message.find(row.file.string()), std::string::npos)
        << row.name << ": " << started.error().message;
  }
  for (const auto& [ca, certificate] :
       {std::pair{none, std::filesystem::path()}, std::pair{text, std::filesystem::path()},
        std::pair{authority.certificate(), none}, std::pair{authority.certificate(), text},
        std::pair{authority.certificate(), open}}) {
    HttpClientSettings settings;
    settings.tls = {ca, certificate, nullptr};
    const auto made = HttpClient::create(runtime, settings);
    ASSERT_FALSE(made);
    const std::filesystem::path& wrong = certificate.empty() ? ca : certificate;
    EXPECT_NE(made.error().message.find(wrong.string()), std::string::npos) << made.error().message;
  }
}

}  // namespace
}  // namespace holdfast
