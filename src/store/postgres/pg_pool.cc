#include "store/postgres/pg_pool.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace holdfast {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr milliseconds kBackoffFirst{50};
constexpr milliseconds kBackoffMost{2000};
constexpr milliseconds kHousekeeping{1000};
/** So many waiting operations for each busy connection make another one worth its while, for the
    server works on one batch while the signer works on the answers of the other. Below this, one
    larger batch costs the server less than two smaller ones. */
constexpr std::size_t kWorthAnother = 16;
/** A batch that is on its way for longer than this is held up by something. */
constexpr milliseconds kHeldUp{20};

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

struct PgPool::Impl final : PgConnectionOwner, std::enable_shared_from_this<PgPool::Impl> {
  Impl(boost::asio::io_context& context, PostgresUrl place, PostgresSettings given)
      : io(context),
        url(std::move(place)),
        settings(std::move(given)),
        queue([this] { pump_soon(); }),
        retry_timer(context),
        tick_timer(context),
        jitter(std::random_device{}()) {
    settings.pool.max = std::clamp<std::size_t>(settings.pool.max, 1, 1000);
    settings.pool.min = std::min(std::max<std::size_t>(settings.pool.min, 1), settings.pool.max);
    if (settings.pool.connection_timeout <= milliseconds(0)) {
      settings.pool.connection_timeout = PgPoolSettings{}.connection_timeout;
    }
  }

  void on_ready(PgConnection& connection) override;
  void on_idle(PgConnection& connection) override;
  void on_closed(PgConnection& connection, const Error& why) override;

  void end_sessions_unless(const std::string& history, const Error& why);
  void pump_soon();
  void pump();
  void send_hot();
  void send_slow();
  void open_if_needed();
  void open();
  void retry_later();
  void tick_later(milliseconds delay);
  void tick();
  void close_idle();
  bool another_is_worth_it(std::size_t busy) const;
  std::size_t count_busy() const;
  std::size_t count_ready() const;
  PgConnection* free_connection();
  void bury(PgConnection& connection);

  boost::asio::io_context& io;
  PostgresUrl url;
  PostgresSettings settings;
  DutyQueue queue;
  boost::asio::steady_timer retry_timer;
  boost::asio::steady_timer tick_timer;
  std::minstd_rand jitter;
  std::vector<std::unique_ptr<PgConnection>> connections;
  std::optional<PgServerFacts> facts;
  Error last_error{ErrorKind::unavailable, "the database was not reached yet"};
  SteadyTime last_send{};
  milliseconds backoff = kBackoffFirst;
  std::size_t host = 0;
  std::size_t hosts_failed = 0;
  std::uint64_t reconnects = 0;
  bool pump_posted = false;
  bool waiting_to_retry = false;
  bool tick_armed = false;
  bool was_lost = false;
  bool in_use = false;
  bool closed = false;
};

void PgPool::Impl::on_ready(PgConnection& connection) {
  facts = connection.facts();
  backoff = kBackoffFirst;
  hosts_failed = 0;
  if (was_lost) ++reconnects;
  was_lost = false;
  // A session that stayed open to the primary of before a failover, or that knows tables of before,
  // must not be written through beside this one.
  const Error why{ErrorKind::unavailable, "a newer session has met the database's new history"};
  end_sessions_unless(connection.history(), why);
  if (settings.events.connected) settings.events.connected();
  pump_soon();
}

void PgPool::Impl::on_idle(PgConnection&) {
  pump_soon();
}

void PgPool::Impl::on_closed(PgConnection& connection, const Error& why) {
  last_error = why;
  was_lost = true;
  bury(connection);
  if (settings.events.lost) settings.events.lost(why);
  if (closed) return;
  host = (host + 1) % url.host_count();
  ++hosts_failed;
  const bool all_hosts_failed = hosts_failed % url.host_count() == 0;
  // Nobody is kept waiting for what only a person can mend.
  if (all_hosts_failed && needs_operator(why) && count_ready() == 0) queue.give_up(now(), why);
  if (all_hosts_failed) {
    retry_later();
  } else {
    pump_soon();
  }
}

void PgPool::Impl::end_sessions_unless(const std::string& history, const Error& why) {
  for (const auto& connection : connections) {
    if (connection->ready() && (history.empty() || connection->history() != history)) {
      connection->end(why);
    }
  }
}

/** Takes the connection out of the list; it is destroyed later, for it is calling us. */
void PgPool::Impl::bury(PgConnection& connection) {
  const auto found = std::find_if(connections.begin(), connections.end(),
                                  [&](const auto& one) { return one.get() == &connection; });
  if (found == connections.end()) return;
  boost::asio::post(io, [dead = std::shared_ptr<PgConnection>(std::move(*found))] {});
  connections.erase(found);
}

/** One pump for all that was added in this turn of the event loop: it goes into one batch. */
void PgPool::Impl::pump_soon() {
  in_use = true;
  if (pump_posted) return;
  pump_posted = true;
  boost::asio::post(io, [self = shared_from_this()] {
    self->pump_posted = false;
    self->pump();
  });
}

void PgPool::Impl::pump() {
  if (closed) {
    const Error why{ErrorKind::unavailable, "the connection to the database was closed"};
    return queue.give_up(now(), why);
  }
  send_hot();
  send_slow();
  open_if_needed();
  tick_later(queue.waiting() > 0 && count_busy() > 0 ? kHeldUp : kHousekeeping);
}

