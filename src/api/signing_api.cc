#include "api/signing_api.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "http/bearer_token.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "signing-api";

constexpr std::array<Endpoint, 3> kEndpoints = {{
    {HttpMethod::post, "/", "JSON-RPC 2.0"},
    {HttpMethod::get, "/upcheck", "answers OK while the process lives"},
    {HttpMethod::get, "/healthcheck", "whether this node can sign"},
}};
constexpr const Endpoint& kRpc = kEndpoints[0];
constexpr const Endpoint& kUpcheck = kEndpoints[1];
constexpr const Endpoint& kHealthcheck = kEndpoints[2];

char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/** application/json with any parameters, or no type at all. */
bool is_json(std::string_view content_type) noexcept {
  constexpr std::string_view kJson = "application/json";
  if (content_type.empty()) return true;
  if (content_type.size() < kJson.size()) return false;
  for (std::size_t at = 0; at < kJson.size(); ++at) {
    if (lower(content_type[at]) != kJson[at]) return false;
  }
  const std::string_view rest = content_type.substr(kJson.size());
  return rest.empty() || rest[0] == ';' || rest[0] == ' ';
}

}  // namespace

SigningApi::SigningApi(SigningService& service, const StoreHealth& health, Metrics& metrics,
                       const Logger& logger, std::optional<Secret> bearer_token)
    : service_(service),
      health_(health),
      logger_(logger),
      counter_(metrics, "signing"),
      bearer_token_(std::move(bearer_token)) {}

Task<HttpResponse> SigningApi::handle(HttpRequest request) {
  HttpResponse response = co_await answer(std::move(request));
  co_return counter_.counted(std::move(response));
}

Task<HttpResponse> SigningApi::answer(HttpRequest request) {
  if (bearer_token_ && !bearer_token_matches(request.authorization, *bearer_token_)) {
    co_return unauthorized(request);
  }
  if (is_for(request, kRpc)) co_return co_await answer_rpc(std::move(request));
  if (is_for(request, kUpcheck)) {
    HttpResponse response;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "OK";
    co_return response;
  }
  if (is_for(request, kHealthcheck)) co_return healthcheck();
  co_return no_such_endpoint(request, kEndpoints);
}

Task<HttpResponse> SigningApi::answer_rpc(HttpRequest request) {
  if (!is_json(request.content_type)) {
    co_return error_response(415, "UnsupportedMediaType",
                             "the Content-Type of a JSON-RPC request is application/json");
  }
  RpcAnswer answer = co_await service_.answer(std::move(request.body), std::move(request.peer));
  HttpResponse response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  if (response.status == 503) response.fields.push_back({"Retry-After", "1"});
  co_return response;
}

HttpResponse SigningApi::healthcheck() const {
  const bool up = health_.report().up() && !service_.stopping();
  HttpResponse response;
  response.status = up ? 200 : 503;
  const std::string_view word = up ? "UP" : "DOWN";
  response.body =
      fmt::format("{{\"status\":\"{}\",\"checks\":[],\"outcome\":\"{}\"}}\n", word, word);
  return response;
}

HttpResponse SigningApi::unauthorized(const HttpRequest& request) const {
  logger_.log(LogLevel::verbose, kModule, "Request without the bearer token",
              {{"peer", request.peer}});
  HttpResponse response =
      error_response(401, "Unauthorized", "send the token as Authorization: Bearer TOKEN");
  response.fields.push_back({"WWW-Authenticate", "Bearer realm=\"holdfast\""});
  return response;
}

}  // namespace holdfast
