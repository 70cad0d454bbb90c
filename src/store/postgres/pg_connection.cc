#include "store/postgres/pg_connection.h"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "base/check.h"
#include "store/postgres/pg_connection_impl.h"

namespace holdfast {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using Wait = boost::asio::posix::descriptor_base;

std::string_view field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

void PgConnection::Impl::send_one(PgCall call) {
  const std::vector<const char*> values = call.params.pointers();
  const std::vector<int> lengths = call.params.lengths();
  const std::vector<int> formats = call.params.formats();
  int accepted = 0;
  if (call.text.empty()) {
    const PgStatement& statement =
        statements_of(facts.schema_version)[static_cast<std::size_t>(call.sql)];
    accepted = PQsendQueryPrepared(session, statement.name.c_str(), call.params.size(),
                                   values.data(), lengths.data(), formats.data(), 0);
  } else {
    accepted = PQsendQueryParams(session, call.text.c_str(), call.params.size(), nullptr,
                                 values.data(), lengths.data(), formats.data(), 0);
  }
  if (accepted != 1) {
    // The call joins the queue so that it is answered `lost` with the others.
    on_their_way.push_back({std::move(call.done), {}});
    return fail_later(connect_error(url, PQerrorMessage(session)));
  }
  sent(std::move(call.done));
}

void PgConnection::Impl::sent(std::function<void(PgReply)> done) {
  if (on_their_way.empty() && state == State::ready) set_deadline(timeouts.answer);
  on_their_way.push_back({std::move(done), {}});
  if (PQpipelineSync(session) != 1) fail_later(connect_error(url, PQerrorMessage(session)));
}

void PgConnection::Impl::flush() {
  if (state == State::closed || writing) return;
  const int left = PQflush(session);
  if (left < 0) return fail_later(connect_error(url, PQerrorMessage(session)));
  if (left > 0) wait_writable();
}

void PgConnection::Impl::wait_writable() {
  writing = true;
  socket->async_wait(Wait::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->writing = false;
                       if (!error) self->flush();
                     });
}

void PgConnection::Impl::wait_readable() {
  socket->async_wait(Wait::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->on_readable();
                     });
}

void PgConnection::Impl::on_readable() {
  if (state == State::closed) return;
  const bool alive = PQconsumeInput(session) == 1;
  // What arrived before the end is still an answer.
  drain();
  if (state == State::closed) return;
  if (!alive) return fail(connect_error(url, PQerrorMessage(session)));
  if (state == State::ready && became_read_only()) {
    return fail(Error{ErrorKind::unavailable,
                      "the server at " + url.place() + " says that it cannot be written any more"});
  }
  flush();
  wait_readable();
}

/** What the server reports by itself whenever it changes. */
bool PgConnection::Impl::became_read_only() const {
  for (const char* name : {"in_hot_standby", "default_transaction_read_only"}) {
    const char* const value = PQparameterStatus(session, name);
    if (value != nullptr && std::string_view(value) == "on") return true;
  }
  return false;
}

void PgConnection::Impl::drain() {
  std::vector<Sent> answered;
  int empty_in_a_row = 0;
  while (!on_their_way.empty() && PQisBusy(session) == 0 && empty_in_a_row < 4) {
    pg_result* result = PQgetResult(session);
    if (result == nullptr) {
      ++empty_in_a_row;
      continue;
    }
    empty_in_a_row = 0;
    if (take_result(result)) {
      answered.push_back(std::move(on_their_way.front()));
      on_their_way.pop_front();
    }
  }
  if (answered.empty()) return;
  if (state == State::ready) set_deadline(timeouts.answer);
  const bool idle_now = on_their_way.empty() && state == State::ready;
  if (idle_now) {
    idle_since = std::chrono::steady_clock::now();
    deadline = SteadyTime::max();
  }
  const bool stale = std::any_of(answered.begin(), answered.end(), [](const Sent& one) {
    return makes_session_stale(one.reply.failure);
  });
  const auto self = shared_from_this();
  for (Sent& one : answered) one.done(std::move(one.reply));
  if (state != State::ready) return;
  if (stale) {
    return fail(Error{ErrorKind::unavailable, "the session with the database became stale"});
  }
  if (idle_now && on_their_way.empty()) owner->on_idle(*facade);
}

