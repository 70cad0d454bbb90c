// HttpClient: requests to remote signers and other servers, over connections that are kept.
//
// For a signer it matters most what became of a request that got no answer. NotSent is promised
// only where the server cannot have got the request: nothing of it was written. Once a byte was
// written, a failure is NoAnswer: the server may have done what it was asked.
//
// Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/task.h"
#include "http/message.h"
#include "http/tls.h"
#include "http/url.h"
#include "os/io_runtime.h"
#include "os/secret.h"

namespace holdfast {

struct HttpClientSettings {
  TlsClientSettings tls;
  /** Connections to one scheme, host and port; further calls wait for one to be free. */
  std::size_t connections_max = 64;
  /** Calls that wait for a connection to one server; the next is NotSent as overloaded. */
  std::size_t waiting_max = 4096;
  /** For name resolution, TCP and TLS together. */
  std::chrono::milliseconds connect_timeout{5'000};
  /** An unused connection is closed after this long; less than servers usually wait. */
  std::chrono::milliseconds idle_timeout{4'000};
  std::size_t body_bytes_max = std::size_t{4} << 20;
  std::uint32_t header_bytes_max = 32 * 1024;
};

/** Whether a request may reach the server twice. */
enum class Repeat : std::uint8_t {
  never = 0,
  /** Doing it twice is as good as once: when a kept connection dies before a byte of the answer,
      the request is sent again on another. */
  harmless,
};

struct HttpCall {
  Url url;
  HttpMethod method = HttpMethod::post;
  std::string content_type = "application/json";
  std::string body;
  /** Sent as "Authorization: Bearer"; null for none. */
  std::shared_ptr<const Secret> bearer_token;
  Repeat repeat = Repeat::never;
  /** For everything, waiting for a connection included. */
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
};

/** The request may have reached the server; what it did is unknown. */
struct NoAnswer {
  Error error;
};
/** Nothing of the request left this process, so the server has not acted on it. */
struct NotSent {
  Error error;
};
/** The server's complete answer, whatever its status. */
struct HttpAnswer {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

/** The worst first: it is what a forgotten case would be taken for. Errors show the origin of the
    URL only. */
using HttpExchange = std::variant<NoAnswer, NotSent, HttpAnswer>;

class HttpClient {
 public:
  struct Impl;
  /** For create(). */
  explicit HttpClient(std::shared_ptr<Impl> impl);

  /** The error names the file that TLS could not use. The runtime outlives the client. */
  static Result<std::unique_ptr<HttpClient>> create(IoRuntime& runtime,
                                                    HttpClientSettings settings);

  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  /** As close(). */
  ~HttpClient();

  /** Sends the request and gives the answer, or what is known of it, within call.timeout. */
  Task<HttpExchange> send(HttpCall call);

  /** Ends every call now, as NotSent or NoAnswer; later ones are NotSent. */
  void close();

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast
