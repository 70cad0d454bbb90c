#include "cli/doctor/signer_answer.h"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/strict_json.h"
#include "cli/run_task.h"
#include "http/client.h"

namespace holdfast::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kAnswerLimit{5};

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

Result<std::string> get(IoRuntime& runtime, HttpClient& client, const ListenAddress& address,
                        std::string_view target) {
  HttpCall call;
  call.url = {UrlScheme::http, address.host, address.port, std::string(target)};
  call.method = HttpMethod::get;
  call.repeat = Repeat::harmless;
  call.timeout = kAnswerLimit;
  std::optional<HttpExchange> exchange =
      run_task(runtime, client.send(std::move(call)), 2 * kAnswerLimit);
  if (!exchange) return Error{ErrorKind::timeout, address.text() + " has not answered in time"};
  if (auto* answer = std::get_if<HttpAnswer>(&*exchange)) return std::move(answer->body);
  if (const auto* not_sent = std::get_if<NotSent>(&*exchange)) return not_sent->error;
  return std::get<NoAnswer>(*exchange).error;
}

}  // namespace

Result<SignerAnswer> read_signer_answer(std::string_view status, std::string_view readyz) {
  const Error no_signer{ErrorKind::invalid_input, "what answers there is no Holdfast signer"};
  const Result<json::value> status_body = parse_strict_json(status);
  const Result<json::value> readyz_body = parse_strict_json(readyz);
  if (!status_body || !readyz_body) return no_signer;
  const json::object* const said = status_body->if_object();
  const json::object* const ready = readyz_body->if_object();
  if (said == nullptr || ready == nullptr) return no_signer;
  std::optional<std::string> node_id = text_of(*said, "nodeId");
  std::optional<std::string> version = text_of(*said, "version");
  if (!node_id || !version || !ready->contains("ready")) return no_signer;
  SignerAnswer answer{*std::move(node_id), *std::move(version), {}};
  const json::value* const reasons = ready->if_contains("reasons");
  if (reasons == nullptr) return answer;
  if (!reasons->is_array()) return no_signer;
  for (const json::value& reason : reasons->get_array()) {
    if (!reason.is_string()) return no_signer;
    answer.reasons.emplace_back(reason.get_string());
  }
  return answer;
}

Result<SignerAnswer> ask_signer(const ListenAddress& ops_address) {
  IoRuntime runtime;
  Result<std::unique_ptr<HttpClient>> client = HttpClient::create(runtime, {});
  if (!client) return std::move(client).error();
  const Result<std::string> status = get(runtime, **client, ops_address, "/status");
  if (!status) return status.error();
  const Result<std::string> readyz = get(runtime, **client, ops_address, "/readyz");
  if (!readyz) return readyz.error();
  return read_signer_answer(*status, *readyz);
}

}  // namespace holdfast::cli
