// NodeKeys: the keys of a plan, ready to sign: the key ring, and the connections to the remote
// signers behind it. Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "keys/key_plan.h"
#include "keys/key_ring.h"
#include "os/clock.h"
#include "os/io_runtime.h"
#include "os/random.h"

namespace holdfast {

class HttpClient;
class RemoteSigner;

struct RemoteSignerSettings {
  /** One call, from the wait for a connection to the end of the answer
      (VALIDATOR_SIGNER_CALL_TIMEOUT_MS). */
  std::chrono::milliseconds call_timeout{30'000};
  /** Name resolution, TCP and TLS of one connection; no longer than call_timeout. */
  std::chrono::milliseconds connect_timeout{5'000};
  /** The authorities of the remote signers' certificates; empty for those of the system. */
  std::filesystem::path ca_file;
  std::size_t connections_max = 64;
};

class NodeKeys {
 public:
  /** Takes the keys of a plan (KeyPlan::keys). Nothing is connected to yet. The error names the
      client certificate that cannot be used, and the account that asks for it. `runtime` and
      `random` outlive the result. */
  static Result<std::unique_ptr<NodeKeys>> open(std::map<Address, PlannedKey> keys,
                                                IoRuntime& runtime, RandomSource& random,
                                                const RemoteSignerSettings& settings);

  NodeKeys(const NodeKeys&) = delete;
  NodeKeys& operator=(const NodeKeys&) = delete;
  ~NodeKeys();

  KeyRing& ring() noexcept { return ring_; }

  /** Asks every remote signer, once, whether it has its addresses. The first error. */
  Task<Result<void>> check_remote_signers();

  /** The same, and again after each of the pauses while it fails: Aztec's are 1, 2, 4, 8, 16 s.
      NodeKeys and `clock` outlive the call. */
  Task<Result<void>> check_remote_signers(Clock& clock,
                                          std::vector<std::chrono::milliseconds> pauses);

  std::size_t remote_signer_count() const noexcept { return remotes_.size(); }

  /** Ends every call to a remote signer, now and later. */
  void close();

 private:
  struct Remote {
    std::shared_ptr<const RemoteSignerConfig> config;
    std::shared_ptr<RemoteSigner> signer;
    std::vector<Address> addresses;
  };
  /** A client shows one certificate to everybody, so there is one for each certificate. */
  struct Client {
    std::shared_ptr<const RemoteSignerConfig> config;
    std::shared_ptr<HttpClient> client;
  };

  NodeKeys();
  Result<Remote*> remote_for(const std::shared_ptr<const RemoteSignerConfig>& config,
                             IoRuntime& runtime, RandomSource& random,
                             const RemoteSignerSettings& settings);
  Result<std::shared_ptr<HttpClient>> client_for(
      const std::shared_ptr<const RemoteSignerConfig>& config, IoRuntime& runtime,
      const RemoteSignerSettings& settings);

  KeyRing ring_;
  std::vector<Client> clients_;
  std::vector<Remote> remotes_;
};

}  // namespace holdfast
