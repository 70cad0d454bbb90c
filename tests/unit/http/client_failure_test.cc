// What HttpClient says of an exchange that failed: whether its request may have arrived (S5).
#include <string>

#include <gtest/gtest.h>

#include "unit/http/caller.h"
#include "unit/http/echo_server.h"

namespace holdfast {
namespace {

using test::answer_of;
using test::call_to;
using test::Caller;
using test::EchoServer;
using test::RawListener;
using test::RawSocket;
using test::reply;
using test::url_of;

TEST(HttpClientNotSent, when_nobody_listens) {
  IoRuntime runtime;
  RawListener listener(runtime);
  const std::uint16_t port = listener.port();
  listener.close();
  Caller caller(runtime);
  const HttpExchange& end = caller.send(call_to(url_of(port, "/secret-key")));
  const auto* const not_sent = std::get_if<NotSent>(&end);
  ASSERT_NE(not_sent, nullptr);
  EXPECT_EQ(not_sent->error.kind, ErrorKind::unavailable);
  EXPECT_NE(not_sent->error.message.find("http://127.0.0.1:"), std::string::npos);
  EXPECT_EQ(not_sent->error.message.find("secret-key"), std::string::npos);
}

TEST(HttpClientNotSent, when_the_host_has_no_address) {
  IoRuntime runtime;
  Caller caller(runtime);
  Url url = url_of(80);
  url.host = "no-such-host.invalid";
  EXPECT_TRUE(std::holds_alternative<NotSent>(caller.send(call_to(url))));
}

TEST(HttpClientNotSent, when_no_connection_was_free_in_time) {
  EchoServer echo;
  HttpClientSettings settings;
  settings.connections_max = 1;
  Caller caller(echo.runtime(), settings);
  const Url url = url_of(echo.server().local_port(), "/hold");
  const std::size_t busy = caller.begin(call_to(url));
  ASSERT_TRUE(echo.wait_for_held(1));
  HttpCall late = call_to(url);
  late.timeout = std::chrono::milliseconds(20);
  const HttpExchange& end = caller.send(std::move(late));
  const auto* const not_sent = std::get_if<NotSent>(&end);
  ASSERT_NE(not_sent, nullptr);
  EXPECT_EQ(not_sent->error.kind, ErrorKind::timeout);
  EXPECT_FALSE(caller.is_done(busy));
  echo.release_all();
  answer_of(caller.result(busy));
  EXPECT_EQ(echo.seen().size(), 1U);
}

TEST(HttpClientNotSent, when_tls_cannot_be_established) {
  IoRuntime runtime;
  RawListener listener(runtime);
  Caller caller(runtime);
  Url url = url_of(listener.port());
  url.scheme = UrlScheme::https;
  const std::size_t number = caller.begin(call_to(url));
  RawSocket server = listener.accept();
  ASSERT_TRUE(server.wait_for([](const std::string& all) { return !all.empty(); }));
  EXPECT_EQ(server.received().find("POST"), std::string::npos);
  server.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<NotSent>(caller.result(number)));
}

TEST(HttpClientNotSent, when_the_server_accepts_but_tls_never_answers) {
  IoRuntime runtime;
  RawListener listener(runtime);
  HttpClientSettings settings;
  settings.connect_timeout = std::chrono::milliseconds(20);
  Caller caller(runtime, settings);
  Url url = url_of(listener.port());
  url.scheme = UrlScheme::https;
  const HttpExchange& end = caller.send(call_to(url));
  const auto* const not_sent = std::get_if<NotSent>(&end);
  ASSERT_NE(not_sent, nullptr);
  EXPECT_EQ(not_sent->error.kind, ErrorKind::timeout);
}

TEST(HttpClientNoAnswer, when_the_server_closes_after_the_request) {
  for (const Repeat repeat : {Repeat::never, Repeat::harmless}) {
    IoRuntime runtime;
    RawListener listener(runtime);
    Caller caller(runtime);
    HttpCall call = call_to(url_of(listener.port()));
    call.repeat = repeat;
    const std::size_t number = caller.begin(std::move(call));
    RawSocket server = listener.accept();
    ASSERT_TRUE(server.wait_for_text("{}"));
    server.close();
    // Also a harmless request is not repeated when its connection was new.
    const HttpExchange& end = caller.result(number);
    const auto* const lost = std::get_if<NoAnswer>(&end);
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(lost->error.kind, ErrorKind::in_doubt);
  }
}

TEST(HttpClientNoAnswer, when_the_answer_breaks_off_is_not_http_or_is_too_large) {
  struct Row {
    const char* name;
    std::string bytes;
  };
  for (const Row& row : {
           Row{"in_the_header", "HTTP/1.1 200 OK\r\nContent-Le"},
           Row{"in_the_body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"},
           Row{"in_a_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"},
           Row{"before_it_ends", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"},
           Row{"interim_only", "HTTP/1.1 100 Continue\r\n\r\n"},
           Row{"no_http", "SSH-2.0-OpenSSH_9.2\r\n"},
           Row{"too_large", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"},
           Row{"too_large_chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                                       std::string(101, 'x')},
           Row{"too_large_until_the_end", "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x')},
           Row{"too_large_header", "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"},
       }) {
    SCOPED_TRACE(row.name);
    IoRuntime runtime;
    RawListener listener(runtime);
    HttpClientSettings settings;
    settings.body_bytes_max = 100;
    settings.header_bytes_max = 1000;
    Caller caller(runtime, settings);
    const std::size_t number = caller.begin(call_to(url_of(listener.port())));
    RawSocket server = listener.accept();
    ASSERT_TRUE(server.wait_for_text("{}"));
    server.send(row.bytes);
    server.shut_sending();
    EXPECT_TRUE(std::holds_alternative<NoAnswer>(caller.result(number)));
  }
}

TEST(HttpClientNoAnswer, when_the_time_is_over_after_sending) {
  EchoServer echo;
  Caller caller(echo.runtime());
  const std::size_t number = caller.begin([&] {
    HttpCall call = call_to(url_of(echo.server().local_port(), "/hold"));
    call.timeout = std::chrono::milliseconds(500);
    return call;
  }());
  const HttpExchange& end = caller.result(number);
  EXPECT_FALSE(std::holds_alternative<HttpAnswer>(end));
  // A machine that was too slow to connect in that time has sent nothing, and says so.
  EXPECT_TRUE(echo.seen().empty() || std::holds_alternative<NoAnswer>(end));
}

TEST(HttpClientNoAnswer, leaves_the_next_call_a_connection_of_its_own) {
  IoRuntime runtime;
  RawListener listener(runtime);
  Caller caller(runtime);
  HttpCall call = call_to(url_of(listener.port()));
  call.timeout = std::chrono::milliseconds(500);
  const std::size_t lost = caller.begin(std::move(call));
  RawSocket first = listener.accept();
  // A machine that was too slow to connect in that time has closed nothing.
  if (std::holds_alternative<NotSent>(caller.result(lost))) return;
  const std::size_t next = caller.begin(call_to(url_of(listener.port())));
  RawSocket second = listener.accept();
  ASSERT_TRUE(second.wait_for_text("{}"));
  // The late answer of the first must not be taken for the second's.
  reply(first, "late");
  reply(second, "right");
  EXPECT_EQ(answer_of(caller.result(next)).body, "right");
}

TEST(HttpClientKeptConnection, is_replaced_when_the_server_closed_it) {
  IoRuntime runtime;
  RawListener listener(runtime);
  Caller caller(runtime);
  const std::size_t first = caller.begin(call_to(url_of(listener.port())));
  RawSocket server = listener.accept();
  ASSERT_TRUE(server.wait_for_text("{}"));
  reply(server, "1");
  EXPECT_EQ(answer_of(caller.result(first)).body, "1");
  server.close();
  const std::size_t second = caller.begin(call_to(url_of(listener.port())));
  RawSocket again = listener.accept();
  ASSERT_TRUE(again.wait_for_text("{}"));
  reply(again, "2");
  EXPECT_EQ(answer_of(caller.result(second)).body, "2");
}

TEST(HttpClientKeptConnection, is_dropped_when_the_server_says_so_or_sends_more) {
  struct Row {
    const char* name;
    const char* fields;
    const char* surplus;
  };
  for (const Row& row : {Row{"close", "Connection: close\r\n", ""},
                         Row{"surplus", "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}) {
    SCOPED_TRACE(row.name);
    IoRuntime runtime;
    RawListener listener(runtime);
    Caller caller(runtime);
    const std::size_t first = caller.begin(call_to(url_of(listener.port())));
    RawSocket server = listener.accept();
    ASSERT_TRUE(server.wait_for_text("{}"));
    server.send("HTTP/1.1 200 OK\r\n" + std::string(row.fields) + "Content-Length: 1\r\n\r\n1" +
                row.surplus);
    EXPECT_EQ(answer_of(caller.result(first)).body, "1");
    EXPECT_EQ(server.read_to_end(), server.received());
    const std::size_t second = caller.begin(call_to(url_of(listener.port())));
    RawSocket again = listener.accept();
    ASSERT_TRUE(again.wait_for_text("{}"));
    reply(again, "2");
    EXPECT_EQ(answer_of(caller.result(second)).body, "2");
  }
}

TEST(HttpClientKeptConnection, is_closed_when_nobody_uses_it) {
  IoRuntime runtime;
  RawListener listener(runtime);
  HttpClientSettings settings;
  settings.idle_timeout = std::chrono::milliseconds(20);
  Caller caller(runtime, settings);
  const std::size_t first = caller.begin(call_to(url_of(listener.port())));
  RawSocket server = listener.accept();
  ASSERT_TRUE(server.wait_for_text("{}"));
  reply(server, "1");
  EXPECT_EQ(answer_of(caller.result(first)).body, "1");
  server.read_to_end();
}

/** Ends a kept connection after the second request on it was read; what becomes of the call. */
HttpExchange end_of_second_call(Repeat repeat) {
  IoRuntime runtime;
  RawListener listener(runtime);
  Caller caller(runtime);
  const std::size_t first = caller.begin(call_to(url_of(listener.port())));
  RawSocket server = listener.accept();
  EXPECT_TRUE(server.wait_for_text("{}"));
  server.received().clear();
  reply(server, "1");
  answer_of(caller.result(first));
  HttpCall call = call_to(url_of(listener.port()));
  call.repeat = repeat;
  const std::size_t second = caller.begin(std::move(call));
  EXPECT_TRUE(server.wait_for_text("{}"));
  server.close();
  if (repeat == Repeat::harmless) {
    RawSocket again = listener.accept();
    EXPECT_TRUE(again.wait_for_text("{}"));
    reply(again, "2");
    return std::move(caller.result(second));
  }
  return std::move(caller.result(second));
}

TEST(HttpClientKeptConnection, that_dies_with_a_request_is_no_answer) {
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(end_of_second_call(Repeat::never)));
}

TEST(HttpClientKeptConnection, that_dies_with_a_harmless_request_is_replaced) {
  EXPECT_EQ(answer_of(end_of_second_call(Repeat::harmless)).body, "2");
}

TEST(HttpClientClose, ends_every_call_by_what_is_known_of_it) {
  EchoServer echo;
  HttpClientSettings settings;
  settings.connections_max = 1;
  Caller caller(echo.runtime(), settings);
  const Url url = url_of(echo.server().local_port(), "/hold");
  const std::size_t sent = caller.begin(call_to(url));
  ASSERT_TRUE(echo.wait_for_held(1));
  const std::size_t waiting = caller.begin(call_to(url));
  caller.client().close();
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(caller.result(sent)));
  EXPECT_TRUE(std::holds_alternative<NotSent>(caller.result(waiting)));
  EXPECT_TRUE(std::holds_alternative<NotSent>(caller.send(call_to(url))));
}

TEST(HttpClientClose, happens_when_it_is_destroyed) {
  EchoServer echo;
  Caller caller(echo.runtime());
  const std::size_t sent = caller.begin(call_to(url_of(echo.server().local_port(), "/hold")));
  ASSERT_TRUE(echo.wait_for_held(1));
  caller.destroy_client();
  EXPECT_TRUE(std::holds_alternative<NoAnswer>(caller.result(sent)));
}

}  // namespace
}  // namespace holdfast
