// The requests of both listeners, without sockets: what each path answers.
#include <ostream>

#include <gtest/gtest.h>

#include "api/ops_api.h"
#include "api/signing_api.h"
#include "api_world.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::ApiWorld;
using test::kBoth;
using test::kContext;
using test::kHash;
using test::kSignature;

std::string sign_body() {
  return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_sign\",\"params\":[\"" +
         std::string(kBoth) + "\",\"" + kHash + "\"," + kContext + "]}";
}

std::optional<Secret> secret(const char* text) {
  if (text == nullptr) return std::nullopt;
  return *Secret::copy_of(as_bytes(text));
}

struct Listeners {
  explicit Listeners(const char* token = nullptr, SigningServiceSettings settings = {})
      : world(std::move(settings)),
        signing(*world.service, health, world.metrics, world.log.logger(), secret(token)) {
    health.start();
  }
  ~Listeners() { health.stop(); }

  HttpResponse sign(HttpRequest request) {
    return world.clock.run(signing.handle(std::move(request)));
  }
  HttpResponse ask(HttpRequest request) { return world.clock.run(ops.handle(std::move(request))); }
  static HttpRequest get(std::string path) {
    HttpRequest request;
    request.method = HttpMethod::get;
    request.path = std::move(path);
    return request;
  }
  static HttpRequest post(std::string body, std::string path = "/") {
    HttpRequest request;
    request.method = HttpMethod::post;
    request.path = std::move(path);
    request.content_type = "application/json";
    request.body = std::move(body);
    return request;
  }

  ApiWorld world;
  StoreHealth health{world.store, world.clock, world.metrics, world.log.logger(), {}};
  SigningApi signing;
  OpsApi ops{{.node_id = "node-a",
              .rollup_address = test::example_rollup(),
              .chain_id = 1,
              .gating = Gating::off},
             *world.service,
             health,
             world.memory.memory,
             world.keys,
             world.observer,
             world.clock,
             world.metrics};
};