/** Takes one result of the first call on its way; true when the call is complete. */
bool PgConnection::Impl::take_result(pg_result* result) {
  PgReply& reply = on_their_way.front().reply;
  const PgRows owned(result);
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
      reply.rows = owned;
      return false;
    case PGRES_PIPELINE_SYNC:
      if (warning) {
        // Somebody has ended by force the commit's wait for the standby: it is here, and perhaps
        // nowhere else.
        reply.outcome = PgReply::Outcome::lost;
        reply.error = Error{ErrorKind::unavailable, "PostgreSQL warns: " + *warning};
        warning.reset();
      } else if (!reply.failure.message.empty()) {
        // Only an ERROR is certain to have been rolled back.
        const bool certain = reply.failure.severity == "ERROR";
        reply.outcome = certain ? PgReply::Outcome::refused : PgReply::Outcome::lost;
        reply.error = error_of(reply.failure);
      } else {
        reply.outcome = PgReply::Outcome::done;
      }
      return true;
    case PGRES_PIPELINE_ABORTED:
      if (reply.failure.message.empty()) reply.failure.message = "the pipeline was aborted";
      return false;
    case PGRES_EMPTY_QUERY:
    case PGRES_COPY_OUT:
    case PGRES_COPY_IN:
    case PGRES_BAD_RESPONSE:
    case PGRES_NONFATAL_ERROR:
    case PGRES_FATAL_ERROR:
    case PGRES_COPY_BOTH:
    case PGRES_SINGLE_TUPLE:
      break;
  }
  reply.failure.sqlstate = field_of(result, PG_DIAG_SQLSTATE);
  reply.failure.severity = field_of(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  reply.failure.message = url.redact(field_of(result, PG_DIAG_MESSAGE_PRIMARY));
  if (reply.failure.message.empty())
    reply.failure.message = url.redact(PQresultErrorMessage(result));
  if (reply.failure.message.empty()) reply.failure.message = "unknown failure";
  return false;
}

/** libpq gives notices in their place among the results. None of our statements warns by itself. */
void PgConnection::Impl::on_notice(const pg_result* notice) {
  const bool is_warning = field_of(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING";
  if (state != State::ready || !is_warning) return;
  warning = url.redact(field_of(notice, PG_DIAG_MESSAGE_PRIMARY));
}

void PgConnection::Impl::set_deadline(std::chrono::milliseconds limit) {
  deadline = std::chrono::steady_clock::now() + limit;
  arm_timer();
}

/** One timer that looks at the deadline when it fires, so that a busy connection does not re-arm
    it for every batch. */
void PgConnection::Impl::arm_timer() {
  if (timer_armed || state == State::closed || deadline == SteadyTime::max()) return;
  timer_armed = true;
  timer.expires_at(deadline);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    self->timer_armed = false;
    if (std::chrono::steady_clock::now() < self->deadline) return self->arm_timer();
    self->fail(
        Error{ErrorKind::unavailable, "the database at " + self->url.place() + " does not answer"});
  });
}

/** Ends the session, answers what is on its way, tells the owner: from the event loop only. */
void PgConnection::Impl::fail(Error why) {
  if (state == State::closed) return;
  const auto self = shared_from_this();
  state = State::closed;
  drop_session();
  answer_lost(why);
  if (owner != nullptr) std::exchange(owner, nullptr)->on_closed(*facade, why);
}

void PgConnection::Impl::fail_later(Error why) {
  boost::asio::post(io, [self = shared_from_this(), why = std::move(why)]() mutable {
    self->fail(std::move(why));
  });
}

void PgConnection::Impl::drop_session() {
  timer.cancel();
  socket.reset();
  if (session != nullptr) PQfinish(std::exchange(session, nullptr));
}

void PgConnection::Impl::answer_lost(const Error& why) {
  std::deque<Sent> lost = std::move(on_their_way);
  on_their_way.clear();
  for (Sent& one : lost) {
    PgReply reply;
    reply.outcome = PgReply::Outcome::lost;
    reply.error = why;
    one.done(std::move(reply));
  }
}

PgConnection::PgConnection(boost::asio::io_context& io, const PostgresUrl& url,
                           std::size_t host_index, const PgTimeouts& timeouts,
                           std::chrono::milliseconds limit, DatabaseWatch* watch,
                           PgConnectionOwner& owner)
    : impl_(std::make_shared<Impl>(*this, io, url, timeouts, watch, owner)) {
  impl_->start(host_index, limit);
}

PgConnection::~PgConnection() {
  impl_->owner = nullptr;
  impl_->state = Impl::State::closed;
  impl_->drop_session();
}

bool PgConnection::ready() const noexcept {
  return impl_->state == Impl::State::ready;
}

bool PgConnection::idle() const noexcept {
  return ready() && impl_->on_their_way.empty();
}

std::chrono::steady_clock::time_point PgConnection::idle_since() const noexcept {
  return impl_->idle_since;
}

const PgServerFacts& PgConnection::facts() const noexcept {
  return impl_->facts;
}

void PgConnection::send(std::vector<PgCall> calls) {
  CHECK(ready());
  for (PgCall& call : calls) impl_->send_one(std::move(call));
  impl_->flush();
}

const std::string& PgConnection::history() const noexcept {
  return impl_->history;
}

void PgConnection::end(Error why) {
  CHECK(ready());
  impl_->state = Impl::State::ending;
  impl_->fail_later(std::move(why));
}

void PgConnection::close() {
  impl_->owner = nullptr;
  impl_->fail(Error{ErrorKind::unavailable, "the connection to the database was closed"});
}

}  // namespace holdfast
