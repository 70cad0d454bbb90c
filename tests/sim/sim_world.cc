#include "sim/sim_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/example_duty.h"

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RollupAddress kRollup = test::filled_with<RollupAddress>(0x11);

constexpr DutyType kTypes[] = {DutyType::block_proposal, DutyType::attestation,
                               DutyType::governance_vote};

/** The hash of one of the messages that could be wanted for a duty. Messages of different duties
    differ, as they do in the protocol, where the duty is part of what is hashed. */
MessageHash message_of(const DutyKey& key, std::uint64_t content) {
  MessageHash hash = test::hash_of(static_cast<std::uint8_t>(content));
  hash.bytes[28] = key.validator_address.bytes[0];
  hash.bytes[29] = static_cast<std::uint8_t>(key.slot.number());
  hash.bytes[30] = static_cast<std::uint8_t>(key.duty_type);
  hash.bytes[31] = static_cast<std::uint8_t>(key.block_index_within_checkpoint.number() + 1);
  return hash;
}

}  // namespace

World::World(SimSettings settings)
    : settings_(settings),
      began_(clock_.now()),
      dice_(settings.seed),
      weather_(Weather::drawn(dice_)),
      store_(clock_),
      context_{clock_, store_, checker_, dice_, weather_, settings.mutation},
      validators_{test::filled_with<Address>(0x21), test::filled_with<Address>(0x22)} {
  for (std::size_t index = 0; index < kNodes; ++index) {
    nodes_.push_back(nullptr);
    start_node(index);
  }
}

void World::tell(const std::string& what) const {
  if (!settings_.verbose) return;
  const auto since = std::chrono::duration_cast<milliseconds>(clock_.now() - began_);
  fmt::print("{:>8} ms  {}\n", since.count(), what);
}

void World::at(milliseconds time, std::function<void()> what) {
  clock_.after(began_ + time - clock_.now(), std::move(what));
}

SimNode& World::start_node(std::size_t index) {
  if (nodes_[index]) {
    nodes_[index]->process().crash();
    crashed_.push_back(std::move(nodes_[index]));
  }
  nodes_[index] = std::make_unique<SimNode>(context_, fmt::format("node-{}", index + 1),
                                            validators_[0], validators_[1]);
  return *nodes_[index];
}

Duty World::draw_duty(Slot slot) {
  const DutyType type = kTypes[dice_.below(std::size(kTypes))];
  const BlockIndex index = type == DutyType::block_proposal
                               ? BlockIndex(static_cast<int>(dice_.below(2)))
                               : kNoBlockIndex;
  Duty duty{.key = DutyKey{.rollup_address = kRollup,
                           .validator_address = validators_[dice_.below(2)],
                           .slot = slot,
                           .duty_type = type,
                           .block_index_within_checkpoint = index},
            .message_hash = {},
            .block_number = {},
            .checkpoint_number = {}};
  duty.message_hash = message_of(duty.key, 1);
  return duty;
}

void World::plan_slot(Slot slot) {
  const milliseconds begin = slot.number() * milliseconds(kSlotLength);
  const std::size_t count = 1 + dice_.below(4);
  for (std::size_t duty = 0; duty < count; ++duty) {
    const Duty drawn = draw_duty(slot);
    const auto same = [&](const Duty& other) { return other.key == drawn.key; };
    if (std::any_of(duties_.begin(), duties_.end(), same)) continue;
    duties_.push_back(drawn);
    const milliseconds due = begin + milliseconds(dice_.below(2000));
    if (dice_.percent(20)) {
      plan_stock_node(drawn, due);
    }
    plan_requests(drawn, due);
  }
}

