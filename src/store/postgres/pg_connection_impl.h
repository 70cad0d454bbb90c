// The inside of PgConnection: pg_connect.cc makes the session, pg_connection.cc carries calls.
// Included by these two files only.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <libpq-fe.h>

#include "store/postgres/pg_connection.h"

namespace holdfast {

struct PgConnection::Impl : std::enable_shared_from_this<PgConnection::Impl> {
  /** ending: nothing is sent any more, and fail() is on its way. */
  enum class State : std::uint8_t { closed = 0, connecting, setting_up, ready, ending };

  /** A call on its way, in the order of libpq's own queue. */
  struct Sent {
    std::function<void(PgReply)> done;
    PgReply reply;
  };

  Impl(PgConnection& own_facade, boost::asio::io_context& context, const PostgresUrl& place,
       const PgTimeouts& limits, DatabaseWatch* database_watch, PgConnectionOwner& told)
      : facade(&own_facade),
        io(context),
        url(place),
        timeouts(limits),
        watch(database_watch),
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
  void on_notice(const pg_result* notice);
  void set_up();
  void on_server_row(PgReply reply);
  void meet();
  Result<void> on_meeting(const DatabaseQuestion& asked, const PgRows& rows);
  bool became_read_only() const;
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
  DatabaseWatch* watch;
  PgConnectionOwner* owner;
  boost::asio::steady_timer timer;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  bool timer_armed = false;
  bool writing = false;
  State state = State::connecting;
  PGconn* session = nullptr;
  std::unique_ptr<boost::asio::posix::stream_descriptor> socket;
  std::deque<Sent> on_their_way;
  PgServerFacts facts;
  /** The server has warned about the call that is being answered. */
  std::optional<std::string> warning;
  /** Both of PgMeeting. */
  std::string same_tables;
  std::string history;
  std::chrono::steady_clock::time_point idle_since = std::chrono::steady_clock::now();
};

}  // namespace holdfast
