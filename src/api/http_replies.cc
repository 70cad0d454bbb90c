#include "api/http_replies.h"

#include <utility>

#include <fmt/format.h>

#include "telemetry/escape.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {

HttpResponse error_response(unsigned status, std::string_view name, std::string_view message) {
  HttpResponse response;
  response.status = status;
  response.body = "{\"error\":";
  append_json_string(response.body, name);
  response.body += ",\"message\":";
  append_json_string(response.body, message);
  response.body += "}\n";
  return response;
}

HttpResponse no_such_endpoint(const HttpRequest& request, std::span<const Endpoint> endpoints) {
  std::string allow;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.path != request.path) continue;
    if (!allow.empty()) allow += ", ";
    allow += endpoint.method == HttpMethod::get ? "GET, HEAD" : name_of(endpoint.method);
  }
  if (!allow.empty()) {
    HttpResponse response =
        error_response(405, "MethodNotAllowed", fmt::format("{} takes {}", request.path, allow));
    response.fields.push_back({"Allow", allow});
    return response;
  }
  HttpResponse response;
  response.status = 404;
  response.body = "{\"error\":\"NotFound\",\"message\":\"there is no such path here\",\"paths\":[";
  std::string_view before;
  for (const Endpoint& endpoint : endpoints) {
    response.body += before;
    response.body += "{\"method\":";
    append_json_string(response.body, name_of(endpoint.method));
    response.body += ",\"path\":";
    append_json_string(response.body, endpoint.path);
    response.body += ",\"meaning\":";
    append_json_string(response.body, endpoint.meaning);
    response.body += '}';
    before = ",";
  }
  response.body += "]}\n";
  return response;
}

bool is_for(const HttpRequest& request, const Endpoint& endpoint) noexcept {
  if (request.path != endpoint.path) return false;
  const bool head_of_get = endpoint.method == HttpMethod::get && request.method == HttpMethod::head;
  return request.method == endpoint.method || head_of_get;
}

HttpResponse AnswerCounter::counted(HttpResponse response) {
  Counter*& counter = by_status_[response.status];
  if (counter == nullptr) {
    counter =
        &metrics_.counter(metric::kHttpRequests, {listener_, fmt::format("{}", response.status)});
  }
  counter->add();
  return response;
}

}  // namespace holdfast
