#include "keys/node_keys.h"

#include <algorithm>

#include "http/client.h"
#include "keys/local_key.h"
#include "keys/remote_signer.h"

namespace holdfast {
namespace {

bool same_certificate(const RemoteSignerConfig& left, const RemoteSignerConfig& right) {
  if (left.cert_path != right.cert_path) return false;
  if (left.cert_pass.has_value() != right.cert_pass.has_value()) return false;
  return !left.cert_pass || left.cert_pass->equals(right.cert_pass->view());
}

}  // namespace

NodeKeys::NodeKeys() = default;
NodeKeys::~NodeKeys() {
  close();
}

Result<std::unique_ptr<NodeKeys>> NodeKeys::open(std::map<Address, PlannedKey> keys,
                                                 IoRuntime& runtime, RandomSource& random,
                                                 const RemoteSignerSettings& settings) {
  std::unique_ptr<NodeKeys> opened(new NodeKeys());
  for (auto& [address, key] : keys) {
    if (auto* secret = std::get_if<Secret>(&key.source)) {
      opened->ring_.add(address, key.roles,
                        std::make_shared<LocalKey>(address, std::move(*secret)));
      continue;
    }
    const auto& config = std::get<std::shared_ptr<const RemoteSignerConfig>>(key.source);
    Result<Remote*> remote = opened->remote_for(config, runtime, random, settings);
    if (!remote) return std::move(remote).error().within(key.place.text());
    (*remote)->addresses.push_back(address);
    opened->ring_.add(address, key.roles, (*remote)->signer);
  }
  return opened;
}

Result<NodeKeys::Remote*> NodeKeys::remote_for(
    const std::shared_ptr<const RemoteSignerConfig>& config, IoRuntime& runtime,
    RandomSource& random, const RemoteSignerSettings& settings) {
  const auto known = std::ranges::find_if(
      remotes_, [&](const Remote& remote) { return *remote.config == *config; });
  if (known != remotes_.end()) return &*known;
  Result<std::shared_ptr<HttpClient>> client = client_for(config, runtime, settings);
  if (!client) return std::move(client).error();
  auto signer = std::make_shared<RemoteSigner>(config->url, std::move(*client), random,
                                               settings.call_timeout);
  remotes_.push_back({config, std::move(signer), {}});
  return &remotes_.back();
}

Result<std::shared_ptr<HttpClient>> NodeKeys::client_for(
    const std::shared_ptr<const RemoteSignerConfig>& config, IoRuntime& runtime,
    const RemoteSignerSettings& settings) {
  const auto known = std::ranges::find_if(
      clients_, [&](const Client& client) { return same_certificate(*client.config, *config); });
  if (known != clients_.end()) return known->client;
  HttpClientSettings client_settings;
  client_settings.tls.ca_file = settings.ca_file;
  client_settings.connections_max = settings.connections_max;
  if (config->cert_path) client_settings.tls.certificate_file = *config->cert_path;
  if (config->cert_pass) {
    // The password is part of the configuration and lives as long as it.
    client_settings.tls.certificate_password =
        std::shared_ptr<const Secret>(config, &*config->cert_pass);
  }
  client_settings.connect_timeout = std::min(settings.connect_timeout, settings.call_timeout);
  Result<std::unique_ptr<HttpClient>> created =
      HttpClient::create(runtime, std::move(client_settings));
  if (!created) return std::move(created).error();
  std::shared_ptr<HttpClient> client = std::move(*created);
  clients_.push_back({config, client});
  return client;
}

Task<Result<void>> NodeKeys::check_remote_signers() {
  for (const Remote& remote : remotes_) {
    std::vector<Address> addresses = remote.addresses;
    Result<void> checked = co_await remote.signer->check_accounts(std::move(addresses));
    if (!checked) co_return std::move(checked).error();
  }
  co_return Result<void>();
}

Task<Result<void>> NodeKeys::check_remote_signers(Clock& clock,
                                                  std::vector<std::chrono::milliseconds> pauses) {
  Result<void> checked = co_await check_remote_signers();
  for (const std::chrono::milliseconds pause : pauses) {
    if (checked) break;
    co_await clock.sleep(pause);
    checked = co_await check_remote_signers();
  }
  co_return checked;
}

void NodeKeys::close() {
  for (const Client& client : clients_) client.client->close();
}

}  // namespace holdfast
