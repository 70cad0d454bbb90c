// An HttpClient under test, and what its exchanges came to.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "http/client.h"
#include "unit/http/raw_socket.h"

namespace holdfast::test {

inline constexpr std::chrono::minutes kLong{10};

inline Url url_of(std::uint16_t port, std::string target = "/") {
  return Url{UrlScheme::http, "127.0.0.1", port, std::move(target)};
}

inline HttpCall call_to(Url url, std::string body = "{}") {
  HttpCall call;
  call.url = std::move(url);
  call.body = std::move(body);
  call.timeout = kLong;
  return call;
}

/** A client whose exchanges are collected as they end. */
class Caller {
 public:
  explicit Caller(IoRuntime& runtime, HttpClientSettings settings = {}) : runtime_(runtime) {
    Result<std::unique_ptr<HttpClient>> client = HttpClient::create(runtime, std::move(settings));
    EXPECT_TRUE(client);
    client_ = *std::move(client);
  }

  HttpClient& client() { return *client_; }
  void destroy_client() { client_.reset(); }

  /** Begins a call; its number, for result(). */
  std::size_t begin(HttpCall call) {
    const std::size_t number = ends_.size();
    ends_.emplace_back();
    start(client_->send(std::move(call)),
          [this, number](HttpExchange end) { ends_[number].emplace(std::move(end)); });
    return number;
  }
  bool is_done(std::size_t number) const { return ends_[number].has_value(); }
  HttpExchange& result(std::size_t number) {
    EXPECT_TRUE(eventually(runtime_, [&] { return is_done(number); }));
    return *ends_[number];
  }
  HttpExchange& send(HttpCall call) { return result(begin(std::move(call))); }

 private:
  IoRuntime& runtime_;
  std::unique_ptr<HttpClient> client_;
  std::vector<std::optional<HttpExchange>> ends_;
};

inline const HttpAnswer& answer_of(const HttpExchange& end) {
  static const HttpAnswer kNone;
  if (const auto* const not_sent = std::get_if<NotSent>(&end)) {
    ADD_FAILURE() << "not sent: " << not_sent->error.message;
  }
  if (const auto* const lost = std::get_if<NoAnswer>(&end)) {
    ADD_FAILURE() << "no answer: " << lost->error.message;
  }
  const auto* const answer = std::get_if<HttpAnswer>(&end);
  return answer != nullptr ? *answer : kNone;
}

inline void reply(RawSocket& server, std::string_view body, std::string_view more_fields = "") {
  server.send("HTTP/1.1 200 OK\r\n" + std::string(more_fields) +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

}  // namespace holdfast::test