void World::plan_requests(const Duty& duty, milliseconds due) {
  const bool nodes_agree = dice_.percent(50);
  for (std::size_t index = 0; index < kNodes; ++index) {
    Duty wanted = duty;
    if (!nodes_agree) wanted.message_hash = message_of(duty.key, index + 1);
    const std::size_t times = 1 + dice_.below(3);
    for (std::size_t time = 0; time < times; ++time) {
      // A client whose request failed asks again, maybe for something else.
      Duty asked = wanted;
      if (time > 0 && dice_.percent(30)) asked.message_hash = message_of(duty.key, 9);
      at(due + milliseconds(dice_.below(200) + time * dice_.below(5000)), [this, index, asked] {
        if (healed_) return;
        tell(fmt::format("{} is asked for {} {}", node(index).id(), to_text(asked.key),
                         to_text(asked.message_hash).substr(0, 6)));
        node(index).ask(asked, seconds(2 + dice_.below(20)));
      });
    }
  }
}

void World::plan_stock_node(const Duty& duty, milliseconds due) {
  Duty row = duty;
  row.message_hash = message_of(duty.key, 20);
  const bool gated = dice_.percent(50);
  const std::string token =
      fmt::format("{}{:032x}",
                  settings_.mutation == Mutation::trust_foreign_tokens ? LockToken::kPrefix
                                                                       : std::string_view(),
                  dice_.bits());
  const milliseconds slow = milliseconds(dice_.below(8000));
  const std::size_t signer = dice_.below(kNodes);
  at(due, [this, row, gated, token, slow, signer] {
    if (healed_ || !store_.insert_stock_row(row, "stock", token)) return;
    tell("a stock node inserts " + to_text(row.key));
    if (gated) {
      node(signer).ask_gated(row, seconds(10));
      return;
    }
    // It signs with a key of its own and lets the signature out whatever became of its row.
    stock_rows_.push_back(row.key);
    clock_.after(slow, [this, row] {
      checker_.released("stock", row.key, row.message_hash, signature_over(row.message_hash));
    });
  });
}

void World::plan_trouble() {
  const std::int64_t length_ms = milliseconds(kSlotLength).count() * kSlots;
  const std::size_t troubles = dice_.below(6);
  for (std::size_t trouble = 0; trouble < troubles; ++trouble) {
    const milliseconds time(dice_.below(static_cast<std::uint64_t>(length_ms)));
    switch (dice_.below(4)) {
      case 0:
      case 1:
        plan_node_trouble(time);
        break;
      case 2:
        at(time, [this] { delete_some_row(); });
        break;
      case 3:
        at(time, [this] { prune(); });
        break;
    }
  }
}

