// URLs, listen addresses and bearer tokens: what is read, what is refused, and what is shown.
#include <string>

#include <gtest/gtest.h>

#include "http/bearer_token.h"
#include "http/listen_address.h"
#include "http/url.h"
#include "unit/os/test_files.h"

namespace holdfast {
namespace {

using test::FileDir;

TEST(Url, is_parsed_into_its_parts) {
  struct Row {
    const char* text;
    const char* origin;
    const char* host_field;
    const char* target;
  };
  for (const Row& row :
       {Row{"http://signer", "http://signer:80", "signer", "/"},
        Row{"https://signer", "https://signer:443", "signer", "/"},
        Row{"HTTPS://Signer.Example/", "https://signer.example:443", "signer.example", "/"},
        Row{"http://127.0.0.1:9000", "http://127.0.0.1:9000", "127.0.0.1:9000", "/"},
        Row{"http://a:80/p", "http://a:80", "a", "/p"},
        Row{"https://a:80/p", "https://a:80", "a:80", "/p"},
        Row{"http://[::1]:9000/x", "http://[::1]:9000", "[::1]:9000", "/x"},
        Row{"http://[FE80::1]", "http://[fe80::1]:80", "[fe80::1]", "/"},
        Row{"http://a/b/c?d=e&f", "http://a:80", "a", "/b/c?d=e&f"},
        Row{"http://a?d=/e", "http://a:80", "a", "/?d=/e"},
        Row{"http://a:1/", "http://a:1", "a:1", "/"},
        Row{"http://a:65535/", "http://a:65535", "a:65535", "/"},
        Row{"http://web3_signer-1.ns.svc:9000", "http://web3_signer-1.ns.svc:9000",
            "web3_signer-1.ns.svc:9000", "/"}}) {
    const Result<Url> url = parse_url(row.text);
    ASSERT_TRUE(url) << row.text;
    EXPECT_EQ(url->origin(), row.origin);
    EXPECT_EQ(url->host_field(), row.host_field);
    EXPECT_EQ(url->target, row.target);
  }
}

TEST(Url, is_refused_with_the_reason) {
  struct Row {
    const char* text;
    const char* reason;
  };
  for (const Row& row : {Row{"", "empty"},
                         Row{"signer:9000", "does not begin with http"},
                         Row{"//signer", "does not begin with http"},
                         Row{"ftp://signer", "neither http nor https"},
                         Row{"://signer", "neither http nor https"},
                         Row{"http://", "host is missing"},
                         Row{"http:///path", "host is missing"},
                         Row{"http://:80", "host is missing"},
                         Row{"http://a:0", "port"},
                         Row{"http://a:65536", "port"},
                         Row{"http://a:", "port"},
                         Row{"http://a:8x", "port"},
                         Row{"http://a:-1", "port"},
                         Row{"http://a b", "space"},
                         Row{"http://a\n", "space"},
                         Row{"http://\xc3\xa4", "not ASCII"},
                         Row{"http://a%20b", "no host name has"},
                         Row{"http://a\\b", "no host name has"},
                         Row{"http://[::1", "no ]"},
                         Row{"http://[::1]9000", "only :port"},
                         Row{"http://[127.0.0.1]", "not an IPv6 address"},
                         Row{"http://::1:9000", "several colons"},
                         Row{"http://a/#top", "fragment"},
                         Row{"http://user@a/", "user name"},
                         Row{"http://user:hunter2@a/", "user name"}}) {
    const Result<Url> url = parse_url(row.text);
    ASSERT_FALSE(url) << row.text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid_input);
    EXPECT_NE(url.error().message.find(row.reason), std::string::npos) << url.error().message;
    EXPECT_EQ(url.error().message.find("hunter2"), std::string::npos) << "no password is shown";
  }
}

TEST(ListenAddress, is_parsed_and_written_back) {
  struct Row {
    const char* text;
    const char* host;
    int port;
    bool loopback;
    const char* written;
  };
  for (const Row& row :
       {Row{"127.0.0.1:9000", "127.0.0.1", 9000, true, "127.0.0.1:9000"},
        Row{"127.255.255.254:1", "127.255.255.254", 1, true, "127.255.255.254:1"},
        Row{"126.255.255.255:1", "126.255.255.255", 1, false, "126.255.255.255:1"},
        Row{"128.0.0.0:1", "128.0.0.0", 1, false, "128.0.0.0:1"},
        Row{"0.0.0.0:65535", "0.0.0.0", 65535, false, "0.0.0.0:65535"},
        Row{"localhost:0", "127.0.0.1", 0, true, "127.0.0.1:0"},
        Row{"[::1]:9000", "::1", 9000, true, "[::1]:9000"},
        Row{"[::]:9000", "::", 9000, false, "[::]:9000"},
        Row{"[::2]:9000", "::2", 9000, false, "[::2]:9000"},
        Row{"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, true, "[::ffff:127.0.0.1]:1"},
        Row{"[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1, false, "[::ffff:10.0.0.1]:1"}}) {
    const Result<ListenAddress> address = parse_listen_address(row.text);
    ASSERT_TRUE(address) << row.text;
    EXPECT_EQ(address->host, row.host);
    EXPECT_EQ(address->port, row.port);
    EXPECT_EQ(address->is_loopback(), row.loopback) << row.text;
    EXPECT_EQ(address->text(), row.written);
  }
}

TEST(ListenAddress, is_refused_with_its_text_and_an_example) {
  for (const char* text :
       {"", ":9000", "9000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:9000x", "127.0.0.1:+1", "127.0.0:9000", "::1:9000", "[::1]", "[::1]9000",
        "[127.0.0.1]:9000", "signer.example:9000", "*:9000", "LOCALHOST.:1"}) {
    const Result<ListenAddress> address = parse_listen_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_NE(address.error().message.find(std::string("\"") + text + "\""), std::string::npos);
    EXPECT_NE(address.error().message.find("127.0.0.1:9000"), std::string::npos);
  }
}

TEST(ListenAddress, beyond_loopback_needs_proof_of_the_caller) {
  struct Row {
    const char* host;
    CallerProof proof;
    bool good;
  };
  for (const Row& row :
       {Row{"127.0.0.1", CallerProof::none, true}, Row{"::1", CallerProof::none, true},
        Row{"0.0.0.0", CallerProof::none, false}, Row{"::", CallerProof::none, false},
        Row{"10.0.0.1", CallerProof::none, false}, Row{"10.0.0.1", CallerProof::bearer_token, true},
        Row{"10.0.0.1", CallerProof::client_certificate, true}}) {
    const Result<void> allowed = check_listen_address({row.host, 9000}, row.proof);
    EXPECT_EQ(allowed.has_value(), row.good) << row.host;
    if (!allowed) {
      EXPECT_NE(allowed.error().message.find("--bearer-token-file"), std::string::npos);
      EXPECT_NE(allowed.error().message.find("--tls-client-ca"), std::string::npos);
    }
  }
}

TEST(BearerToken, matches_itself_only) {
  const Result<Secret> token = Secret::copy_of(as_bytes("0123456789abcdef"));
  ASSERT_TRUE(token);
  struct Row {
    const char* field;
    bool matches;
  };
  for (const Row& row :
       {Row{"Bearer 0123456789abcdef", true}, Row{"bearer 0123456789abcdef", true},
        Row{"BEARER   0123456789abcdef ", true}, Row{"", false}, Row{"Bearer", false},
        Row{"Bearer ", false}, Row{"0123456789abcdef", false}, Row{"Basic 0123456789abcdef", false},
        Row{"Bearer0123456789abcdef", false}, Row{"Bearer 0123456789abcde", false},
        Row{"Bearer 0123456789abcdef0", false}, Row{"Bearer 0123456789ABCDEF", false},
        Row{"Bearer 0123456789abcdef 0123456789abcdef", false}}) {
    EXPECT_EQ(bearer_token_matches(row.field, *token), row.matches) << '"' << row.field << '"';
  }
  EXPECT_FALSE(bearer_token_matches("Bearer ", Secret()));
  EXPECT_FALSE(bearer_token_matches("Bearer x", Secret()));
}

TEST(BearerToken, is_read_from_a_file_of_its_own) {
  const FileDir dir;
  const Result<Secret> token = read_bearer_token(dir.write("t", "0123456789abcdef\n"));
  ASSERT_TRUE(token);
  EXPECT_EQ(token->text(), "0123456789abcdef");
  EXPECT_TRUE(read_bearer_token(dir.write("longest", std::string(4096, 'x') + "\r\n")));
  for (const std::string& content :
       {std::string(), std::string("\n"), std::string("0123456789abcde"), std::string(4097, 'x'),
        std::string("0123456789 abcdef"), std::string("0123456789abcdef\n\n"),
        std::string("0123456789abcd\xc3\xa4")}) {
    const std::filesystem::path file = dir.write("bad", content);
    const Result<Secret> refused = read_bearer_token(file);
    ASSERT_FALSE(refused) << content;
    EXPECT_NE(refused.error().message.find(file.string()), std::string::npos);
    EXPECT_EQ(refused.error().message.find("0123456789"), std::string::npos);
  }
  EXPECT_FALSE(read_bearer_token(dir.write("open", "0123456789abcdef",
                                           test::kOwnerOnly | std::filesystem::perms::group_read)));
}

}  // namespace
}  // namespace holdfast
