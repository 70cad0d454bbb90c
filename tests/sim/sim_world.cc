#include "sim/sim_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/example_duty.h"

namespace holdfast::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RollupAddress kRollup = test::filled_with<RollupAddress>(0x11);

}  // namespace

MessageHash message_of(const DutyKey& key, std::uint64_t content) {
  MessageHash hash = test::hash_of(static_cast<std::uint8_t>(content));
  hash.bytes[28] = key.validator_address.bytes[0];
  hash.bytes[29] = static_cast<std::uint8_t>(key.slot.number());
  hash.bytes[30] = static_cast<std::uint8_t>(key.duty_type);
  hash.bytes[31] = static_cast<std::uint8_t>(key.block_index_within_checkpoint.number() + 1);
  return hash;
}

World::World(SimSettings settings)
    : settings_(settings),
      began_(clock_.now()),
      dice_(settings.seed),
      weather_(Weather::drawn(dice_)),
      history_(draw_history(dice_)),
      store_(clock_),
      database_(store_),
      context_{clock_, database_, checker_, dice_, weather_, settings.mutation, {}, false},
      validators_{test::filled_with<Address>(0x21), test::filled_with<Address>(0x22)} {
  if (history_ == History::synchronous_failover) database_.set_synchronous();
  if (may_forget(history_)) checker_.expect_lost_history();
  if (settings_.verbose) context_.tell = [this](const std::string& what) { tell(what); };
  tell(fmt::format("the database's history: {}", name_of(history_)));
  for (std::size_t index = 0; index < kNodes; ++index) {
    // A signer is not ready before its disk has the database that it is pinned to.
    disks_[index].entries.emplace_back(PinEntry{database_.identity()});
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
    if (!nodes_[index]->process().crashed()) nodes_[index]->crash();
    crashed_.push_back(std::move(nodes_[index]));
  }
  nodes_[index] = std::make_unique<SimNode>(context_, fmt::format("node-{}", index + 1),
                                            disks_[index], validators_[0], validators_[1]);
  return *nodes_[index];
}

