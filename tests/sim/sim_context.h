// What all nodes of a simulated world share.
#pragma once

#include <functional>
#include <string>

#include "sim/sim_checker.h"
#include "sim/sim_database.h"
#include "sim/sim_settings.h"
#include "support/virtual_clock.h"

namespace holdfast::sim {

struct SimContext {
  test::VirtualClock& clock;
  SimDatabase& database;
  Checker& checker;
  Dice& dice;
  Weather& weather;
  Mutation mutation = Mutation::none;
  /** Tells what happens; empty when nobody listens. */
  std::function<void(const std::string&)> tell;
  /** The world has ended: nobody begins anything any more. */
  bool over = false;
};

}  // namespace holdfast::sim
