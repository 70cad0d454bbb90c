// HttpServer: HTTP/1.1 for programs, on the I/O thread: GET, HEAD and POST, keep-alive, pipelining
// (one request of a connection at a time, in their order), TLS with client certificates.
//
// What it never lets a client do: take memory beyond the limits, hold a connection by being slow,
// or bring the server down. What it refuses, it answers with a status and
// {"error":"...","message":"..."} and closes the connection; a handler never sees it.
//
// Thread rule: the I/O thread, or before it runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "http/listen_address.h"
#include "http/message.h"
#include "http/tls.h"
#include "os/io_runtime.h"

namespace holdfast {

/** Whether requests from a web page are served. A page in the operator's browser could otherwise
    reach a server on loopback. Browsers tell by the Origin field; programs do not send it. */
enum class WebPages : std::uint8_t {
  refuse = 0,
  serve,
};

struct HttpServerSettings {
  /** At least one. */
  std::vector<ListenAddress> listen;
  std::optional<TlsServerSettings> tls;
  std::size_t body_bytes_max = std::size_t{1} << 20;
  std::uint32_t header_bytes_max = 16 * 1024;
  /** When so many are open, the one that has been idle longest makes room; when none is idle, new
      ones wait in the operating system's queue. */
  std::size_t connections_max = 1024;
  /** From a request's first byte to its last, and for a TLS handshake. */
  std::chrono::milliseconds read_timeout{10'000};
  /** From the end of an answer to the next request's first byte. */
  std::chrono::milliseconds idle_timeout{75'000};
  /** For an answer to be taken by the client. */
  std::chrono::milliseconds write_timeout{10'000};
  WebPages web_pages = WebPages::refuse;
};

/** Counted since the start, but for the first. */
struct HttpServerStats {
  std::size_t connections_open = 0;
  std::uint64_t connections_accepted = 0;
  /** Requests that were handed to the handler. */
  std::uint64_t requests = 0;
  /** Requests that were refused before that. */
  std::uint64_t requests_refused = 0;
  /** Connections that were closed for being slow or idle. */
  std::uint64_t connections_timed_out = 0;
  /** Connections that made room for new ones. */
  std::uint64_t connections_evicted = 0;
  std::uint64_t handshakes_failed = 0;
  /** The operating system gave no connection (descriptors, memory); each is followed by a retry. */
  std::uint64_t accepts_failed = 0;
};

/** Answers a request. No lambda coroutine: a lambda that forwards to a member coroutine. The
    server does not bound its time; the handler does. */
using HttpHandler = std::function<Task<HttpResponse>(HttpRequest)>;

class HttpServer {
 public:
  struct Impl;
  /** For start(). */
  explicit HttpServer(std::shared_ptr<Impl> impl);

  /** Listens and accepts from now on. The runtime outlives the server. What the handler refers to
      outlives the server and every request in flight. The error names the address or the file. */
  static Result<std::unique_ptr<HttpServer>> start(IoRuntime& runtime, HttpServerSettings settings,
                                                   HttpHandler handler);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /** Closes every connection; answers that come later are dropped. */
  ~HttpServer();

  /** The port of the first address, also where the settings said 0. */
  std::uint16_t local_port() const;
  /** The addresses with the ports that they really have. */
  std::vector<ListenAddress> local_addresses() const;

  /** Stops accepting, closes what is idle, and gives requests in flight until `grace` is over to
      be answered; then closes the rest. Ends when no connection is left. */
  Task<void> stop(std::chrono::nanoseconds grace);

  HttpServerStats stats() const;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
