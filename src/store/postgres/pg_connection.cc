#include "store/postgres/pg_connection.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <libpq-fe.h>

#include "base/check.h"
#include "store/postgres/pg_session.h"

namespace holdfast {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using Wait = boost::asio::posix::descriptor_base;

PGconn* start_connecting(const PostgresUrl& url, std::size_t host_index,
                         std::chrono::milliseconds answer) {
  // What stands before the URL is a default, what stands after it wins.
  const std::string user_timeout = std::to_string(answer.count());
  std::vector<const char*> names = {
      "application_name", "keepalives",       "keepalives_idle", "keepalives_interval",
      "keepalives_count", "tcp_user_timeout", "dbname",          "client_encoding"};
  std::vector<const char*> values = {
      "holdfast", "1", "5", "2", "3", user_timeout.c_str(), url.secret_text().c_str(), "UTF8"};
  for (const auto& [name, value] : url.host(host_index)) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PQconnectStartParams(names.data(), values.data(), 1);
}

std::string_view field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

struct PgConnection::Impl : std::enable_shared_from_this<PgConnection::Impl> {
  enum class State : std::uint8_t { closed = 0, connecting, setting_up, ready };

  /** A call on its way, in the order of libpq's own queue. */
  struct Sent {
    std::function<void(PgReply)> done;
    PgReply reply;
  };

  Impl(PgConnection& own_facade, boost::asio::io_context& context, const PostgresUrl& place,
       const PgTimeouts& limits, PgConnectionOwner& told)
      : facade(&own_facade),
        io(context),
        url(place),
        timeouts(limits),
        owner(&told),
        timer(context) {}
  ~Impl() { drop_session(); }

  void start(std::size_t host_index, std::chrono::milliseconds limit);
  void watch_socket();
  void poll_connect();
  void wait_readable();
  void wait_writable();
  void on_readable();
  void flush();
  void drain();
  bool take_result(pg_result* result);
  void set_up();
  void on_server_row(PgReply reply);
  void prepare_all();
  void become_ready();
  void send_one(PgCall call);
  void send_prepare(const PgStatement& statement);
  void sent(std::function<void(PgReply)> done);
  void set_deadline(std::chrono::milliseconds limit);
  void arm_timer();
  void fail(Error why);
  void fail_later(Error why);
  void drop_session();
  void answer_lost(const Error& why);

  PgConnection* facade;
  boost::asio::io_context& io;
  PostgresUrl url;
  PgTimeouts timeouts;
  PgConnectionOwner* owner;
  boost::asio::steady_timer timer;
  SteadyTime deadline = SteadyTime::max();
  bool timer_armed = false;
  bool writing = false;
  State state = State::connecting;
  PGconn* session = nullptr;
  std::unique_ptr<boost::asio::posix::stream_descriptor> socket;
  std::deque<Sent> on_their_way;
  PgServerFacts facts;
  SteadyTime idle_since = std::chrono::steady_clock::now();
};

void PgConnection::Impl::start(std::size_t host_index, std::chrono::milliseconds limit) {
  session = start_connecting(url, host_index, timeouts.answer);
  set_deadline(limit);
  if (session == nullptr) return fail_later(Error{ErrorKind::overloaded, "libpq is out of memory"});
  if (PQstatus(session) == CONNECTION_BAD) {
    return fail_later(connect_error(url, PQerrorMessage(session)));
  }
  // Writing is what libpq asks for first.
  watch_socket();
  if (socket == nullptr) return;
  socket->async_wait(Wait::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->poll_connect();
                     });
}

/** Watches a duplicate of libpq's socket, so that libpq may close its own at any moment. */
void PgConnection::Impl::watch_socket() {
  socket.reset();
  const int fd = ::fcntl(PQsocket(session), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) {
    return fail_later(Error{ErrorKind::unavailable, "no file descriptor is left for the database"});
  }
  socket = std::make_unique<boost::asio::posix::stream_descriptor>(io, fd);
}

void PgConnection::Impl::poll_connect() {
  if (state != State::connecting) return;
  const PostgresPollingStatusType next = PQconnectPoll(session);
  if (next == PGRES_POLLING_FAILED) return fail(connect_error(url, PQerrorMessage(session)));
  // Another address of the host may be tried by now, on another socket of the same number.
  watch_socket();
  if (socket == nullptr) return;
  if (next == PGRES_POLLING_OK) return set_up();
  const auto wait = next == PGRES_POLLING_READING ? Wait::wait_read : Wait::wait_write;
  socket->async_wait(wait, [self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->poll_connect();
  });
}

void PgConnection::Impl::set_up() {
  state = State::setting_up;
  if (PQsetnonblocking(session, 1) != 0 || PQenterPipelineMode(session) != 1) {
    return fail(connect_error(url, PQerrorMessage(session)));
  }
  PQsetNoticeProcessor(
      session, [](void*, const char*) {}, nullptr);
  wait_readable();
  PgCall call;
  call.text = session_setup_text();
  call.params = session_setup_params(timeouts);
  call.done = [this](PgReply reply) { on_server_row(std::move(reply)); };
  send_one(std::move(call));
  flush();
}

void PgConnection::Impl::on_server_row(PgReply reply) {
  if (reply.outcome == PgReply::Outcome::lost) return;  // fail() tells the owner.
  if (reply.outcome != PgReply::Outcome::done) return fail(error_of(reply.failure));
  Result<PgServerFacts> found = check_server(reply.rows, url.place());
  if (!found) return fail(std::move(found).error());
  facts = *std::move(found);
  PgCall call;
  call.text = session_versions_text();
  call.done = [this](PgReply versions) {
    if (versions.outcome == PgReply::Outcome::lost) return;
    if (versions.outcome != PgReply::Outcome::done) return fail(error_of(versions.failure));
    Result<PgServerFacts> complete = check_versions(facts, versions.rows);
    if (!complete) return fail(std::move(complete).error());
    facts = *std::move(complete);
    prepare_all();
  };
  send_one(std::move(call));
  flush();
}

void PgConnection::Impl::prepare_all() {
  for (const PgStatement& statement : statements_of(facts.schema_version)) send_prepare(statement);
  flush();
}

void PgConnection::Impl::send_prepare(const PgStatement& statement) {
  std::vector<Oid> types;
  for (const PgType type : statement.types) types.push_back(static_cast<Oid>(type));
  const bool last = &statement == &statements_of(facts.schema_version).back();
  if (PQsendPrepare(session, statement.name.c_str(), statement.text.c_str(),
                    static_cast<int>(types.size()), types.data()) != 1) {
    return fail_later(connect_error(url, PQerrorMessage(session)));
  }
  sent([this, last](PgReply reply) {
    if (reply.outcome == PgReply::Outcome::lost || state == State::closed) return;
    if (reply.outcome != PgReply::Outcome::done) return fail(error_of(reply.failure));
    if (last) become_ready();
  });
}

void PgConnection::Impl::become_ready() {
  state = State::ready;
  idle_since = std::chrono::steady_clock::now();
  deadline = SteadyTime::max();
  timer.cancel();
  timer_armed = false;
  owner->on_ready(*facade);
}

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
  flush();
  wait_readable();
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
      if (!reply.failure.message.empty()) {
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
                           std::chrono::milliseconds limit, PgConnectionOwner& owner)
    : impl_(std::make_shared<Impl>(*this, io, url, timeouts, owner)) {
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

void PgConnection::close() {
  impl_->owner = nullptr;
  impl_->fail(Error{ErrorKind::unavailable, "the connection to the database was closed"});
}

}  // namespace holdfast
