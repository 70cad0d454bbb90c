// What HttpClient does when all goes well.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "unit/http/caller.h"
#include "unit/http/echo_server.h"

namespace holdfast {
namespace {

using test::answer_of;
using test::call_to;
using test::Caller;
using test::EchoServer;
using test::eventually;
using test::RawListener;
using test::RawSocket;
using test::url_of;

TEST(HttpClient, sends_a_request_and_gives_its_answer) {
  EchoServer echo;
  Caller caller(echo.runtime());
  HttpCall call = call_to(url_of(echo.server().local_port(), "/rpc?x=1"), "{\"id\":1}");
  Result<Secret> token = Secret::copy_of(as_bytes("a-token"));
  ASSERT_TRUE(token);
  call.bearer_token = std::make_shared<const Secret>(*std::move(token));
  const HttpAnswer& answer = answer_of(caller.send(std::move(call)));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.content_type, "text/plain");
  EXPECT_EQ(answer.body, "POST /rpc [x=1] {\"id\":1}");
  ASSERT_EQ(echo.seen().size(), 1U);
  EXPECT_EQ(echo.seen()[0].authorization, "Bearer a-token");
  EXPECT_EQ(echo.seen()[0].content_type, "application/json");
}

TEST(HttpClient, keeps_its_connection_and_opens_more_only_when_it_must) {
  EchoServer echo;
  Caller caller(echo.runtime());
  const std::uint16_t port = echo.server().local_port();
  for (int i = 0; i < 10; ++i) answer_of(caller.send(call_to(url_of(port))));
  EXPECT_EQ(echo.server().stats().connections_accepted, 1U);
  const std::size_t first = caller.begin(call_to(url_of(port, "/hold")));
  const std::size_t second = caller.begin(call_to(url_of(port, "/hold")));
  ASSERT_TRUE(echo.wait_for_held(2));
  EXPECT_EQ(echo.server().stats().connections_accepted, 2U);
  echo.release_all();
  EXPECT_EQ(answer_of(caller.result(first)).body, "released");
  EXPECT_EQ(answer_of(caller.result(second)).body, "released");
}

TEST(HttpClient, lets_calls_wait_when_all_connections_are_busy) {
  EchoServer echo;
  HttpClientSettings settings;
  settings.connections_max = 2;
  settings.waiting_max = 3;
  Caller caller(echo.runtime(), settings);
  const Url url = url_of(echo.server().local_port(), "/hold");
  std::vector<std::size_t> calls;
  for (int i = 0; i < 2; ++i) calls.push_back(caller.begin(call_to(url)));
  ASSERT_TRUE(echo.wait_for_held(2));
  for (int i = 0; i < 3; ++i) calls.push_back(caller.begin(call_to(url)));
  const HttpExchange& refused = caller.send(call_to(url));
  const auto* const not_sent = std::get_if<NotSent>(&refused);
  ASSERT_NE(not_sent, nullptr);
  EXPECT_EQ(not_sent->error.kind, ErrorKind::overloaded);
  for (const std::size_t number : calls) {
    EXPECT_TRUE(eventually(echo.runtime(), [&] {
      echo.release_all();
      return caller.is_done(number);
    }));
    EXPECT_EQ(answer_of(caller.result(number)).body, "released");
  }
  EXPECT_EQ(echo.server().stats().connections_accepted, 2U);
}

TEST(HttpClient, reads_every_form_of_an_answer) {
  struct Row {
    const char* name;
    std::string bytes;
    unsigned status;
    std::string body;
  };
  const std::vector<Row> rows = {
      {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
      {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200,
       "abc"},
      {"until_the_end", "HTTP/1.1 200 OK\r\n\r\nabc", 200, "abc"},
      {"http_1_0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
      {"empty", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"error", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", 503, "no"},
      {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200,
       "x"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    IoRuntime runtime;
    RawListener listener(runtime);
    Caller caller(runtime);
    const std::size_t number = caller.begin(call_to(url_of(listener.port())));
    RawSocket server = listener.accept();
    ASSERT_TRUE(server.wait_for_text("\r\n\r\n{}"));
    server.send(row.bytes);
    if (row.name == std::string("until_the_end")) server.shut_sending();
    const HttpAnswer& answer = answer_of(caller.result(number));
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(answer.body, row.body);
  }
}

TEST(HttpClient, asks_head_and_get_without_a_body) {
  EchoServer echo;
  Caller caller(echo.runtime());
  HttpCall head = call_to(url_of(echo.server().local_port()), "ignored");
  head.method = HttpMethod::head;
  EXPECT_EQ(answer_of(caller.send(std::move(head))).body, "");
  HttpCall get = call_to(url_of(echo.server().local_port(), "/g"), "ignored");
  get.method = HttpMethod::get;
  EXPECT_EQ(answer_of(caller.send(std::move(get))).body, "GET /g [] ");
  EXPECT_EQ(echo.server().stats().connections_accepted, 1U);
}

}  // namespace
}  // namespace holdfast
