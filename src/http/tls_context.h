// Internal to this room: OpenSSL contexts made from settings. Only .cc files include it.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "base/result.h"
#include "http/tls.h"

namespace holdfast::http_detail {

using TlsContext = boost::asio::ssl::context;

/** Errors name the file and what to do about it. */
Result<std::shared_ptr<TlsContext>> make_server_context(const TlsServerSettings& settings);
Result<std::shared_ptr<TlsContext>> make_client_context(const TlsClientSettings& settings);

/** Before a client's handshake: which server is meant, for its certificate and for SNI. False
    when OpenSSL does not take the name. */
bool expect_server(SSL* tls, const std::string& host);

/** The subject of the verified certificate of the other side, or empty. */
std::string peer_subject(SSL* tls);

}  // namespace holdfast::http_detail
