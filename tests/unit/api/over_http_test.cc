// The whole thing over real sockets: HttpServer, signing and ops requests, sign path, local keys
// and the memory store.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "api/ops_api.h"
#include "api/signing_api.h"
#include "api_world.h"
#include "http/server.h"
#include "os/io_clock.h"
#include "os/random.h"
#include "unit/http/caller.h"
#include "unit/http/echo_server.h"

namespace holdfast {
namespace {

using test::kBoth;
using test::kHash;

/** A signer daemon in miniature. */
class Daemon {
 public:
  Daemon() {
    keys_.add(test::address_of(kBoth), {.attester = true, .publisher = true},
              test::local_key(test::kBothKey));
    SigningServiceSettings settings;
    settings.rules.rollup_address = test::example_rollup();
    service_ = std::make_unique<SigningService>(path_, keys_, clock_, observer_, metrics_,
                                                log_.logger(), settings);
    signing_ =
        std::make_unique<SigningApi>(*service_, health_, metrics_, log_.logger(), std::nullopt);
    ops_ = std::make_unique<OpsApi>(OpsIdentity{.node_id = "node-a",
                                                .rollup_address = test::example_rollup(),
                                                .chain_id = 1,
                                                .gating = Gating::off},
                                    *service_, health_, memory_.memory, keys_, observer_, clock_,
                                    metrics_);
    health_.start();
    HttpServerSettings settings_of_signing = test::loopback_settings();
    settings_of_signing.body_bytes_max = std::size_t{4} << 20;
    signing_server_ = started(std::move(settings_of_signing), [this](HttpRequest request) {
      return signing_->handle(std::move(request));
    });
    ops_server_ = started(test::loopback_settings(),
                          [this](HttpRequest request) { return ops_->handle(std::move(request)); });
  }
  ~Daemon() { health_.stop(); }

  IoRuntime& runtime() { return runtime_; }
  std::uint16_t signing_port() const { return signing_server_->local_port(); }
  std::uint16_t ops_port() const { return ops_server_->local_port(); }

 private:
  std::unique_ptr<HttpServer> started(HttpServerSettings settings, HttpHandler handler) {
    auto server = HttpServer::start(runtime_, std::move(settings), std::move(handler));
    EXPECT_TRUE(server) << server.error().message;
    return std::move(*server);
  }

