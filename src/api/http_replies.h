// What both listeners answer outside their own business: paths that do not exist, wrong methods,
// and the count of answers. Pure but for the counters.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "telemetry/metrics.h"

namespace holdfast {

/** A path that a listener has. */
struct Endpoint {
  HttpMethod method = HttpMethod::unknown;
  std::string_view path;
  std::string_view meaning;
};

/** {"error":NAME,"message":MESSAGE} with that status. */
HttpResponse error_response(unsigned status, std::string_view name, std::string_view message);

/** 404 whose body lists the endpoints, or 405 with Allow where the path has another method. */
HttpResponse no_such_endpoint(const HttpRequest& request, std::span<const Endpoint> endpoints);

/** True for the endpoint's path, and its method or, for GET, HEAD. */
bool is_for(const HttpRequest& request, const Endpoint& endpoint) noexcept;

/** holdfast_http_requests_total of one listener. */
class AnswerCounter {
 public:
  AnswerCounter(Metrics& metrics, std::string_view listener)
      : metrics_(metrics), listener_(listener) {}

  /** Counts the answer and passes it on. */
  HttpResponse counted(HttpResponse response);

 private:
  Metrics& metrics_;
  std::string listener_;
  std::map<unsigned, Counter*> by_status_;
};

}  // namespace holdfast
