// PgPool: the connections, when they are opened and closed, and which of them takes the next
// batch. A lost connection is made again with exponential backoff and jitter, for ever; meanwhile
// what waits is answered `unsent` when its time is over.
//
// One connection carries nearly everything: a batch grows while the one before it is on its way.
// Another one joins when so much waits that the server can work on both at once, or when the
// first is held up.
//
// Thread rule: the I/O thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/duty_store.h"
#include "store/postgres/duty_queue.h"
#include "store/postgres/pg_connection.h"
#include "store/postgres/postgres_store.h"

namespace holdfast {

class PgPool {
 public:
  PgPool(boost::asio::io_context& io, PostgresUrl url, PostgresSettings settings);
  PgPool(const PgPool&) = delete;
  PgPool& operator=(const PgPool&) = delete;
  ~PgPool();

  /** Work that is added here is sent from the event loop, soon. */
  DutyQueue& queue() noexcept;

  /** The facts of the newest session; nullopt before the first one. */
  const std::optional<PgServerFacts>& facts() const noexcept;
  const PostgresUrl& url() const noexcept;

  /** Ends every session whose history (PgMeeting) is another one; all when `history` is empty. Work
      on its way is answered, or in doubt. A session that was made later does the same by itself. */
  void end_sessions_unless(const std::string& history, const Error& why);

  StorePoolUse use() const;

  /** Closes everything; what waits or is on its way is answered now, and later work at once. */
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
