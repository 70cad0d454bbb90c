// Tells the service manager that the signer is ready or stopping, by the datagram protocol of
// sd_notify(3), without libsystemd.
#pragma once

#include <string_view>

namespace holdfast::cli {

/** Sends "READY=1" or the like to the socket that NOTIFY_SOCKET names; does nothing for an empty
    name. True when the message was sent. Thread rule: any thread; it does not block for long. */
bool sd_notify(std::string_view notify_socket, std::string_view message);

}  // namespace holdfast::cli
