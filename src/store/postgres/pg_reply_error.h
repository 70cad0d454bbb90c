// The Error of a call to PostgreSQL that was not done. Pure.
#pragma once

#include "base/result.h"
#include "store/postgres/pg_connection.h"

namespace holdfast {

/** What the call would have done. */
enum class Effect : std::uint8_t { writes = 0, reads };

/** in_doubt for a write whose answer was lost. The reply is not `done`. */
Error error_in(const PgReply& reply, Effect effect);

}  // namespace holdfast