  IoRuntime runtime_;
  IoClock clock_{runtime_};
  MemoryStore store_{clock_};
  SystemRandom random_;
  test::LogCapture log_{LogLevel::info};
  Metrics metrics_;
  TelemetryObserver observer_{metrics_, log_.logger(), "node-a"};
  KeyRing keys_;
  test::OwnMemory memory_{clock_, "node-a"};
  SignPath path_{
      store_, memory_.memory, keys_, clock_, random_, observer_, test::ApiWorld::default_sign()};
  StoreHealth health_{store_, clock_, metrics_, log_.logger(), {}};
  std::unique_ptr<SigningService> service_;
  std::unique_ptr<SigningApi> signing_;
  std::unique_ptr<OpsApi> ops_;
  std::unique_ptr<HttpServer> signing_server_;
  std::unique_ptr<HttpServer> ops_server_;
};

std::string attestation(int id, int slot, const char* hash = kHash) {
  return "{\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(id) +
         ",\"method\":\"eth_sign\",\"params\":[\"" + kBoth + "\",\"" + hash +
         "\",{\"dutyType\":\"ATTESTATION\",\"blockNumber\":1,\"slot\":" + std::to_string(slot) +
         "}]}";
}

TEST(OverHttp, racing_requests_for_one_duty_release_one_signature_content) {
  Daemon daemon;
  test::Caller caller(daemon.runtime());
  std::vector<std::size_t> calls;
  for (int id = 0; id < 40; ++id) {
    calls.push_back(
        caller.begin(test::call_to(test::url_of(daemon.signing_port()),
                                   attestation(id, 7, id % 2 == 0 ? kHash : test::kOtherHash))));
  }
  std::set<std::string> signatures;
  int refused = 0;
  for (const std::size_t call : calls) {
    const HttpAnswer& answer = test::answer_of(caller.result(call));
    EXPECT_EQ(answer.status, 200u);
    const boost::json::value reply = boost::json::parse(answer.body);
    if (reply.as_object().contains("result")) {
      signatures.insert(test::result_of(reply));
    } else {
      EXPECT_EQ(test::error_of(reply), "SlashingProtectionError");
      ++refused;
    }
  }
  EXPECT_EQ(signatures.size(), 1u);
  EXPECT_EQ(refused, 20);
}

TEST(OverHttp, a_batch_is_answered_in_order) {
  Daemon daemon;
  test::Caller caller(daemon.runtime());
  std::string body = "[";
  for (int id = 0; id < 200; ++id) {
    if (id > 0) body += ',';
    body += attestation(id, id);
  }
  const HttpExchange end =
      caller.send(test::call_to(test::url_of(daemon.signing_port()), body + "]"));
  const boost::json::array replies = boost::json::parse(test::answer_of(end).body).as_array();
  ASSERT_EQ(replies.size(), 200u);
  for (int id = 0; id < 200; ++id) {
    EXPECT_EQ(replies[id].at("id").to_number<int>(), id);
    EXPECT_EQ(test::result_of(replies[id]).size(), 132u);
  }
}

TEST(OverHttp, a_transaction_with_its_blobs_gets_through) {
  Daemon daemon;
  test::Caller caller(daemon.runtime());
  std::string hashes;
  std::string blobs;
  for (int at = 0; at < 6; ++at) {
    if (at > 0) {
      hashes += ',';
      blobs += ',';
    }
    hashes += "\"0x01" + std::string(62, 'a') + "\"";
    blobs += "\"0x" + std::string(262144, '0') + "\"";
  }
  const std::string body =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_signTransaction\",\"params\":[{\"from\":\"" +
      std::string(kBoth) +
      "\",\"to\":\"0x603bb2c05d474794ea97805e8de69bccfb3bca12\",\"nonce\":\"0x0\",\"gas\":"
      "\"0x5208\",\"maxFeePerGas\":\"0x2\",\"maxPriorityFeePerGas\":\"0x1\",\"maxFeePerBlobGas\":"
      "\"0x1\",\"blobVersionedHashes\":[" +
      hashes + "],\"blobs\":[" + blobs + "]}]}";
  ASSERT_GT(body.size(), std::size_t{1} << 20);
  const HttpExchange end = caller.send(test::call_to(test::url_of(daemon.signing_port()), body));
  EXPECT_EQ(test::answer_of(end).status, 200u);
  EXPECT_EQ(test::result_of(boost::json::parse(test::answer_of(end).body)).substr(0, 4), "0x03");
}

TEST(OverHttp, the_ops_listener_signs_nothing) {
  Daemon daemon;
  test::Caller caller(daemon.runtime());
  const HttpExchange end =
      caller.send(test::call_to(test::url_of(daemon.ops_port()), attestation(1, 1)));
  EXPECT_EQ(test::answer_of(end).status, 404u);
  HttpCall status = test::call_to(test::url_of(daemon.ops_port(), "/status"), "");
  status.method = HttpMethod::get;
  const HttpExchange told = caller.send(std::move(status));
  EXPECT_EQ(test::answer_of(told).status, 200u);
  EXPECT_EQ(boost::json::parse(test::answer_of(told).body).at("nodeId").as_string(), "node-a");
}

TEST(OverHttp, a_web_page_is_refused) {
  Daemon daemon;
  test::RawSocket client = test::RawSocket::connect(daemon.runtime(), daemon.signing_port());
  const std::string body = attestation(1, 1);
  client.send(
      "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n"
      "Content-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(client.wait_for_text("HTTP/1.1 403"));
  EXPECT_EQ(client.received().find("result"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