void PgPool::Impl::send_hot() {
  while (queue.waiting() > 0) {
    const std::size_t busy = count_busy();
    if (busy > 0 && !another_is_worth_it(busy)) return;
    PgConnection* connection = free_connection();
    if (connection == nullptr) return;
    last_send = now();
    connection->send(queue.take());
  }
}

/** Slow statements leave one connection for the duties, where there is more than one. */
void PgPool::Impl::send_slow() {
  while (queue.waiting_slow() > 0) {
    if (count_ready() - count_busy() < (settings.pool.max > 1 ? 2U : 1U)) return;
    const auto last = std::find_if(connections.rbegin(), connections.rend(),
                                   [](const auto& one) { return one->idle(); });
    (*last)->send(queue.take_slow());
  }
}

bool PgPool::Impl::another_is_worth_it(std::size_t busy) const {
  return queue.waiting() >= kWorthAnother * busy || now() - last_send >= kHeldUp;
}

std::size_t PgPool::Impl::count_busy() const {
  return static_cast<std::size_t>(
      std::count_if(connections.begin(), connections.end(),
                    [](const auto& one) { return one->ready() && !one->idle(); }));
}

std::size_t PgPool::Impl::count_ready() const {
  return static_cast<std::size_t>(std::count_if(connections.begin(), connections.end(),
                                                [](const auto& one) { return one->ready(); }));
}

PgConnection* PgPool::Impl::free_connection() {
  const auto found = std::find_if(connections.begin(), connections.end(),
                                  [](const auto& one) { return one->idle(); });
  return found == connections.end() ? nullptr : found->get();
}

void PgPool::Impl::open_if_needed() {
  const std::size_t ready = count_ready();
  const bool opening = connections.size() > ready;
  if (waiting_to_retry || opening || connections.size() >= settings.pool.max) return;
  const std::size_t busy = count_busy();
  const bool too_few = in_use && ready < settings.pool.min;
  const bool hot = queue.waiting() > 0 && busy == ready && another_is_worth_it(busy);
  const bool slow = queue.waiting_slow() > 0;
  if (too_few || hot || slow) open();
}

void PgPool::Impl::open() {
  connections.push_back(std::make_unique<PgConnection>(
      io, url, host, settings.timeouts,
      settings.pool.connection_timeout / static_cast<int>(url.host_count()), settings.watch,
      *this));
}

void PgPool::Impl::retry_later() {
  if (waiting_to_retry) return;
  waiting_to_retry = true;
  std::uniform_int_distribution<milliseconds::rep> part(backoff.count() / 2, backoff.count());
  retry_timer.expires_after(milliseconds(part(jitter)));
  backoff = std::min(backoff * 2, kBackoffMost);
  retry_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->waiting_to_retry = false;
    self->pump_soon();
  });
}

void PgPool::Impl::tick_later(milliseconds delay) {
  if (tick_armed && tick_timer.expiry() <= now() + delay) return;
  tick_armed = true;
  tick_timer.expires_after(delay);
  tick_timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->tick_armed = false;
    self->tick();
  });
}

void PgPool::Impl::tick() {
  if (closed) return;
  const milliseconds limit = settings.pool.connection_timeout;
  const auto oldest = queue.oldest();
  if (oldest && now() - *oldest >= limit) {
    Error why{ErrorKind::unavailable,
              "no database connection was free within " + std::to_string(limit.count()) + " ms"};
    if (count_ready() == 0) why.message = last_error.message;
    queue.give_up(now() - limit, why);
  }
  close_idle();
  pump();
}

void PgPool::Impl::close_idle() {
  std::size_t surplus =
      connections.size() > settings.pool.min ? connections.size() - settings.pool.min : 0;
  for (std::size_t index = connections.size(); index-- > 0 && surplus > 0;) {
    PgConnection& connection = *connections[index];
    if (!connection.idle() || now() - connection.idle_since() < settings.pool.idle_timeout)
      continue;
    connections.erase(connections.begin() + static_cast<std::ptrdiff_t>(index));
    --surplus;
  }
}

PgPool::PgPool(boost::asio::io_context& io, PostgresUrl url, PostgresSettings settings)
    : impl_(std::make_shared<Impl>(io, std::move(url), std::move(settings))) {}

PgPool::~PgPool() {
  impl_->closed = true;
  impl_->connections.clear();
}

DutyQueue& PgPool::queue() noexcept {
  return impl_->queue;
}

const std::optional<PgServerFacts>& PgPool::facts() const noexcept {
  return impl_->facts;
}

const PostgresUrl& PgPool::url() const noexcept {
  return impl_->url;
}

void PgPool::end_sessions_unless(const std::string& history, const Error& why) {
  impl_->end_sessions_unless(history, why);
}

StorePoolUse PgPool::use() const {
  return {.connections = impl_->connections.size(),
          .connections_max = impl_->settings.pool.max,
          .in_use = impl_->count_busy(),
          .waiting = impl_->queue.waiting() + impl_->queue.waiting_slow(),
          .reconnects = impl_->reconnects,
          .batches = impl_->queue.batches(),
          .batched_operations = impl_->queue.batched()};
}

void PgPool::close() {
  const auto self = impl_;
  self->closed = true;
  self->retry_timer.cancel();
  self->tick_timer.cancel();
  std::vector<std::unique_ptr<PgConnection>> all = std::move(self->connections);
  self->connections.clear();
  for (const auto& connection : all) connection->close();
  const Error why{ErrorKind::unavailable, "the connection to the database was closed"};
  self->queue.give_up(now(), why);
}

}  // namespace holdfast
