// SigningApi: the signing listener's requests. POST / is JSON-RPC; GET /upcheck and /healthcheck
// are Web3Signer's. With a bearer token, nothing is answered without it.
//
// Thread rule: the I/O thread.
#pragma once

#include <optional>

#include "api/http_replies.h"
#include "api/signing_service.h"
#include "api/store_health.h"
#include "base/task.h"
#include "http/message.h"
#include "os/secret.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

class SigningApi {
 public:
  /** Without a token every caller who gets through to the listener is served. All references
      outlive the API and every request in flight. */
  SigningApi(SigningService& service, const StoreHealth& health, Metrics& metrics,
             const Logger& logger, std::optional<Secret> bearer_token);

  /** For HttpServer. */
  Task<HttpResponse> handle(HttpRequest request);

 private:
  Task<HttpResponse> answer(HttpRequest request);
  Task<HttpResponse> answer_rpc(HttpRequest request);
  HttpResponse healthcheck() const;
  HttpResponse unauthorized(const HttpRequest& request) const;

  SigningService& service_;
  const StoreHealth& health_;
  const Logger& logger_;
  AnswerCounter counter_;
  std::optional<Secret> bearer_token_;
};

}  // namespace holdfast
