// What HttpServer refuses, and what a hostile client cannot do to it.
#include <fcntl.h>
#include <sys/resource.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/http/echo_server.h"

namespace holdfast {
namespace {

using test::EchoServer;
using test::eventually;
using test::get;
using test::loopback_settings;
using test::post;
using test::RawSocket;

struct Refusal {
  const char* name;
  int status;
  std::string request;

  friend void PrintTo(const Refusal& row, std::ostream* out) { *out << row.name; }
};

class HttpServerRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(HttpServerRefuses, with_a_status_and_a_reason_and_closes) {
  EchoServer echo;
  RawSocket client = echo.connect();
  // A request behind it must not be taken for one: that would be request smuggling.
  client.send(GetParam().request + get("/smuggled"));
  const std::string& answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(GetParam().status) + " ")) << answer;
  EXPECT_NE(answer.find("\r\n\r\n{\"error\":\""), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  EXPECT_FALSE(client.was_reset()) << "the client could read the reason";
  EXPECT_TRUE(echo.seen().empty()) << "no handler saw it";
  EXPECT_EQ(echo.server().stats().requests_refused, 1U);
  RawSocket next = echo.connect();
  next.send(get("/alive"));
  EXPECT_TRUE(next.wait_for_text("GET /alive"));
}

std::string lines(std::initializer_list<std::string_view> all) {
  std::string text;
  for (const std::string_view line : all) text += std::string(line) + "\r\n";
  return text + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    , HttpServerRefuses,
    testing::Values(
        Refusal{"no_http", 400, "hello\r\n\r\n"},
        Refusal{"tls_on_a_plain_port", 400, std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9)},
        Refusal{"http_2_preface", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        Refusal{"http_3_0", 400, lines({"GET / HTTP/3.0", "Host: a"})},
        Refusal{"no_target", 400, lines({"GET  HTTP/1.1", "Host: a"})},
        Refusal{"space_in_the_target", 400, lines({"GET /a b HTTP/1.1", "Host: a"})},
        Refusal{"control_in_the_target", 400, lines({"GET /\x01 HTTP/1.1", "Host: a"})},
        Refusal{"absolute_target", 400, lines({"GET http://a/ HTTP/1.1", "Host: a"})},
        Refusal{"lines_end_in_lf_only", 400, "GET / HTTP/1.1\nHost: a\n\n"},
        Refusal{"space_before_the_colon", 400, lines({"GET / HTTP/1.1", "Host : a"})},
        Refusal{"field_without_a_colon", 400, lines({"GET / HTTP/1.1", "Host: a", "nonsense"})},
        Refusal{"nul_in_a_field", 400,
                lines({"GET / HTTP/1.1", "Host: a", std::string_view("A: \0b", 5)})},
        Refusal{"no_host", 400, lines({"GET / HTTP/1.1"})},
        Refusal{"two_hosts", 400, lines({"GET / HTTP/1.1", "Host: a", "Host: b"})},
        Refusal{"two_authorizations", 400,
                lines({"GET / HTTP/1.1", "Host: a", "Authorization: Bearer a",
                       "Authorization: Bearer b"})},
        Refusal{"put", 405, lines({"PUT / HTTP/1.1", "Host: a"})},
        Refusal{"delete", 405, lines({"DELETE / HTTP/1.1", "Host: a"})},
        Refusal{"options", 405, lines({"OPTIONS * HTTP/1.1", "Host: a"})},
        Refusal{"connect", 405, lines({"CONNECT a:443 HTTP/1.1", "Host: a"})},
        Refusal{"trace", 405, lines({"TRACE / HTTP/1.1", "Host: a"})},
        Refusal{"lower_case_method", 405, lines({"post / HTTP/1.1", "Host: a"})},
        Refusal{"negative_length", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: -1"})},
        Refusal{"length_with_a_plus", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: +1"})},
        Refusal{"length_that_is_no_number", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: 1x"})},
        Refusal{"length_beyond_64_bits", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: 18446744073709551616"})},
        Refusal{"length_of_64_bits", 413,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: 18446744073709551615"})},
        Refusal{"two_lengths", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 2"})},
        Refusal{"length_and_chunked", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Content-Length: 3",
                       "Transfer-Encoding: chunked"})},
        Refusal{"chunked_and_length", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked",
                       "Content-Length: 3"})},
        Refusal{"gzip_and_chunked", 501,
                lines({"POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"})},
        Refusal{"chunked_in_http_1_0", 400,
                lines({"POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"})},
        Refusal{"chunk_size_that_is_no_number", 400,
                lines({"POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "zz"})},
        Refusal{
            "chunk_without_its_line_end", 400,
            lines({"POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "", "1", "abc"})},
        Refusal{"chunk_larger_than_a_body_may_be", 413,
                lines({"POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "",
                       "fffffffffffffff"})},
        Refusal{"unknown_expectation", 417,
                lines({"POST / HTTP/1.1", "Host: a", "Expect: a-miracle", "Content-Length: 0"})},
        Refusal{"from_a_web_page", 403, post("/", "{}", "Origin: https://evil.example\r\n")}),
    [](const testing::TestParamInfo<Refusal>& row) { return std::string(row.param.name); });

TEST(HttpServerLimits, takes_a_body_at_the_limit_and_refuses_one_byte_more) {
  for (const bool chunked : {false, true}) {
    HttpServerSettings settings = loopback_settings();
    settings.body_bytes_max = 1000;
    EchoServer echo(settings);
    const auto request = [&](std::size_t size) {
      const std::string body(size, 'x');
      if (!chunked) return post("/", body);
      return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1F4\r\n" +
             body.substr(0, 500) + "\r\n" + (size == 1000 ? "1F4" : "1F5") + "\r\n" +
             body.substr(500) + "\r\n0\r\n\r\n";
    };
    RawSocket client = echo.connect();
    client.send(request(1000));
    ASSERT_TRUE(client.wait_for_text("HTTP/1.1 200 ")) << chunked;
    client.send(request(1001));
    const std::string& answers = client.read_to_end();
    EXPECT_NE(answers.find("HTTP/1.1 413 "), std::string::npos) << answers;
    EXPECT_NE(answers.find("longer than 1000 bytes"), std::string::npos) << answers;
    EXPECT_EQ(echo.seen().size(), 1U);
  }
}

TEST(HttpServerLimits, tells_a_client_in_the_middle_of_a_huge_body) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400000000\r\n\r\n");
  client.send(std::string(100'000, 'x'));
  EXPECT_TRUE(client.wait_for_text("HTTP/1.1 413 "));
}

TEST(HttpServerLimits, takes_a_large_header_and_refuses_a_huge_one) {
  HttpServerSettings settings = loopback_settings();
  settings.header_bytes_max = 4096;
  EchoServer echo(settings);
  RawSocket client = echo.connect();
  client.send(get("/", "X: " + std::string(3000, 'x') + "\r\n"));
  ASSERT_TRUE(client.wait_for_text("HTTP/1.1 200 "));
  client.send(get("/", "X: " + std::string(5000, 'x') + "\r\n"));
  EXPECT_NE(client.read_to_end().find("HTTP/1.1 431 "), std::string::npos);
  RawSocket many = echo.connect();
  std::string fields;
  for (int i = 0; i < 1000; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
  many.send(get("/", fields));
  EXPECT_NE(many.read_to_end().find("HTTP/1.1 431 "), std::string::npos);
  RawSocket target = echo.connect();
  target.send(get("/" + std::string(5000, 'x')));
  EXPECT_NE(target.read_to_end().find("HTTP/1.1 431 "), std::string::npos);
}

TEST(HttpServerLimits, bounds_a_header_that_never_ends) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const std::string more(4096, 'x');
  for (int i = 0; i < 100 && client.send(more); ++i) client.poll();
  EXPECT_TRUE(client.wait_for_text("HTTP/1.1 431 "));
}

TEST(HttpServerLimits, bounds_a_chunk_extension_that_never_ends) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  const std::string more(4096, 'x');
  for (int i = 0; i < 100 && client.send(more); ++i) client.poll();
  EXPECT_TRUE(client.wait_for_text("HTTP/1.1 431 "));
}

TEST(HttpServerLimits, bounds_a_trailer_that_never_ends) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  const std::string more = "X: " + std::string(4096, 'x') + "\r\n";
  for (int i = 0; i < 100 && client.send(more); ++i) client.poll();
  EXPECT_TRUE(client.wait_for_text("HTTP/1.1 431 "));
}

TEST(HttpServerLimits, serves_web_pages_where_that_is_allowed) {
  HttpServerSettings settings = loopback_settings();
  settings.web_pages = WebPages::serve;
  EchoServer echo(settings);
  RawSocket client = echo.connect();
  client.send(get("/", "Origin: http://localhost\r\n"));
  EXPECT_TRUE(client.wait_for_text("HTTP/1.1 200 "));
}

TEST(HttpServerTimeouts, closes_a_client_that_sends_its_request_too_slowly) {
  HttpServerSettings settings = loopback_settings();
  settings.read_timeout = std::chrono::milliseconds(50);
  EchoServer echo(settings);
  RawSocket client = echo.connect();
  // A byte now and then does not help: the whole request has one deadline.
  client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  EXPECT_TRUE(eventually(echo.runtime(), [&] {
    client.poll();
    return client.ended() || !client.send("x");
  }));
  EXPECT_EQ(client.received(), "");
  EXPECT_EQ(echo.server().stats().connections_timed_out, 1U);
  EXPECT_TRUE(echo.seen().empty());
}

TEST(HttpServerTimeouts, closes_a_client_whose_body_never_comes) {
  HttpServerSettings settings = loopback_settings();
  settings.read_timeout = std::chrono::milliseconds(50);
  EchoServer echo(settings);
  RawSocket client = echo.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nten bytes.");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(echo.seen().empty());
}

TEST(HttpServerTimeouts, closes_an_idle_connection) {
  HttpServerSettings settings = loopback_settings();
  settings.idle_timeout = std::chrono::milliseconds(50);
  EchoServer echo(settings);
  RawSocket silent = echo.connect();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_EQ(echo.server().stats().connections_timed_out, 1U);
}

TEST(HttpServerTimeouts, closes_a_client_that_does_not_take_its_answer) {
  HttpServerSettings settings = loopback_settings();
  settings.write_timeout = std::chrono::milliseconds(50);
  EchoServer echo(settings);
  RawSocket client = RawSocket::connect(echo.runtime(), echo.server().local_port(), 4096);
  client.send(get("/large"));
  EXPECT_TRUE(
      eventually(echo.runtime(), [&] { return echo.server().stats().connections_timed_out == 1; }));
  EXPECT_LT(client.read_to_end().size(), 8'000'000U);
}

TEST(HttpServerTimeouts, gives_a_handler_all_the_time_it_takes) {
  HttpServerSettings settings = loopback_settings();
  settings.read_timeout = std::chrono::milliseconds(10);
  settings.idle_timeout = std::chrono::milliseconds(10);
  settings.write_timeout = std::chrono::seconds(100);
  EchoServer echo(settings);
  RawSocket client = echo.connect();
  client.send(get("/hold", "Connection: close\r\n"));
  // On a loaded machine the connection may time out before its request is read.
  ASSERT_TRUE(eventually(echo.runtime(), [&] {
    client.poll();
    return echo.held() == 1 || client.ended();
  }));
  if (echo.held() == 1) {
    echo.runtime().run_until([] { return false; }, std::chrono::milliseconds(100));
    echo.release_all();
    EXPECT_NE(client.read_to_end().find("released"), std::string::npos);
  }
}

TEST(HttpServerConnections, lets_new_ones_wait_while_all_are_busy) {
  HttpServerSettings settings = loopback_settings();
  settings.connections_max = 2;
  EchoServer echo(settings);
  RawSocket first = echo.connect();
  RawSocket second = echo.connect();
  first.send(get("/hold"));
  second.send(get("/hold"));
  ASSERT_TRUE(echo.wait_for_held(2));
  RawSocket third = echo.connect();
  third.send(get("/third"));
  echo.runtime().run_until([] { return false; }, std::chrono::milliseconds(20));
  EXPECT_EQ(echo.seen().size(), 2U);
  EXPECT_EQ(echo.server().stats().connections_open, 2U);
  first.abort();
  echo.release_all();
  EXPECT_TRUE(third.wait_for_text("GET /third"));
  EXPECT_LE(echo.server().stats().connections_open, 2U);
}

TEST(HttpServerConnections, closes_the_longest_idle_one_for_a_new_one) {
  HttpServerSettings settings = loopback_settings();
  settings.connections_max = 3;
  EchoServer echo(settings);
  std::vector<RawSocket> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(echo.connect());
    clients.back().send(get("/" + std::to_string(i)));
    ASSERT_TRUE(clients.back().wait_for_text("GET /" + std::to_string(i)));
  }
  RawSocket fourth = echo.connect();
  fourth.send(get("/fourth"));
  ASSERT_TRUE(fourth.wait_for_text("GET /fourth"));
  clients[0].read_to_end();
  clients[2].send(get("/again"));
  EXPECT_TRUE(clients[2].wait_for_text("GET /again"));
  EXPECT_GE(echo.server().stats().connections_evicted, 1U);
}

TEST(HttpServerConnections, survives_running_out_of_file_descriptors) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/later"));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // The next descriptor that accept would get is not allowed any more.
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(next, 0);
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool failed =
      eventually(echo.runtime(), [&] { return echo.server().stats().accepts_failed > 0; });
  EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(failed);
  EXPECT_TRUE(client.wait_for_text("GET /later")) << "it is tried again";
}

TEST(HttpServerConnections, survives_clients_that_come_and_go) {
  EchoServer echo;
  for (int i = 0; i < 200; ++i) {
    RawSocket client = echo.connect();
    if (i % 4 == 1) client.send("GET / HT");
    if (i % 4 == 2) client.send(get("/"));
    if (i % 2 == 1) client.abort();
  }
  RawSocket last = echo.connect();
  last.send(get("/last", "Connection: close\r\n"));
  EXPECT_NE(last.read_to_end().find("GET /last"), std::string::npos);
  last.close();
  EXPECT_TRUE(
      eventually(echo.runtime(), [&] { return echo.server().stats().connections_open == 0; }));
}

TEST(HttpServerConnections, survives_requests_with_random_damage) {
  EchoServer echo;
  constexpr unsigned kSeed = 20;
  std::mt19937 random(kSeed);
  const std::string good =
      post("/d", "{\"a\":1}", "Authorization: Bearer x\r\nExpect: 100-continue\r\n") +
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int round = 0; round < 300; ++round) {
    std::string bytes = good;
    for (unsigned hits = 1 + random() % 4; hits > 0; --hits) {
      const std::size_t at = random() % bytes.size();
      if (random() % 3 == 0) {
        bytes.erase(at, 1 + random() % 8);
      } else if (random() % 2 == 0) {
        bytes.insert(at, 1, static_cast<char>(random()));
      } else {
        bytes[at] = static_cast<char>(random());
      }
    }
    RawSocket client = echo.connect();
    client.send(bytes);
    client.shut_sending();
    const std::string& answer = client.read_to_end();
    EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << round << ": " << answer;
  }
  RawSocket next = echo.connect();
  next.send(get("/alive"));
  EXPECT_TRUE(next.wait_for_text("GET /alive"));
}

}  // namespace
}  // namespace holdfast
