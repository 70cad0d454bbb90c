#include "cli/demo/cluster.h"

#include <signal.h>

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/hex.h"
#include "crypto/secp256k1.h"
#include "os/file.h"
#include "os/secret.h"

namespace holdfast::cli::demo {
namespace {

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::milliseconds kStartPoll{20};
constexpr std::string_view kRollup = "0x1111111111111111111111111111111111111111";
constexpr std::string_view kFeeRecipient =
    "0x0000000000000000000000000000000000000000000000000000000000000000";

/** A random private key as text, and its address. The keys guard nothing and live as long as the
    demo's folder. */
struct DemoKey {
  std::string text;
  Address address;
};

DemoKey random_key(RandomSource& random) {
  for (;;) {
    std::array<std::uint8_t, 32> key{};
    random.fill(key);
    const Result<Address> address = address_of_key(key);
    if (address) return {to_hex(key), *address};
  }
}

std::string keystore_text(const std::vector<DemoKey>& validators, const DemoKey& publisher) {
  std::string entries;
  for (const DemoKey& validator : validators) {
    if (!entries.empty()) entries += ",";
    entries += fmt::format(R"({{"attester":"{}","publisher":["{}"],"feeRecipient":"{}"}})",
                           validator.text, publisher.text, kFeeRecipient);
  }
  return fmt::format(R"({{"schemaVersion":1,"validators":[{}]}})", entries);
}

/** The signing URL of the ready line: what stands between "signing " and the next space. */
Result<Url> url_of(const std::string& ready_line) {
  constexpr std::string_view kBefore = "signing ";
  const std::size_t begin = ready_line.find(kBefore);
  if (begin == std::string::npos) {
    return Error{ErrorKind::invalid_input,
                 "the signer's first line is not its ready line: " + ready_line};
  }
  const std::size_t from = begin + kBefore.size();
  return parse_url(ready_line.substr(from, ready_line.find(' ', from) - from));
}

std::string end_of(const std::filesystem::path& log) {
  const Result<std::string> text = read_file(log, std::size_t{16} << 20);
  if (!text) return "(no log)";
  return text->size() > 2000 ? text->substr(text->size() - 2000) : *text;
}

}  // namespace

Result<Cluster> Cluster::create(ClusterSettings settings, RandomSource& random) {
  Cluster cluster(std::move(settings));
  std::array<std::uint8_t, 4> run{};
  random.fill(run);
  cluster.run_ = to_hex(run).substr(2);
  std::vector<DemoKey> validators;
  for (std::size_t at = 0; at < cluster.settings_.validators; ++at) {
    validators.push_back(random_key(random));
    cluster.validators_.push_back(validators.back().address);
  }
  for (std::size_t at = 0; at < cluster.settings_.nodes; ++at) {
    Node node;
    node.keystore = cluster.settings_.folder / (name_of(at) + "-keystore.json");
    node.log = cluster.settings_.folder / (name_of(at) + ".log");
    node.data = cluster.settings_.folder / name_of(at);
    Result<void> made = make_private_directory(node.data);
    if (!made) return std::move(made).error();
    const std::string text = keystore_text(validators, random_key(random));
    Result<void> written = write_file_atomically(node.keystore, as_bytes(text),
                                                 FileAccess::owner_only, IfFileExists::refuse);
    if (!written) return std::move(written).error();
    cluster.nodes_.push_back(std::move(node));
  }
  return cluster;
}

std::string Cluster::name_of(std::size_t node) {
  return fmt::format("node-{}", node + 1);
}

std::vector<std::string> Cluster::arguments(std::size_t node) const {
  // Memory may not be lockable for an ordinary user, and these keys guard nothing.
  return {"signer",
          "--node-id",
          name_of(node) + "-" + run_,
          "--rollup-address",
          std::string(kRollup),
          "--chain-id",
          std::to_string(settings_.chain_id),
          "--keystore",
          nodes_[node].keystore.string(),
          "--data-dir",
          nodes_[node].data.string(),
          "--listen",
          "127.0.0.1:0",
          "--ops-listen",
          "127.0.0.1:0",
          "--memory-lock",
          "best_effort"};
}

Task<Result<void>> Cluster::start(std::size_t node, Clock& clock) {
  Node& started = nodes_[node];
  // The URL may hold a password, so it goes by the environment. `any` lets the survivors answer
  // for a node that died after it had recorded its signature.
  const std::map<std::string, std::string> environment = {
      {"VALIDATOR_HA_REPLAY", "any"}, {"VALIDATOR_HA_DATABASE_URL", settings_.database_url}};
  Result<ChildProcess> process = ChildProcess::start(arguments(node), environment, started.log);
  if (!process) co_return std::move(process).error();
  started.process.emplace(std::move(*process));

  const MonotonicTime until = clock.now() + kStartLimit;
  while (!started.process->first_line()) {
    if (!started.process->running() || clock.now() > until) {
      co_return Error{ErrorKind::unavailable,
                      fmt::format("{} did not start:\n{}", name_of(node), end_of(started.log))};
    }
    co_await clock.sleep(kStartPoll);
  }
  Result<Url> url = url_of(*started.process->first_line());
  if (!url) co_return std::move(url).error();
  started.url = std::move(*url);
  co_return Result<void>();
}

void Cluster::kill(std::size_t node) {
  nodes_[node].url.reset();
  if (nodes_[node].process) {
    nodes_[node].process->signal(SIGKILL);
    nodes_[node].process->wait();
  }
}

void Cluster::stop() {
  for (Node& node : nodes_) {
    node.url.reset();
    if (node.process) node.process->signal(SIGTERM);
  }
  for (Node& node : nodes_) {
    if (node.process) node.process->wait();
  }
}

const std::optional<Url>& Cluster::url(std::size_t node) const {
  return nodes_[node].url;
}

}  // namespace holdfast::cli::demo
