// A remote signer for tests: the key 1 behind a real HTTP server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "crypto/typed_data.h"
#include "duty/signable_message.h"
#include "http/server.h"
#include "os/io_runtime.h"
#include "support/test_key.h"

namespace holdfast::test {

/** A Web3Signer with the key 1, over a real server, that answers as the test says. */
class FakeSigner {
 public:
  explicit FakeSigner(IoRuntime& runtime, std::optional<TlsServerSettings> tls = std::nullopt) {
    HttpServerSettings settings;
    settings.tls = std::move(tls);
    settings.read_timeout = std::chrono::minutes(2);
    settings.listen = {*parse_listen_address("127.0.0.1:0")};
    Result<std::unique_ptr<HttpServer>> started =
        HttpServer::start(runtime, std::move(settings),
                          [this](HttpRequest request) { return answer(std::move(request)); });
    CHECK(started.has_value());
    server_ = std::move(*started);
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}", port()); }
  std::uint16_t port() const { return server_->local_port(); }
  void stop() { server_.reset(); }

  /** Answers what is held back, so that every handler ends. */
  void let_go() {
    hold = false;
    for (auto& release : std::exchange(held_, {})) release(0);
  }
  std::size_t held() const { return held_.size(); }

  /** Set: the next answers, first to last; then the true ones again. */
  std::vector<HttpResponse> scripted;
  /** The requests wait for let_go(). */
  bool hold = false;
  std::vector<std::string> bodies;
  std::vector<std::string> paths;

 private:
  Task<HttpResponse> answer(HttpRequest request) {
    bodies.push_back(request.body);
    paths.push_back(request.path);
    EXPECT_EQ(request.content_type, "application/json");
    if (hold) {
      co_await from_callback<int>(
          [this](std::function<void(int)> release) { held_.push_back(std::move(release)); });
    }
    HttpResponse response;
    if (!scripted.empty()) {
      response = std::move(scripted.front());
      scripted.erase(scripted.begin());
      co_return response;
    }
    response.body = true_reply(boost::json::parse(request.body));
    co_return response;
  }

  static std::string true_reply(const boost::json::value& request) {
    const std::string_view method(request.at("method").as_string());
    std::string result;
    if (method == "eth_accounts") {
      result = fmt::format(R"(["{}"])", to_eip55(address_one()));
    } else if (method == "eth_sign") {
      const std::string_view payload(request.at("params").at(1).as_string());
      const SignableMessage message{MessageForm::eth_sign, *fixed_from_hex<MessageHash>(payload),
                                    ""};
      result = '"' + to_hex(sign_digest(plain_key_one(), message.digest()).view()) + '"';
    } else if (method == "eth_signTypedData") {
      const Result<TypedData> data =
          TypedData::parse(std::string_view(request.at("params").at(1).as_string()));
      CHECK(data.has_value());
      result = '"' + to_hex(sign_digest(plain_key_one(), data->digest()).view()) + '"';
    } else {
      result = "null";
    }
    return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})",
                       boost::json::serialize(request.at("id")), result);
  }

  std::unique_ptr<HttpServer> server_;
  std::vector<std::function<void(int)>> held_;
};

}  // namespace holdfast::test
