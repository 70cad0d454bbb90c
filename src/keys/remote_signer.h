// RemoteSigner: keys that a Web3Signer-compatible signer holds, asked over HTTP or HTTPS.
//
// What it answers is believed only when it proves itself: a signature must recover to the address
// that was asked, and a transaction must be the one that was asked, field by field.
//
// MaySign: has_not_signed when the request never left, or the signer refused it (a JSON-RPC error,
// or a 4xx status); everything else, a time-out, a broken or wrong answer, a 5xx status, is
// may_have_signed.
//
// Errors show the signer's scheme, host and port, never its path. Thread rule: the I/O thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/url.h"
#include "keys/key_ring.h"
#include "os/random.h"

namespace holdfast {

class RemoteSigner final : public KeyBackend {
 public:
  /** `call_timeout` bounds each call, waiting for a connection included. `random` outlives it. */
  RemoteSigner(Url url, std::shared_ptr<HttpClient> client, RandomSource& random,
               std::chrono::milliseconds call_timeout);

  Task<std::variant<SignFailure, Signature>> sign(Address address,
                                                  SignableMessage message) override;
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address address,
                                                          Transaction transaction) override;

  /** Asks eth_accounts once. not_found names the addresses that the signer does not have;
      unavailable, timeout or invalid_input (a broken answer) when that is not known. */
  Task<Result<void>> check_accounts(std::vector<Address> addresses);

  /** "https://host:port" */
  std::string origin() const { return url_.origin(); }

 private:
  /** The body of a 2xx answer, or the failure. */
  Task<std::variant<SignFailure, std::string>> call(std::string method, std::string body,
                                                    Repeat repeat);
  SignFailure failure(MaySign may_sign, ErrorKind kind, const std::string& method,
                      const std::string& why) const;
  std::string new_id();

  Url url_;
  std::shared_ptr<HttpClient> client_;
  RandomSource& random_;
  std::chrono::milliseconds call_timeout_;
};

}  // namespace holdfast
