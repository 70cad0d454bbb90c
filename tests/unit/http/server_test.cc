// What a well-behaved client sees of HttpServer, and its graceful stop.
#include "http/server.h"

#include <algorithm>
#include <string>

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

TEST(HttpServer, gives_the_handler_every_part_of_a_request) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(
      post("/sign/0xab?x=1&y=%20", "{\"a\":1}",
           "Authorization: Bearer t\r\nContent-Type: application/json\r\nAccept: text/html\r\n"));
  ASSERT_TRUE(client.wait_for_text("{\"a\":1}"));
  ASSERT_EQ(echo.seen().size(), 1U);
  const HttpRequest& request = echo.seen().front();
  EXPECT_EQ(request.method, HttpMethod::post);
  EXPECT_EQ(request.path, "/sign/0xab");
  EXPECT_EQ(request.query, "x=1&y=%20");
  EXPECT_EQ(request.authorization, "Bearer t");
  EXPECT_EQ(request.content_type, "application/json");
  EXPECT_EQ(request.accept, "text/html");
  EXPECT_EQ(request.body, "{\"a\":1}");
  EXPECT_TRUE(request.peer.starts_with("127.0.0.1:")) << request.peer;
  EXPECT_EQ(request.client_certificate, "");
}

TEST(HttpServer, answers_with_length_type_and_fields) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/fields"));
  ASSERT_TRUE(client.wait_for_text("GET /fields [] "));
  const std::string& answer = client.received();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Length: 15\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Content-Type: text/plain\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-More: yes\r\n"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("Connection:"), std::string::npos) << "keeping is the rule of HTTP/1.1";
}

TEST(HttpServer, keeps_a_connection_for_many_requests) {
  EchoServer echo;
  RawSocket client = echo.connect();
  for (int i = 0; i < 100; ++i) {
    const std::string body = "body " + std::to_string(i) + ".";
    client.send(post("/", body));
    ASSERT_TRUE(client.wait_for_text(body)) << i;
  }
  EXPECT_EQ(echo.server().stats().connections_accepted, 1U);
  EXPECT_EQ(echo.server().stats().requests, 100U);
}

TEST(HttpServer, answers_pipelined_requests_in_their_order) {
  EchoServer echo;
  RawSocket client = echo.connect();
  std::string all;
  for (int i = 0; i < 500; ++i) all += post("/n" + std::to_string(i) + "/", "x");
  client.send(all);
  ASSERT_TRUE(client.wait_for_text("POST /n499/ [] x"));
  std::size_t last = 0;
  for (int i = 0; i < 500; ++i) {
    const std::size_t at = client.received().find("POST /n" + std::to_string(i) + "/ ");
    ASSERT_NE(at, std::string::npos) << i;
    EXPECT_GE(at, last) << i;
    last = at;
  }
}

TEST(HttpServer, handles_one_pipelined_request_at_a_time) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(post("/hold", "1") + post("/hold", "2"));
  ASSERT_TRUE(echo.wait_for_held(1));
  EXPECT_EQ(echo.seen().size(), 1U);
  echo.release_all();
  ASSERT_TRUE(echo.wait_for_held(1));
  EXPECT_EQ(echo.seen().size(), 2U);
}

TEST(HttpServer, reads_a_request_that_comes_byte_by_byte) {
  EchoServer echo;
  RawSocket client = echo.connect();
  for (const char byte : post("/slow", "payload")) {
    client.send({&byte, 1});
    echo.runtime().run_until([] { return false; }, std::chrono::microseconds(200));
  }
  EXPECT_TRUE(client.wait_for_text("POST /slow [] payload"));
}

TEST(HttpServer, reads_chunked_bodies) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n5\r\ndefgh\r\n0\r\nTrailer: x\r\n\r\n");
  EXPECT_TRUE(client.wait_for_text("POST /c [] abcdefgh"));
}

TEST(HttpServer, answers_head_without_a_body) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("HEAD /h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string& answer = client.read_to_end();
  EXPECT_NE(answer.find("Content-Length: 11\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST(HttpServer, closes_when_the_client_asks_for_it) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/", "Connection: close\r\n") + get("/never"));
  const std::string& answer = client.read_to_end();
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_FALSE(client.was_reset());
  EXPECT_EQ(echo.seen().size(), 1U);
}

TEST(HttpServer, closes_after_http_1_0_unless_asked_to_keep) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(client.wait_for_text("GET /a"));
  EXPECT_NE(client.received().find("Connection: keep-alive\r\n"), std::string::npos);
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_NE(client.read_to_end().find("GET /b"), std::string::npos);
}

TEST(HttpServer, invites_the_body_of_a_client_that_waits_for_it) {
  EchoServer echo;
  RawSocket client = echo.connect();
  const std::string request = post("/e", "payload", "Expect: 100-continue\r\n");
  const std::size_t header = request.find("payload");
  client.send(request.substr(0, header));
  ASSERT_TRUE(client.wait_for_text("HTTP/1.1 100 Continue\r\n\r\n"));
  client.send(request.substr(header));
  EXPECT_TRUE(client.wait_for_text("POST /e [] payload"));
}

TEST(HttpServer, does_not_invite_a_body_that_is_there_already) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(post("/e", "payload", "Expect: 100-continue\r\nConnection: close\r\n"));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 200 OK"));
}

