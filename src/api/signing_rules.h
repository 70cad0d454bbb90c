// Which way a sign request goes: the rules of the API before the sign path, in one pure function.
//
// An attester key signs a message that can be tied to a duty, through the sign path, or one that
// may be signed any number of times. Everything else is refused (S5).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "api/rpc_error.h"
#include "api/sign_params.h"
#include "duty/duty.h"
#include "duty/harmless_message.h"
#include "keys/key_ring.h"

namespace holdfast {

/** Whether requests without a context are tied to the rows that stock Aztec nodes insert. */
enum class Gating : std::uint8_t { off = 0, on };

/** AttesterExit gives up the stake. */
enum class AttesterExit : std::uint8_t { refuse = 0, allow };

struct SigningRules {
  RollupAddress rollup_address;
  Gating gating = Gating::off;
  /** AUTH_REQUEST, TXS or both: what gated mode signs without a row. Naming AUTH_REQUEST lets
      *every* opaque eth_sign without a row through: for stock nodes that sign their duties as typed
      data, never for Aztec 4.1.2. */
  std::vector<DutyType> harmless_duty_types;
  AttesterExit attester_exit = AttesterExit::refuse;
};

/** Through the sign path, with its own lock. */
struct RouteDuty {
  Duty duty;
};
/** Through the sign path, under a stock node's lock. */
struct RouteGated {
  /** Set: where no row exists, the message is signed as this type. */
  std::optional<DutyType> without_row;
};
/** Without a lock. */
struct RouteHarmless {
  DutyType type = DutyType::unknown;
};
struct RouteAttesterExit {};

using SignRoute = std::variant<RpcError, RouteDuty, RouteGated, RouteHarmless, RouteAttesterExit>;

SignRoute route_of(const SigningRules& rules, KeyRoles roles, const SignParams& params);

}  // namespace holdfast
