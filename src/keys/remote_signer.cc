#include "keys/remote_signer.h"

#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/hex.h"
#include "keys/web3signer_wire.h"

namespace holdfast {
namespace {

constexpr std::size_t kMissingShown = 20;

std::string method_of(const SignableMessage& message) {
  return message.form == MessageForm::typed_data ? "eth_signTypedData" : "eth_sign";
}

}  // namespace

RemoteSigner::RemoteSigner(Url url, std::shared_ptr<HttpClient> client, RandomSource& random,
                           std::chrono::milliseconds call_timeout)
    : url_(std::move(url)),
      client_(std::move(client)),
      random_(random),
      call_timeout_(call_timeout) {
  CHECK(client_ != nullptr);
}

std::string RemoteSigner::new_id() {
  const std::array<std::uint8_t, 16> bytes = random_.bytes16();
  return to_hex(ByteView(bytes).first(4)).substr(2);
}

SignFailure RemoteSigner::failure(MaySign may_sign, ErrorKind kind, const std::string& method,
                                  const std::string& why) const {
  return SignFailure{
      may_sign, Error{kind, fmt::format("{} at remote signer {}: {}", method, url_.origin(), why)}};
}

Task<std::variant<SignFailure, std::string>> RemoteSigner::call(std::string method,
                                                                std::string body, Repeat repeat) {
  HttpCall call;
  call.url = url_;
  call.body = std::move(body);
  call.repeat = repeat;
  call.timeout = call_timeout_;
  HttpExchange exchange = co_await client_->send(std::move(call));
  if (auto* not_sent = std::get_if<NotSent>(&exchange)) {
    co_return failure(MaySign::has_not_signed, not_sent->error.kind, method,
                      not_sent->error.message);
  }
  if (auto* no_answer = std::get_if<NoAnswer>(&exchange)) {
    co_return failure(MaySign::may_have_signed, no_answer->error.kind, method,
                      no_answer->error.message);
  }
  HttpAnswer& answer = std::get<HttpAnswer>(exchange);
  if (answer.status >= 200 && answer.status < 300) co_return std::move(answer.body);
  const std::string why =
      fmt::format("HTTP status {} ({})", answer.status, shown_text(answer.body));
  if (answer.status >= 400 && answer.status < 500) {
    co_return failure(MaySign::has_not_signed, ErrorKind::permission_denied, method,
                      "refused with " + why);
  }
  co_return failure(MaySign::may_have_signed, ErrorKind::unavailable, method, why);
}

Task<std::variant<SignFailure, Signature>> RemoteSigner::sign(Address address,
                                                              SignableMessage message) {
  const std::string id = new_id();
  const std::string method = method_of(message);
  std::string body = sign_body(address, message, id);
  std::variant<SignFailure, std::string> answer =
      co_await call(method, std::move(body), Repeat::never);
  if (auto* failed = std::get_if<SignFailure>(&answer)) co_return std::move(*failed);
  const SignatureReply reply =
      read_signature(std::get<std::string>(answer), id, address, message.digest());
  if (const auto* broken = std::get_if<BrokenReply>(&reply)) {
    co_return failure(MaySign::may_have_signed, ErrorKind::corrupt, method,
                      "an answer that cannot be used: " + broken->why);
  }
  if (const auto* refused = std::get_if<RefusedReply>(&reply)) {
    co_return failure(MaySign::has_not_signed, ErrorKind::permission_denied, method,
                      "refused with " + refused->why);
  }
  co_return std::get<Signature>(reply);
}

Task<std::variant<SignFailure, Bytes>> RemoteSigner::sign_transaction(Address address,
                                                                      Transaction transaction) {
  const std::string method = "eth_signTransaction";
  const std::string id = new_id();
  std::string body = sign_transaction_body(address, transaction, id);
  std::variant<SignFailure, std::string> answer =
      co_await call(method, std::move(body), Repeat::never);
  if (auto* failed = std::get_if<SignFailure>(&answer)) co_return std::move(*failed);
  const TransactionReply reply =
      read_transaction(std::get<std::string>(answer), id, address, transaction);
  if (const auto* broken = std::get_if<BrokenReply>(&reply)) {
    co_return failure(MaySign::may_have_signed, ErrorKind::corrupt, method,
                      "an answer that cannot be used: " + broken->why);
  }
  if (const auto* refused = std::get_if<RefusedReply>(&reply)) {
    co_return failure(MaySign::has_not_signed, ErrorKind::permission_denied, method,
                      "refused with " + refused->why);
  }
  co_return std::get<Bytes>(reply);
}

Task<Result<void>> RemoteSigner::check_accounts(std::vector<Address> addresses) {
  const std::string method = "eth_accounts";
  std::variant<SignFailure, std::string> answer =
      co_await call(method, eth_accounts_body(), Repeat::harmless);
  if (auto* failed = std::get_if<SignFailure>(&answer)) co_return std::move(failed->error);
  const AccountsReply reply = read_accounts(std::get<std::string>(answer));
  if (const auto* broken = std::get_if<BrokenReply>(&reply)) {
    co_return failure(MaySign::has_not_signed, ErrorKind::invalid_input, method,
                      "an answer that cannot be used: " + broken->why)
        .error;
  }
  if (const auto* refused = std::get_if<RefusedReply>(&reply)) {
    co_return failure(MaySign::has_not_signed, ErrorKind::permission_denied, method,
                      "refused with " + refused->why)
        .error;
  }
  const auto& accounts = std::get<std::vector<Address>>(reply);
  const std::unordered_set<Address> held(accounts.begin(), accounts.end());
  std::vector<std::string> missing;
  std::size_t more = 0;
  for (const Address& address : addresses) {
    if (held.contains(address)) continue;
    if (missing.size() < kMissingShown) {
      missing.push_back(to_text(address));
    } else {
      ++more;
    }
  }
  if (missing.empty()) co_return Result<void>();
  const std::string rest = more == 0 ? "" : fmt::format(" and {} more", more);
  co_return failure(
      MaySign::has_not_signed, ErrorKind::not_found, method,
      fmt::format("it does not have the keys of {}{}", fmt::join(missing, ", "), rest))
      .error;
}

}  // namespace holdfast
