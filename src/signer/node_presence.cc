#include "signer/node_presence.h"

#include <utility>

#include "base/check.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "node-registry";
/** How often a row that changed between reading and writing is looked at again. */
constexpr int kRegisterTries = 3;

Error refused(std::string why) {
  return Error{ErrorKind::permission_denied, std::move(why)};
}

}  // namespace

/** Shared with the timer and the beat in flight. */
struct NodePresence::State {
  NodeTable& nodes;
  DutyStore& store;
  ReleaseMemory& memory;
  Clock& clock;
  const Logger& logger;
  Counter& done;
  Counter& failed;
  NodePresenceSettings settings;
  bool stopped = false;

  NodeRecord own() const {
    const JournalIdentity journal = memory.journal().identity();
    NodeRecord node;
    node.node_id = settings.node_id;
    node.instance_id = settings.instance_id;
    node.place = settings.place;
    node.version = settings.version;
    node.publishers = settings.publishers;
    node.journal_id = journal.journal_id;
    node.journal_sequence = static_cast<std::int64_t>(journal.sequence);
    node.beat = memory.beat();
    return node;
  }
  NodeBeat next_beat() const {
    return {.node_id = settings.node_id,
            .instance_id = settings.instance_id,
            .journal_sequence = static_cast<std::int64_t>(memory.journal().identity().sequence),
            .running = !stopped};
  }
};

NodePresence::NodePresence(NodeTable& nodes, DutyStore& store, ReleaseMemory& memory, Clock& clock,
                           Metrics& metrics, const Logger& logger, NodePresenceSettings settings)
    : state_(std::make_shared<State>(State{
          .nodes = nodes,
          .store = store,
          .memory = memory,
          .clock = clock,
          .logger = logger,
          .done = metrics.counter(metric::kNodeBeats, {"done"}),
          .failed = metrics.counter(metric::kNodeBeats, {"failed"}),
          .settings = std::move(settings),
      })) {}

NodePresence::~NodePresence() {
  state_->stopped = true;
}

Task<Result<void>> NodePresence::enter() {
  return try_register(state_);
}

Task<Result<void>> NodePresence::try_register(std::shared_ptr<State> state) {
  Registration registration;
  registration.wanted = state->own();
  const NodeMemory& remembered = state->memory.memory();
  registration.journal_is_new = remembered.release_count() == 0 && remembered.beat().beat == 0;
  registration.new_journal = state->settings.new_journal;
  if (registration.journal_is_new) {
    std::string node_id = state->settings.node_id;
    Result<bool> has_signed = co_await state->store.has_signed(std::move(node_id));
    if (!has_signed) co_return std::move(has_signed).error();
    registration.has_signed = *has_signed;
  }
  for (int attempt = 0; attempt < kRegisterTries; ++attempt) {
    Result<std::vector<NodeRecord>> nodes = co_await state->nodes.list_nodes();
    if (!nodes) co_return std::move(nodes).error();
    RegistrationVerdict verdict = judge_registration(registration, *nodes);
    if (auto* refusal = std::get_if<RefuseNode>(&verdict)) {
      co_return refused(std::move(refusal->why));
    }
    NodeRecord wanted = registration.wanted;
    std::optional<std::string> replaced = std::get<RegisterNode>(verdict).replaces_instance;
    Result<void> settled = co_await state->memory.settle();
    if (!settled) co_return std::move(settled).error();
    Result<bool> put = co_await state->nodes.put_node(std::move(wanted), std::move(replaced));
    if (!put) co_return std::move(put).error();
    if (!*put) continue;
    nodes = co_await state->nodes.list_nodes();
    if (!nodes) co_return std::move(nodes).error();
    NodeRecord own = registration.wanted;
    for (const NodeRecord& node : *nodes) {
      if (node.node_id == own.node_id) own = node;
    }
    std::optional<std::string> conflict = publisher_conflict(own, *nodes);
    if (conflict) {
      state->stopped = true;
      const auto told = co_await send_beat(state);
      if (!told) state->failed.add();
      co_return refused(*std::move(conflict));
    }
    co_return co_await state->memory.beaten(own.beat);
  }
  co_return refused("another process registers as node " + state->settings.node_id +
                    " at the same time: give every node its own --node-id");
}

void NodePresence::start() {
  beat_later(state_);
}

void NodePresence::beat_later(const std::shared_ptr<State>& state) {
  if (state->stopped) return;
  state->clock.after(kBeatInterval, [state] {
    if (state->stopped) return;
    holdfast::start(beat(state), [state] { beat_later(state); });
  });
}

/** A beat that has caught up would hide a loss that the journal does not have yet. */
Task<Result<std::optional<std::int64_t>>> NodePresence::send_beat(std::shared_ptr<State> state) {
  Result<void> settled = co_await state->memory.settle();
  if (!settled) co_return std::move(settled).error();
  NodeBeat sent = state->next_beat();
  co_return co_await state->nodes.beat_node(std::move(sent));
}

Task<void> NodePresence::beat(std::shared_ptr<State> state) {
  Result<std::optional<std::int64_t>> reached = co_await send_beat(state);
  Result<void> kept;
  if (!reached) {
    kept = std::move(reached).error();
  } else if (*reached) {
    kept = co_await state->memory.beaten(**reached);
  } else {
    kept = co_await register_again(state);
  }
  if (kept) {
    state->done.add();
    co_return;
  }
  state->failed.add();
  state->logger.log(LogLevel::warn, kModule, "This node's sign of life failed; trying again",
                    {{"nodeId", state->settings.node_id},
                     {"kind", name_of(kept.error().kind)},
                     {"error", kept.error().message}});
}

/** Our row is gone or somebody else's. */
Task<Result<void>> NodePresence::register_again(std::shared_ptr<State> state) {
  Result<std::vector<NodeRecord>> nodes = co_await state->nodes.list_nodes();
  if (!nodes) co_return std::move(nodes).error();
  for (const NodeRecord& node : *nodes) {
    if (node.node_id != state->settings.node_id) continue;
    Error why{ErrorKind::permission_denied,
              "another process signs as this node now: " + describe(node) +
                  "; this one signs nothing more. Give every node its own --node-id"};
    state->memory.halt(why);
    state->stopped = true;
    co_return why;
  }
  // The database has lost it. The check lets the memory see so, BEFORE the row is there again.
  Result<StoreState> checked = co_await state->store.check();
  if (!checked) co_return std::move(checked).error();
  co_return co_await try_register(state);
}

Task<void> NodePresence::leave() {
  if (std::exchange(state_->stopped, true)) co_return;
  Result<std::optional<std::int64_t>> reached = co_await send_beat(state_);
  if (reached && *reached) {
    const Result<void> kept = co_await state_->memory.beaten(**reached);
    if (kept) co_return;
  }
  // The next start of this node is not hindered: it has the same journal.
  state_->failed.add();
}

}  // namespace holdfast
