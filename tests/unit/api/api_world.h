// A signing service over real parts (sign path, key ring, local keys, the memory store), on
// virtual time. Requests are JSON text, answers are parsed JSON.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

#include "api/signing_service.h"
#include "base/hex.h"
#include "keys/local_key.h"
#include "store/memory/memory_store.h"
#include "support/example_duty.h"
#include "support/log_capture.h"
#include "support/own_memory.h"
#include "support/test_key.h"
#include "support/virtual_clock.h"

namespace holdfast::test {

/** The first key of the vectors: an attester and a publisher in this world. */
inline constexpr const char* kBothKey =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
inline constexpr const char* kBoth = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
/** The private key 1: an attester only, whose TestKey does what the test says. */
inline constexpr const char* kAttester = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
/** The private key 2: a publisher only. */
inline constexpr const char* kPublisherKey =
    "0x0000000000000000000000000000000000000000000000000000000000000002";
inline constexpr const char* kPublisher = "0x2b5ad5c4795c026514f8317c7a215e218dccd6cf";

inline constexpr const char* kHash =
    "0xc84e13372cf6eed97e53fef6e0ace931cb6a1ae827ceadcb7b7839d786a75189";
inline constexpr const char* kOtherHash =
    "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
/** What kBoth signs of kHash by eth_sign: tests/vectors/web3signer_wire.json. */
inline constexpr const char* kSignature =
    "0xd5590c1a2359cb7eb01a1eca9f02503b16e506fb05edb9e662980c9b6d48840c66ad78704afdd911080db2530cf9"
    "b84e453b5132f9e9a76fe12680f5247b08be1b";

/** The context of a block proposal at slot 100. */
inline constexpr const char* kContext =
    "{\"dutyType\":\"BLOCK_PROPOSAL\",\"slot\":\"100\",\"blockNumber\":\"50\","
    "\"blockIndexWithinCheckpoint\":0}";

inline std::shared_ptr<KeyBackend> local_key(const char* private_key) {
  const auto bytes = fixed_from_hex<Hash256>(private_key);
  const PrivateKeyView view(bytes->bytes);
  return std::make_shared<LocalKey>(*address_of_key(view), *Secret::copy_of(view));
}

inline Address address_of(const char* text) {
  return *address_from_text(text);
}

inline RollupAddress example_rollup() {
  return filled_with<RollupAddress>(0x11);
}

struct ApiWorld {
  explicit ApiWorld(SigningServiceSettings given = {}, SignSettings sign = default_sign()) {
    keys.add(address_of(kBoth), {.attester = true, .publisher = true}, local_key(kBothKey));
    keys.add(address_of(kAttester), {.attester = true, .publisher = false}, test_key);
    keys.add(address_of(kPublisher), {.attester = false, .publisher = true},
             local_key(kPublisherKey));
    given.rules.rollup_address = example_rollup();
    sign_path = std::make_unique<SignPath>(store, memory.memory, keys, clock, random, observer,
                                           std::move(sign));
    service = std::make_unique<SigningService>(*sign_path, keys, clock, observer, metrics,
                                               log.logger(), std::move(given));
  }

  static SignSettings default_sign() {
    SignSettings settings;
    settings.rules.node_id = "node-a";
    return settings;
  }

  RpcAnswer post(std::string body) {
    return clock.run(service->answer(std::move(body), "127.0.0.1:5"));
  }
  /** The parsed reply to one call with that method and those parameters (JSON text). */
  boost::json::value call(std::string_view method, std::string_view params) {
    const RpcAnswer answer =
        post("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" + std::string(method) +
             "\",\"params\":" + std::string(params) + "}");
    last_status = answer.status;
    return boost::json::parse(answer.body);
  }
  /** eth_sign with a context, which may be empty. */
  boost::json::value eth_sign(std::string_view address, std::string_view hash,
                              std::string_view context = {}) {
    std::string params = "[\"" + std::string(address) + "\",\"" + std::string(hash) + "\"";
    if (!context.empty()) params += "," + std::string(context);
    return call("eth_sign", params + "]");
  }
  boost::json::value typed_data(std::string_view address, std::string_view json,
                                std::string_view context = {}) {
    std::string params = "[\"" + std::string(address) + "\"," + std::string(json);
    if (!context.empty()) params += "," + std::string(context);
    return call("eth_signTypedData", params + "]");
  }

  VirtualClock clock;
  MemoryStore store{clock};
  CountingRandom random;
  LogCapture log;
  Metrics metrics;
  TelemetryObserver observer{metrics, log.logger(), "node-a"};
  KeyRing keys;
  std::shared_ptr<TestKey> test_key = std::make_shared<TestKey>(clock);
  OwnMemory memory{clock, "node-a"};
  std::unique_ptr<SignPath> sign_path;
  std::unique_ptr<SigningService> service;
  unsigned last_status = 0;
};

/** The "result" of a reply, or its whole text where it has none. */
inline std::string result_of(const boost::json::value& reply) {
  const boost::json::value* result = reply.as_object().if_contains("result");
  if (result == nullptr) return boost::json::serialize(reply);
  return result->is_string() ? std::string(result->get_string().c_str())
                             : boost::json::serialize(*result);
}

/** error.data.name of a reply, or its whole text where it has no error. */
inline std::string error_of(const boost::json::value& reply) {
  const boost::json::value* error = reply.as_object().if_contains("error");
  if (error == nullptr) return boost::json::serialize(reply);
  return error->at("data").at("name").as_string().c_str();
}

inline std::string message_of_error(const boost::json::value& reply) {
  const boost::json::value* error = reply.as_object().if_contains("error");
  if (error == nullptr) return boost::json::serialize(reply);
  return error->at("message").as_string().c_str();
}

/** Typed data of the Aztec rollup: a payload hash under that primary type. */
inline std::string rollup_typed_data(std::string_view primary_type) {
  return "{\"domain\":{\"name\":\"Aztec Rollup\",\"version\":\"1\",\"chainId\":1,"
         "\"verifyingContract\":\"0x603bb2c05d474794ea97805e8de69bccfb3bca12\"},\"types\":{\"" +
         std::string(primary_type) +
         "\":[{\"name\":\"payloadHash\",\"type\":\"bytes32\"}]},\"primaryType\":\"" +
         std::string(primary_type) + "\",\"message\":{\"payloadHash\":\"" + kHash + "\"}}";
}

inline std::string attester_exit_typed_data() {
  return "{\"domain\":{\"name\":\"Aztec Rollup\",\"version\":\"1\",\"chainId\":1,"
         "\"verifyingContract\":\"0x603bb2c05d474794ea97805e8de69bccfb3bca12\"},\"types\":{"
         "\"AttesterExit\":[{\"name\":\"attester\",\"type\":\"address\"},{\"name\":\"deadline\","
         "\"type\":\"uint256\"}]},\"primaryType\":\"AttesterExit\",\"message\":{\"attester\":"
         "\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\",\"deadline\":\"99\"}}";
}

inline std::string vote_typed_data(std::string_view slot) {
  return "{\"domain\":{\"name\":\"TallySlashingProposer\",\"version\":\"1\",\"chainId\":1,"
         "\"verifyingContract\":\"0x2222222222222222222222222222222222222222\"},\"types\":{"
         "\"Vote\":[{\"name\":\"votes\",\"type\":\"bytes\"},{\"name\":\"slot\",\"type\":"
         "\"uint256\"}]},\"primaryType\":\"Vote\",\"message\":{\"votes\":\"0xe4\",\"slot\":\"" +
         std::string(slot) + "\"}}";
}

}  // namespace holdfast::test
