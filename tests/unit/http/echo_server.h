// An HttpServer whose handler tells what it was asked, or holds requests until the test answers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/server.h"
#include "unit/http/raw_socket.h"

namespace holdfast::test {

inline HttpServerSettings loopback_settings() {
  HttpServerSettings settings;
  settings.listen.push_back({"127.0.0.1", 0});
  return settings;
}

class EchoServer {
 public:
  explicit EchoServer(HttpServerSettings settings = loopback_settings()) {
    auto handler = [this](HttpRequest request) { return answer(std::move(request)); };
    Result<std::unique_ptr<HttpServer>> started =
        HttpServer::start(runtime_, std::move(settings), std::move(handler));
    EXPECT_TRUE(started) << started.error().message;
    server_ = *std::move(started);
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer() {
    server_.reset();
    release_all();
  }

  IoRuntime& runtime() { return runtime_; }
  HttpServer& server() { return *server_; }
  void destroy_server() { server_.reset(); }
  RawSocket connect() { return RawSocket::connect(runtime_, server_->local_port()); }
  std::vector<HttpRequest>& seen() { return seen_; }
  std::size_t held() const { return held_.size(); }

  bool wait_for_held(std::size_t count) {
    return eventually(runtime_, [&] { return held_.size() == count; });
  }
  /** Answers the requests to /hold that are waiting. */
  void release_all() {
    const auto all = std::exchange(held_, {});
    for (const auto& release : all) release(HttpResponse{200, "text/plain", "released", {}});
  }

 private:
  Task<HttpResponse> answer(HttpRequest request) {
    seen_.push_back(request);
    if (request.path == "/hold") {
      auto hold = [this](auto done) { held_.push_back(done); };
      HttpResponse response = co_await from_callback<HttpResponse>(std::move(hold));
      co_return response;
    }
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = std::string(name_of(request.method)) + " " + request.path + " [" +
                    request.query + "] " + request.body;
    if (request.path == "/fields") response.fields.push_back({"X-More", "yes"});
    if (request.path == "/large") response.body.assign(8'000'000, 'x');
    co_return response;
  }

  IoRuntime runtime_;
  std::unique_ptr<HttpServer> server_;
  std::vector<HttpRequest> seen_;
  std::vector<std::function<void(HttpResponse)>> held_;
};

/** A POST as a client sends it. */
inline std::string post(std::string_view path, std::string_view body,
                        std::string_view more_fields = "") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(more_fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}
inline std::string get(std::string_view path, std::string_view more_fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
         std::string(more_fields) + "\r\n";
}

}  // namespace holdfast::test
