#include <fcntl.h>

#include "store/postgres/pg_connection_impl.h"
#include "store/postgres/pg_session.h"

namespace holdfast {
namespace {

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

}  // namespace

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
  PQsetNoticeReceiver(
      session,
      [](void* self, const PGresult* notice) { static_cast<Impl*>(self)->on_notice(notice); },
      this);
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
    Result<PgServerFacts> complete = check_versions(facts, versions.rows, url.place());
    if (!complete) return fail(std::move(complete).error());
    facts = *std::move(complete);
    meet();
  };
  send_one(std::move(call));
  flush();
}

void PgConnection::Impl::meet() {
  PgCall call;
  call.text = meeting_text();
  const DatabaseQuestion asked = watch == nullptr ? DatabaseQuestion{} : watch->question();
  call.params = meeting_params(asked);
  call.done = [this, asked](PgReply reply) {
    if (reply.outcome == PgReply::Outcome::lost) return;
    if (reply.outcome != PgReply::Outcome::done) return fail(error_of(reply.failure));
    Result<void> met = on_meeting(asked, reply.rows);
    if (!met) return fail(std::move(met).error());
    prepare_all();
  };
  send_one(std::move(call));
  flush();
}

Result<void> PgConnection::Impl::on_meeting(const DatabaseQuestion& asked, const PgRows& rows) {
  Result<PgMeeting> meeting = read_meeting(rows, url.place());
  if (!meeting) return std::move(meeting).error();
  if (meeting->backend_pid != PQbackendPID(session)) {
    return Error{ErrorKind::wrong_database,
                 "a connection pooler stands before the database at " + url.place() +
                     ": it may change the server behind a session unnoticed. Holdfast pools its "
                     "connections itself: connect to PostgreSQL"};
  }
  same_tables = std::move(meeting->same_tables);
  history = std::move(meeting->history);
  if (watch == nullptr) return {};
  Result<void> accepted = watch->on_database(asked, meeting->facts);
  if (accepted) return {};
  return std::move(accepted).error().within("the database at " + url.place() + " is refused");
}

void PgConnection::Impl::prepare_all() {
  for (const PgStatement& statement : statements_of(facts.schema_version)) send_prepare(statement);
  flush();
}

void PgConnection::Impl::send_prepare(const PgStatement& statement) {
  std::vector<Oid> types;
  for (const PgType type : statement.types) types.push_back(static_cast<Oid>(type));
  const bool last = &statement == &statements_of(facts.schema_version).back();
  std::string text = statement.text;
  const std::size_t marker = text.find(kSameTables);
  if (marker != std::string::npos) text.replace(marker, kSameTables.size(), same_tables);
  if (PQsendPrepare(session, statement.name.c_str(), text.c_str(), static_cast<int>(types.size()),
                    types.data()) != 1) {
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
  deadline = std::chrono::steady_clock::time_point::max();
  timer.cancel();
  timer_armed = false;
  owner->on_ready(*facade);
}

}  // namespace holdfast