void World::plan_node_trouble(milliseconds time) {
  const std::size_t index = dice_.below(kNodes);
  const milliseconds away(dice_.below(10'000));
  if (dice_.percent(50)) {
    at(time, [this, index] {
      if (healed_) return;
      tell(fmt::format("{} crashes and starts again", node(index).id()));
      start_node(index);
    });
    return;
  }
  at(time, [this, index] {
    if (healed_) return;
    tell(node(index).id() + " is paused");
    node(index).process().pause();
  });
  at(time + away, [this, index] {
    tell(node(index).id() + " goes on");
    node(index).process().resume();
  });
}

void World::delete_some_row() {
  if (healed_ || duties_.empty()) return;
  const DutyKey key = duties_[dice_.below(duties_.size())].key;
  // The lock of a stock node with a key of its own is what keeps others away until it has signed;
  // who deletes that row undoes the protection of a signer that is not ours.
  if (std::find(stock_rows_.begin(), stock_rows_.end(), key) != stock_rows_.end()) return;
  tell("somebody deletes " + to_text(key));
  if (settings_.mutation == Mutation::forget_deleted_rows) {
    store_.forget_row(key);
  } else {
    store_.delete_row(key);
  }
}

void World::prune() {
  if (healed_) return;
  const Slot slot(static_cast<std::int64_t>(dice_.below(kSlots)));
  const DutyType type = kTypes[dice_.below(std::size(kTypes))];
  const Address validator = validators_[dice_.below(2)];
  tell(fmt::format("{} up to slot {} is pruned", name_of(type), slot.number()));
  if (settings_.mutation != Mutation::prune_without_watermark) {
    PruneRequest request;
    request.rollup_address = kRollup;
    request.what = BeforeSlot{Slot(slot.number() + 1)};
    request.validator_address = validator;
    request.duty_type = type;
    request.mode = PruneMode::apply;
    start(store_.prune(std::move(request)), [](const Result<std::vector<PrunedDuties>>&) {});
    return;
  }
  for (const Duty& duty : duties_) {
    const bool pruned = duty.key.duty_type == type && duty.key.slot <= slot &&
                        duty.key.validator_address == validator;
    const bool stock =
        std::find(stock_rows_.begin(), stock_rows_.end(), duty.key) != stock_rows_.end();
    if (pruned && !stock) store_.forget_row(duty.key);
  }
}

void World::heal() {
  healed_ = true;
  weather_ = Weather::calm();
  for (std::unique_ptr<SimNode>& running : nodes_) running->process().resume();
  // Everything that is on its way arrives, and every wait ends.
  clock_.advance(std::chrono::minutes(2));
  tell("the faults are healed");
}

void World::check_answers(const std::vector<Duty>& asked, const char* what) {
  for (const Duty& duty : asked) {
    bool answered = false;
    for (const std::unique_ptr<SimNode>& running : nodes_) {
      const auto found = running->answers().find(duty.key);
      if (found == running->answers().end()) continue;
      if (std::holds_alternative<Error>(found->second)) {
        checker_.fail(fmt::format("{}: {} answers {} with an error although all is well: {}", what,
                                  running->id(), to_text(duty.key),
                                  std::get<Error>(found->second).message));
      }
      const auto* refusal = std::get_if<Refusal>(&found->second);
      answered =
          answered || refusal == nullptr || refusal->reason != RefusalReason::signing_in_progress;
    }
    if (!answered) checker_.fail(fmt::format("{}: nobody gets {} done", what, to_text(duty.key)));
  }
}

void World::demand_liveness() {
  std::vector<Duty> fresh;
  for (const DutyType type : kTypes) {
    Duty duty = draw_duty(Slot(kSlots + 10));
    duty.key.duty_type = type;
    duty.key.block_index_within_checkpoint =
        type == DutyType::block_proposal ? BlockIndex(0) : kNoBlockIndex;
    duty.message_hash = message_of(duty.key, 1);
    fresh.push_back(duty);
  }
  // Old duties end somehow, too: signed, or refused for a reason that lasts.
  std::vector<Duty> old;
  for (const Duty& duty : duties_) {
    const bool stock =
        std::find(stock_rows_.begin(), stock_rows_.end(), duty.key) != stock_rows_.end();
    Result<std::optional<DutyRow>> row = clock_.run(store_.read(duty.key));
    const bool foreign = row && *row && (**row).holder == LockHolder::other_implementation &&
                         (**row).status == DutyStatus::signing;
    if (!stock && !foreign) old.push_back(duty);
  }
  for (const std::unique_ptr<SimNode>& running : nodes_) {
    for (const Duty& duty : fresh) running->ask(duty, seconds(20));
    for (const Duty& duty : old) running->ask(duty, seconds(20));
  }
  clock_.advance(std::chrono::minutes(1));
  check_answers(fresh, "new duty");
  check_answers(old, "old duty");
  for (const Duty& duty : fresh) {
    if (!checker_.was_signed(duty.key)) {
      checker_.fail(
          fmt::format("{} is due on healthy nodes and nobody signs it", to_text(duty.key)));
    }
  }
}

SimResult World::run() {
  for (std::int64_t slot = 0; slot < kSlots; ++slot) plan_slot(Slot(slot));
  plan_trouble();
  clock_.advance(kSlotLength * (kSlots + 1));
  heal();
  demand_liveness();
  for (const std::unique_ptr<SimNode>& running : nodes_) {
    if (running->unanswered() > 0) {
      checker_.fail(fmt::format("{} has left {} requests without an answer", running->id(),
                                running->unanswered()));
    }
  }
  for (const std::unique_ptr<SimNode>& dead : crashed_) dead->process().bury();
  clock_.advance(std::chrono::minutes(2));
  return {.violation = checker_.violation(),
          .duties_signed = checker_.count(),
          .duties_due = duties_.size()};
}

}  // namespace holdfast::sim