TEST(HttpServer, sends_large_answers_whole) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/large", "Connection: close\r\n"));
  const std::string& answer = client.read_to_end();
  EXPECT_TRUE(answer.substr(answer.find("\r\n\r\n") + 4) == std::string(8'000'000, 'x'));
}

TEST(HttpServer, serves_a_client_that_ends_its_side_after_the_request) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/half"));
  client.shut_sending();
  EXPECT_NE(client.read_to_end().find("GET /half"), std::string::npos);
}

TEST(HttpServer, drops_the_answer_for_a_client_that_left) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/hold"));
  ASSERT_TRUE(echo.wait_for_held(1));
  client.abort();
  echo.release_all();
  EXPECT_TRUE(
      eventually(echo.runtime(), [&] { return echo.server().stats().connections_open == 0; }));
  RawSocket next = echo.connect();
  next.send(get("/alive"));
  EXPECT_TRUE(next.wait_for_text("GET /alive"));
}

TEST(HttpServer, listens_on_several_addresses) {
  HttpServerSettings settings = loopback_settings();
  settings.listen.push_back({"127.0.0.2", 0});
  EchoServer echo(settings);
  const std::vector<ListenAddress> addresses = echo.server().local_addresses();
  ASSERT_EQ(addresses.size(), 2U);
  EXPECT_EQ(addresses[0].host, "127.0.0.1");
  EXPECT_EQ(addresses[1].host, "127.0.0.2");
  EXPECT_GT(addresses[0].port, 0);
  EXPECT_GT(addresses[1].port, 0);
}

TEST(HttpServer, names_the_address_that_it_cannot_listen_on) {
  EchoServer echo;
  HttpServerSettings settings;
  settings.listen.push_back({"127.0.0.1", echo.server().local_port()});
  const auto handler = [](HttpRequest) -> Task<HttpResponse> { std::abort(); };
  const auto taken = HttpServer::start(echo.runtime(), settings, handler);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::unavailable);
  EXPECT_NE(taken.error().message.find(settings.listen.front().text()), std::string::npos);
}

TEST(HttpServerStop, answers_what_is_in_flight_and_closes_what_is_idle) {
  EchoServer echo;
  RawSocket idle = echo.connect();
  idle.send(get("/"));
  ASSERT_TRUE(idle.wait_for_text("GET /"));
  RawSocket busy = echo.connect();
  busy.send(get("/hold"));
  ASSERT_TRUE(echo.wait_for_held(1));
  bool stopped = false;
  start(echo.server().stop(std::chrono::minutes(10)), [&] { stopped = true; });
  idle.read_to_end();
  EXPECT_FALSE(stopped);
  echo.release_all();
  const std::string& answer = busy.read_to_end();
  EXPECT_NE(answer.find("released"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  busy.close();
  EXPECT_TRUE(eventually(echo.runtime(), [&] { return stopped; }));
  EXPECT_EQ(echo.server().stats().connections_open, 0U);
}

TEST(HttpServerStop, lets_a_request_arrive_whose_first_bytes_are_there) {
  EchoServer echo;
  RawSocket client = echo.connect();
  const std::string request = post("/partial", "payload");
  client.send(request.substr(0, 20));
  // The second connection's answer shows that the first one's bytes were read as well.
  RawSocket other = echo.connect();
  other.send(get("/"));
  ASSERT_TRUE(other.wait_for_text("GET /"));
  other.close();
  bool stopped = false;
  start(echo.server().stop(std::chrono::minutes(10)), [&] { stopped = true; });
  client.send(request.substr(20));
  EXPECT_NE(client.read_to_end().find("POST /partial [] payload"), std::string::npos);
  client.close();
  EXPECT_TRUE(eventually(echo.runtime(), [&] { return stopped; }));
}

TEST(HttpServerStop, closes_what_is_not_done_when_the_grace_is_over) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/hold"));
  ASSERT_TRUE(echo.wait_for_held(1));
  bool stopped = false;
  start(echo.server().stop(std::chrono::milliseconds(1)), [&] { stopped = true; });
  EXPECT_TRUE(eventually(echo.runtime(), [&] { return stopped; }));
  EXPECT_EQ(client.read_to_end(), "");
  echo.release_all();
}

TEST(HttpServerStop, accepts_nobody_any_more_and_may_be_asked_twice) {
  EchoServer echo;
  const std::uint16_t port = echo.server().local_port();
  int stopped = 0;
  start(echo.server().stop(std::chrono::seconds(0)), [&] { ++stopped; });
  start(echo.server().stop(std::chrono::seconds(0)), [&] { ++stopped; });
  EXPECT_TRUE(eventually(echo.runtime(), [&] { return stopped == 2; }));
  EXPECT_EQ(echo.server().local_port(), port) << "still known";
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::connect(number, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(number);
}

TEST(HttpServerStop, may_be_destroyed_with_requests_in_flight) {
  EchoServer echo;
  RawSocket client = echo.connect();
  client.send(get("/hold"));
  ASSERT_TRUE(echo.wait_for_held(1));
  echo.destroy_server();
  EXPECT_EQ(client.read_to_end(), "");
  echo.release_all();
}

}  // namespace
}  // namespace holdfast
