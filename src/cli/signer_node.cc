#include "cli/signer_node.h"

#include <array>

#include <fmt/format.h>

#include "base/hex.h"
#include "cli/signer_settings.h"
#include "os/process.h"
#include "telemetry/build_info.h"

namespace holdfast::cli {
namespace {

using enum SettingId;

/** How long a stop waits for the sign path to write down what a remote signer may have done. */
constexpr std::chrono::seconds kSettleTime{2};
constexpr std::chrono::milliseconds kSettlePoll{5};

SigningRules signing_rules_of(const Settings& settings) {
  SigningRules rules;
  rules.rollup_address = rollup_address_of(settings);
  rules.gating = settings.boolean(gated) ? Gating::on : Gating::off;
  for (const std::string& name : settings.list(harmless_duty_types)) {
    const std::optional<DutyType> type = duty_type_from_name(name);
    CHECK(type.has_value());
    rules.harmless_duty_types.push_back(*type);
  }
  rules.attester_exit =
      settings.boolean(allow_attester_exit) ? AttesterExit::allow : AttesterExit::refuse;
  return rules;
}

SigningServiceSettings service_settings_of(const Settings& settings) {
  SigningServiceSettings result;
  result.rules = signing_rules_of(settings);
  result.chain_id = static_cast<std::uint64_t>(settings.integer(chain_id));
  result.request_deadline = settings.milliseconds(request_deadline_ms);
  result.calls_in_flight_max = settings.count(max_in_flight);
  result.limits.body_bytes_max = settings.count(max_body_bytes);
  result.limits.batch_calls_max = settings.count(max_batch);
  return result;
}

OpsIdentity identity_of(const Settings& settings) {
  return {.node_id = settings.text(node_id),
          .rollup_address = rollup_address_of(settings),
          .chain_id = static_cast<std::uint64_t>(settings.integer(chain_id)),
          .gating = settings.boolean(gated) ? Gating::on : Gating::off};
}

Result<HttpServerSettings> server_settings_of(const Settings& settings, SettingId address) {
  Result<ListenAddress> parsed = parse_listen_address(settings.text(address));
  if (!parsed) return std::move(parsed).error();
  HttpServerSettings result;
  result.listen = {*parsed};
  result.connections_max = settings.count(max_connections);
  return result;
}

std::string hex_of(const std::array<std::uint8_t, 16>& bytes) {
  return to_hex(ByteView(bytes)).substr(2);
}

NodePresenceSettings presence_of(const SignerGround& ground, const SignerParts& parts,
                                 const KeyRing& keys) {
  return {.node_id = ground.settings.text(node_id),
          .instance_id = hex_of(ground.random.bytes16()),
          .place = place_of_this_process(),
          .version = std::string(build_version()),
          .publishers = keys.publishers_only(),
          .new_journal = parts.new_journal};
}

std::string address_text(const HttpServer* server, std::string_view scheme) {
  CHECK(server != nullptr);
  return fmt::format("{}://{}", scheme, server->local_addresses().front().text());
}

}  // namespace

void ObserverPair::on_step(SignStep step, const Duty& duty, std::chrono::nanoseconds elapsed) {
  first_.on_step(step, duty, elapsed);
  if (second_ != nullptr) second_->on_step(step, duty, elapsed);
}

void ObserverPair::on_wait(const Duty& duty, std::string_view node) {
  first_.on_wait(duty, node);
  if (second_ != nullptr) second_->on_wait(duty, node);
}

void ObserverPair::on_take_over(const Duty& duty, std::string_view from_node_id) {
  first_.on_take_over(duty, from_node_id);
  if (second_ != nullptr) second_->on_take_over(duty, from_node_id);
}

void ObserverPair::on_replay(const Duty& duty) {
  first_.on_replay(duty);
  if (second_ != nullptr) second_->on_replay(duty);
}

void ObserverPair::on_refusal(const Refusal& refusal) {
  first_.on_refusal(refusal);
  if (second_ != nullptr) second_->on_refusal(refusal);
}

void ObserverPair::on_pinned(const Duty& duty) {
  first_.on_pinned(duty);
  if (second_ != nullptr) second_->on_pinned(duty);
}

void ObserverPair::on_error(const Duty& duty, const Error& error) {
  first_.on_error(duty, error);
  if (second_ != nullptr) second_->on_error(duty, error);
}

SignerNode::SignerNode(SignerGround ground, SignerParts parts)
    : ground_(ground),
      metrics_(ground.metrics),
      store_(std::move(parts.store.duties)),
      keys_(std::move(parts.keys)),
      telemetry_(metrics_, ground.logger, ground.settings.text(node_id)),
      observer_(telemetry_, ground.extra_observer),
      sign_path_(*store_, ground.memory, keys_->ring(), ground.clock, ground.random, observer_,
                 sign_settings_of(ground.settings)),
      presence_(*parts.store.nodes, *store_, ground.memory, ground.clock, metrics_, ground.logger,
                presence_of(ground, parts, keys_->ring())),
      clean_up_(*store_, ground.clock, metrics_, ground.logger,
                clean_up_settings_of(ground.settings)),
      health_(*store_, ground.clock, metrics_, ground.logger, {}),
      service_(sign_path_, keys_->ring(), ground.clock, telemetry_, metrics_, ground.logger,
               service_settings_of(ground.settings)),
      signing_api_(service_, health_, metrics_, ground.logger, std::move(parts.bearer_token)),
      ops_api_(identity_of(ground.settings), service_, health_, ground.memory, keys_->ring(),
               telemetry_, ground.clock, metrics_) {}

Result<std::unique_ptr<HttpServer>> SignerNode::start_signing_server() {
  const Settings& settings = ground_.settings;
  Result<HttpServerSettings> http = server_settings_of(settings, listen);
  if (!http) return std::move(http).error();
  http->body_bytes_max = settings.count(max_body_bytes);
  if (settings.has(tls_certificate)) {
    http->tls = TlsServerSettings{settings.text(tls_certificate), settings.text(tls_key),
                                  settings.text(tls_client_ca)};
  }
  return HttpServer::start(ground_.runtime, std::move(*http), [this](HttpRequest request) {
    return signing_api_.handle(std::move(request));
  });
}

Result<std::unique_ptr<HttpServer>> SignerNode::start_ops_server() {
  Result<HttpServerSettings> http = server_settings_of(ground_.settings, ops_listen);
  if (!http) return std::move(http).error();
  return HttpServer::start(ground_.runtime, std::move(*http), [this](HttpRequest request) {
    return ops_api_.handle(std::move(request));
  });
}

Result<void> SignerNode::start() {
  const Settings& settings = ground_.settings;
  Result<std::unique_ptr<HttpServer>> ops = start_ops_server();
  if (!ops) return std::move(ops).error().within(settings.value(ops_listen).place);
  ops_server_ = std::move(*ops);
  Result<std::unique_ptr<HttpServer>> signing = start_signing_server();
  if (!signing) return std::move(signing).error().within(settings.value(listen).place);
  signing_server_ = std::move(*signing);
  health_.start();
  clean_up_.start();
  presence_.start();
  tell_key_store_initialized(ground_.logger, metrics_, settings.text(node_id), keys_->ring());
  return {};
}

std::string SignerNode::signing_address() const {
  return address_text(signing_server_.get(),
                      ground_.settings.has(tls_certificate) ? "https" : "http");
}

std::string SignerNode::ops_address() const {
  return address_text(ops_server_.get(), "http");
}

Task<void> SignerNode::stop(std::chrono::milliseconds grace) {
  service_.stop();
  clean_up_.stop();
  if (signing_server_) co_await signing_server_->stop(grace);
  // What is still in the sign path learns now that its key is gone, and writes down what a remote
  // signer may have done, BEFORE the store is closed.
  keys_->close();
  const MonotonicTime patience = ground_.clock.now() + kSettleTime;
  while (sign_path_.in_flight() > 0 && ground_.clock.now() < patience) {
    co_await ground_.clock.sleep(kSettlePoll);
  }
  health_.stop();
  co_await presence_.leave();
  co_await store_->close();
  if (ops_server_) co_await ops_server_->stop(kSettleTime);
}

}  // namespace holdfast::cli
