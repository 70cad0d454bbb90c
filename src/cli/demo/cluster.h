// The demo's signers: real processes with keystores, ports and node ids of their own and one
// shared database.
// Thread rule: the main thread, on whose loop the tasks run.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "cli/demo/child_process.h"
#include "crypto/address.h"
#include "http/url.h"
#include "os/clock.h"
#include "os/random.h"

namespace holdfast::cli::demo {

struct ClusterSettings {
  std::size_t nodes = 3;
  std::size_t validators = 3;
  std::uint64_t chain_id = 1;
  /** Where everything is written; made by the caller, for the owner only. */
  std::filesystem::path folder;
  /** postgresql://... or sqlite:PATH. */
  std::string database_url;
};

class Cluster {
 public:
  /** Draws the keys and writes a keystore per node: the validators' keys in all of them, a
      publisher's key of its own in each. */
  static Result<Cluster> create(ClusterSettings settings, RandomSource& random);

  std::size_t size() const noexcept { return nodes_.size(); }
  const std::vector<Address>& validators() const noexcept { return validators_; }
  std::uint64_t chain_id() const noexcept { return settings_.chain_id; }

  /** "node-1" for node 0. */
  static std::string name_of(std::size_t node);

  /** Starts the node and waits for its ready line. An error shows the end of its log. */
  Task<Result<void>> start(std::size_t node, Clock& clock);
  /** kill -9. */
  void kill(std::size_t node);
  /** Asks all to stop, gracefully, and waits for them. */
  void stop();

  /** Where the node listens for sign requests; nullopt while it is not running. */
  const std::optional<Url>& url(std::size_t node) const;

 private:
  struct Node {
    std::filesystem::path keystore;
    std::filesystem::path log;
    std::filesystem::path data;
    std::optional<ChildProcess> process;
    std::optional<Url> url;
  };

  explicit Cluster(ClusterSettings settings) : settings_(std::move(settings)) {}
  std::vector<std::string> arguments(std::size_t node) const;

  /** Ends the node ids of this run: the database knows those of earlier runs, and perhaps of nodes
      that are no demo, by their journals. */
  std::string run_;
  ClusterSettings settings_;
  std::vector<Address> validators_;
  std::vector<Node> nodes_;
};

}  // namespace holdfast::cli::demo