std::string field(const HttpResponse& response, std::string_view name) {
  for (const HttpField& field : response.fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

TEST(SigningListener, signs_what_is_posted_to_the_root) {
  Listeners listeners;
  const HttpResponse response = listeners.sign(Listeners::post(sign_body()));
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"" + std::string(kSignature) + "\"}");
}

TEST(SigningListener, answers_web3signers_health_questions) {
  Listeners listeners;
  const HttpResponse upcheck = listeners.sign(Listeners::get("/upcheck"));
  EXPECT_EQ(upcheck.status, 200u);
  EXPECT_EQ(upcheck.body, "OK");
  EXPECT_EQ(listeners.sign(Listeners::get("/healthcheck")).status, 200u);
  listeners.world.service->stop();
  const HttpResponse down = listeners.sign(Listeners::get("/healthcheck"));
  EXPECT_EQ(down.status, 503u);
  EXPECT_EQ(boost::json::parse(down.body).at("status").as_string(), "DOWN");
  EXPECT_EQ(listeners.sign(Listeners::get("/upcheck")).status, 200u);
}

TEST(SigningListener, says_what_paths_and_methods_there_are) {
  Listeners listeners;
  const HttpResponse missing = listeners.sign(Listeners::get("/api/v1/eth1/publicKeys"));
  EXPECT_EQ(missing.status, 404u);
  EXPECT_EQ(boost::json::parse(missing.body).at("paths").as_array().size(), 3u);
  const HttpResponse wrong = listeners.sign(Listeners::get("/"));
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_EQ(field(wrong, "Allow"), "POST");
  EXPECT_EQ(listeners.sign(Listeners::post("{}", "/upcheck")).status, 405u);
  EXPECT_EQ(listeners.sign(Listeners::post("{}", "/status")).status, 404u);
}

struct TypeRow {
  const char* name;
  const char* content_type;
  unsigned status;
};
std::ostream& operator<<(std::ostream& out, const TypeRow& row) {
  return out << row.name;
}

class ContentTypes : public testing::TestWithParam<TypeRow> {};

TEST_P(ContentTypes, are_json_or_refused) {
  Listeners listeners;
  HttpRequest request = Listeners::post(sign_body());
  request.content_type = GetParam().content_type;
  EXPECT_EQ(listeners.sign(std::move(request)).status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(All, ContentTypes,
                         testing::Values(TypeRow{"json", "application/json", 200},
                                         TypeRow{"absent", "", 200},
                                         TypeRow{"charset", "application/json; charset=utf-8", 200},
                                         TypeRow{"upper_case", "Application/JSON", 200},
                                         TypeRow{"text", "text/plain", 415},
                                         TypeRow{"form", "application/x-www-form-urlencoded", 415},
                                         TypeRow{"longer", "application/jsonp", 415},
                                         TypeRow{"shorter", "application/jso", 415}),
                         [](const auto& row) { return row.param.name; });

struct TokenRow {
  const char* name;
  const char* authorization;
  unsigned status;
};
std::ostream& operator<<(std::ostream& out, const TokenRow& row) {
  return out << row.name;
}

class Tokens : public testing::TestWithParam<TokenRow> {};

TEST_P(Tokens, open_every_path_or_none) {
  Listeners listeners("0123456789abcdef");
  for (HttpRequest request : {Listeners::post(sign_body()), Listeners::get("/upcheck"),
                              Listeners::get("/healthcheck"), Listeners::get("/none")}) {
    request.authorization = GetParam().authorization;
    const bool exists = request.path != "/none";
    const HttpResponse response = listeners.sign(std::move(request));
    EXPECT_EQ(response.status, GetParam().status == 200 && !exists ? 404u : GetParam().status);
    if (response.status == 401) {
      EXPECT_EQ(field(response, "WWW-Authenticate"), "Bearer realm=\"holdfast\"");
    }
  }
  EXPECT_EQ(listeners.world.log.text().find("0123456789"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, Tokens,
                         testing::Values(TokenRow{"right", "Bearer 0123456789abcdef", 200},
                                         TokenRow{"absent", "", 401},
                                         TokenRow{"wrong", "Bearer 0123456789abcdeF", 401},
                                         TokenRow{"longer", "Bearer 0123456789abcdef0", 401},
                                         TokenRow{"shorter", "Bearer 0123456789abcde", 401},
                                         TokenRow{"basic", "Basic 0123456789abcdef", 401}),
                         [](const auto& row) { return row.param.name; });

TEST(SigningListener, asks_an_overloading_client_to_come_back) {
  SigningServiceSettings settings;
  settings.calls_in_flight_max = 0;
  Listeners listeners(nullptr, settings);
  const HttpResponse response = listeners.sign(Listeners::post(sign_body()));
  EXPECT_EQ(response.status, 503u);
  EXPECT_EQ(field(response, "Retry-After"), "1");
  EXPECT_EQ(test::error_of(boost::json::parse(response.body)), "OverloadedError");
}

TEST(OpsListener, tells_the_status) {
  Listeners listeners;
  listeners.sign(Listeners::post(sign_body()));
  listeners.world.clock.advance(2500ms);
  const HttpResponse response = listeners.ask(Listeners::get("/status"));
  EXPECT_EQ(response.status, 200u);
  const boost::json::value status = boost::json::parse(response.body);
  EXPECT_EQ(status.at("nodeId").as_string(), "node-a");
  EXPECT_EQ(status.at("uptimeSeconds").as_double(), 2.5);
  EXPECT_TRUE(status.at("ready").as_bool());
  EXPECT_FALSE(status.at("stopping").as_bool());
  EXPECT_FALSE(status.at("gated").as_bool());
  EXPECT_EQ(status.at("chainId").to_number<int>(), 1);
  EXPECT_EQ(status.at("rollupAddress").as_string(), "0x" + std::string(40, '1'));
  EXPECT_EQ(boost::json::serialize(status.at("attesters")),
            "[\"" + std::string(test::kAttester) + "\",\"" + kBoth + "\"]");
  EXPECT_EQ(boost::json::serialize(status.at("publishers")),
            "[\"" + std::string(test::kPublisher) + "\",\"" + kBoth + "\"]");
  EXPECT_EQ(status.at("database").at("state").as_string(), "up");
  EXPECT_EQ(status.at("database").at("backend").as_string(), "memory");
  EXPECT_EQ(status.at("database").at("schemaVersion").to_number<int>(), 2);
  EXPECT_EQ(status.at("callsInFlight").to_number<int>(), 0);
  EXPECT_EQ(boost::json::serialize(status.at("duties")), R"({"BLOCK_PROPOSAL":{"signed":1}})");
}

TEST(OpsListener, never_shows_a_key) {
  Listeners listeners;
  listeners.sign(Listeners::post(sign_body()));
  for (const char* path : {"/status", "/livez", "/readyz", "/metrics", "/none"}) {
    const std::string body = listeners.ask(Listeners::get(path)).body;
    EXPECT_EQ(body.find(test::kBothKey + 2), std::string::npos) << path;
    EXPECT_EQ(body.find(test::kPublisherKey + 2), std::string::npos) << path;
    EXPECT_EQ(body.find(kSignature + 2), std::string::npos) << path;
  }
}

TEST(OpsListener, is_ready_while_this_node_can_sign) {
  Listeners listeners;
  EXPECT_EQ(listeners.ask(Listeners::get("/readyz")).status, 200u);
  start(listeners.world.store.close(), [] {});
  listeners.world.clock.advance(1s);
  const HttpResponse down = listeners.ask(Listeners::get("/readyz"));
  EXPECT_EQ(down.status, 503u);
  const boost::json::value body = boost::json::parse(down.body);
  EXPECT_FALSE(body.at("ready").as_bool());
  EXPECT_EQ(std::string_view(body.at("reasons").at(0).as_string()).substr(0, 9), "database:");
  EXPECT_EQ(listeners.ask(Listeners::get("/livez")).status, 200u);
  EXPECT_EQ(listeners.sign(Listeners::get("/healthcheck")).status, 503u);
  const boost::json::value status =
      boost::json::parse(listeners.ask(Listeners::get("/status")).body);
  EXPECT_EQ(status.at("database").at("state").as_string(), "down");
  EXPECT_FALSE(status.at("ready").as_bool());
}

TEST(OpsListener, is_not_ready_while_it_stops) {
  Listeners listeners;
  listeners.world.service->stop();
  const HttpResponse response = listeners.ask(Listeners::get("/readyz"));
  EXPECT_EQ(response.status, 503u);
  EXPECT_NE(response.body.find("this node is stopping"), std::string::npos);
}

TEST(OpsListener, shows_the_metrics_of_everything) {
  Listeners listeners;
  listeners.sign(Listeners::post(sign_body()));
  const HttpResponse response = listeners.ask(Listeners::get("/metrics"));
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"holdfast_duties_total{duty_type=\"BLOCK_PROPOSAL\",outcome=\"signed\"} 1\n",
        "holdfast_sign_step_seconds_count{step=\"total\"} 1\n", "holdfast_store_up 1\n",
        "holdfast_http_requests_total{listener=\"signing\",status=\"200\"} 1\n",
        "holdfast_rpc_calls_total{method=\"eth_sign\",outcome=\"ok\"} 1\n",
        "holdfast_build_info{version=\""}) {
    EXPECT_NE(response.body.find(line), std::string::npos) << line;
  }
}

TEST(OpsListener, is_read_only_and_lists_its_paths) {
  Listeners listeners;
  const HttpResponse missing = listeners.ask(Listeners::get("/"));
  EXPECT_EQ(missing.status, 404u);
  EXPECT_EQ(boost::json::parse(missing.body).at("paths").as_array().size(), 4u);
  const HttpResponse post = listeners.ask(Listeners::post(sign_body(), "/status"));
  EXPECT_EQ(post.status, 405u);
  EXPECT_EQ(field(post, "Allow"), "GET, HEAD");
  EXPECT_EQ(listeners.ask(Listeners::post(sign_body())).status, 404u);
}

TEST(OpsListener, answers_head_like_get) {
  Listeners listeners;
  HttpRequest request = Listeners::get("/livez");
  request.method = HttpMethod::head;
  EXPECT_EQ(listeners.ask(std::move(request)).status, 200u);
}

TEST(OpsListener, tells_the_pin_and_a_quarantine_while_it_is_active) {
  Listeners listeners;
  ReleaseMemory& memory = listeners.world.memory.memory;
  const auto status = [&] {
    return boost::json::parse(listeners.ask(Listeners::get("/status")).body);
  };
  EXPECT_TRUE(status().at("cluster").is_null());
  EXPECT_TRUE(status().at("quarantine").is_null());
  DatabaseFacts facts;
  facts.identity.backend = "postgres";
  facts.identity.cluster_id = "c-1";
  facts.identity.system_identifier = "4711";
  facts.identity.timeline = 1;
  ASSERT_TRUE(memory.on_database(memory.question(), facts).has_value());
  EXPECT_EQ(status().at("cluster").at("clusterId").as_string(), "c-1");
  EXPECT_EQ(status().at("cluster").at("timeline").as_int64(), 1);
  facts.identity.timeline = 2;
  ASSERT_TRUE(memory.on_database(memory.question(), facts).has_value());
  memory.saw(test::example_rollup(), Slot(100));
  const boost::json::value quarantine = status().at("quarantine");
  EXPECT_EQ(quarantine.at("reason").as_string(), "new_timeline");
  EXPECT_TRUE(quarantine.at("learning").as_bool());
  EXPECT_EQ(quarantine.at("floors").at(0).at("slot").as_string(), "102");
}

TEST(OpsListener, a_halted_node_is_not_ready_and_says_why) {
  Listeners listeners;
  listeners.world.memory.memory.halt(
      Error{ErrorKind::permission_denied, "another process signs as this node"});
  const HttpResponse response = listeners.ask(Listeners::get("/readyz"));
  EXPECT_EQ(response.status, 503u);
  EXPECT_NE(response.body.find("another process signs as this node"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