Duty World::draw_duty(Slot slot) {
  const DutyType type = kTypes[dice_.below(kTypes.size())];
  const BlockIndex index = type == DutyType::block_proposal
                               ? BlockIndex(static_cast<int>(dice_.below(2)))
                               : kNoBlockIndex;
  // In a forgetful world one validator has much that could be forgotten.
  const bool favoured = is_forgetful() && dice_.percent(80);
  const Address validator = favoured ? validators_[0] : validators_[dice_.below(2)];
  Duty duty{.key = DutyKey{.rollup_address = kRollup,
                           .validator_address = validator,
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
    if (dice_.percent(20) && !is_forgetful()) {
      plan_stock_node(drawn, due);
    }
    plan_requests(drawn, due);
  }
}

void World::plan_requests(const Duty& duty, milliseconds due) {
  const bool nodes_agree = dice_.percent(50);
  const bool has_owner = is_forgetful();
  const std::size_t owner = dice_.percent(30) ? dice_.below(kNodes) : favourite_;
  if (has_owner) {
    owners_.emplace(duty.key, owner);
    at(due + milliseconds(200 + dice_.below(8000)), [this, key = duty.key] { forget(key); });
  }
  for (std::size_t index = 0; index < kNodes; ++index) {
    const bool follows = has_owner && index != owner;
    if (follows && history_ != History::forgetful_with_followers) continue;
    Duty wanted = duty;
    if (!nodes_agree && !has_owner) wanted.message_hash = message_of(duty.key, index + 1);
    // At the end its owner is asked for another message again.
    if (has_owner) wanted.message_hash = message_of(duty.key, 2);
    const std::size_t times = 1 + dice_.below(3);
    for (std::size_t time = 0; time < times; ++time) {
      // A client whose request failed asks again, maybe for something else.
      Duty asked = wanted;
      if (time > 0 && !follows && dice_.percent(30)) asked.message_hash = message_of(duty.key, 9);
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
  const bool gated = may_forget(history_) || dice_.percent(50);
  const std::string token =
      fmt::format("{}{:032x}",
                  settings_.mutation == Mutation::trust_foreign_tokens ? LockToken::kPrefix
                                                                       : std::string_view(),
                  dice_.bits());
  const milliseconds slow = milliseconds(dice_.below(8000));
  const std::size_t signer = dice_.below(kNodes);
  at(due, [this, row, gated, token, slow, signer] {
    if (healed_ || database_.is_replaced()) return;
    if (!store_.insert_stock_row(row, "stock", token)) return;
    tell("a stock node inserts " + to_text(row.key));
    if (gated) {
      node(signer).ask_gated(row, seconds(10));
      return;
    }
    // It signs with a key of its own and lets the signature out whatever became of its row.
    stock_rows_.push_back(row.key);
    clock_.after(slow, [this, row] {
      checker_.released("stock", row.key, row.message_hash, signature_over(row.message_hash),
                        began_);
    });
  });
}

void World::plan_trouble() {
  const std::int64_t length_ms = milliseconds(kSlotLength).count() * kSlots;
  const std::size_t troubles = dice_.below(may_forget(history_) ? 8 : 6);
  for (std::size_t trouble = 0; trouble < troubles; ++trouble) {
    const milliseconds time(dice_.below(static_cast<std::uint64_t>(length_ms)));
    switch (dice_.below(5)) {
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
      case 4:
        plan_full_disk(dice_.below(kNodes), time);
        break;
    }
  }
}

void World::plan_node_trouble(milliseconds time) {
  const std::size_t index = dice_.below(kNodes);
  const milliseconds away(dice_.below(10'000));
  const bool may_crash = history_ != History::forgetful_with_followers;
  if (dice_.percent(60) && may_crash) {
    const milliseconds down(dice_.percent(50) ? 0 : dice_.below(20'000));
    at(time, [this, index] { crash(index); });
    at(time + down, [this, index] {
      if (healed_ || !node(index).process().crashed()) return;
      tell(node(index).id() + " starts again");
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

void World::crash(std::size_t index) {
  if (healed_ || node(index).process().crashed()) return;
  tell(node(index).id() + " crashes");
  node(index).crash();
}

void World::plan_full_disk(std::size_t index, milliseconds time) {
  const milliseconds until = time + milliseconds(dice_.below(6000));
  at(time, [this, index] {
    tell(fmt::format("the disk of node-{} is full", index + 1));
    disks_[index].full = true;
  });
  at(until, [this, index] {
    tell(fmt::format("the disk of node-{} is well again", index + 1));
    disks_[index].full = false;
  });
}

void World::delete_some_row() {
  if (healed_ || duties_.empty() || database_.is_replaced()) return;
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
  if (healed_ || database_.is_replaced()) return;
  const Slot slot(static_cast<std::int64_t>(dice_.below(kSlots)));
  const DutyType type = kTypes[dice_.below(kTypes.size())];
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

SimResult World::run() {
  favourite_ = dice_.below(kNodes);
  if (history_ == History::forgetful) weather_.compaction = 50;
  for (std::int64_t slot = 0; slot < kSlots; ++slot) plan_slot(Slot(slot));
  plan_trouble();
  plan_history();
  clock_.advance(kSlotLength * (kSlots + 1));
  heal();
  demand_liveness();
  for (const std::unique_ptr<SimNode>& running : nodes_) {
    if (running->unanswered() > 0) {
      checker_.fail(fmt::format("{} has left {} requests without an answer", running->id(),
                                running->unanswered()));
    }
  }
  context_.over = true;
  for (const std::unique_ptr<SimNode>& dead : crashed_) dead->process().bury();
  clock_.advance(std::chrono::minutes(2));
  return {.violation = checker_.violation(),
          .duties_signed = checker_.count(),
          .duties_due = duties_.size()};
}

}  // namespace holdfast::sim
