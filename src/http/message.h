// What an HTTP request and its answer are, for those who handle them and for those who send them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

enum class HttpMethod : std::uint8_t {
  unknown = 0,
  get,
  head,
  post,
};

/** The method as it stands in a request line. */
constexpr std::string_view name_of(HttpMethod method) noexcept {
  switch (method) {
    case HttpMethod::unknown:
      return "unknown";
    case HttpMethod::get:
      return "GET";
    case HttpMethod::head:
      return "HEAD";
    case HttpMethod::post:
      return "POST";
  }
  return "unknown";
}

/** A request that a server has read completely. */
struct HttpRequest {
  /** get, head or post; for head the handler answers as for get and the server drops the body. */
  HttpMethod method = HttpMethod::unknown;
  /** Begins with '/', as it was sent: nothing is decoded. */
  std::string path;
  /** What follows '?', or empty. */
  std::string query;
  /** These fields' values, or empty. The first holds a secret and must not be logged. */
  std::string authorization;
  std::string content_type;
  std::string accept;
  std::string body;
  /** Address and port of the client, for logs. */
  std::string peer;
  /** The subject of the verified client certificate; empty without one. */
  std::string client_certificate;
};

struct HttpField {
  std::string name;
  std::string value;
};

/** An answer. Content-Length and Connection are the server's own and not among the fields. */
struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  /** Further fields; names and values hold no line ends (CHECK). */
  std::vector<HttpField> fields;
};

/** "Not Found" for 404; "Unknown" for a status that Holdfast does not use. */
std::string_view reason_of_status(unsigned status) noexcept;

}  // namespace holdfast
