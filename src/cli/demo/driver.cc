#include "cli/demo/driver.h"

#include <ostream>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/hex.h"
#include "base/strict_json.h"
#include "cli/demo/demo_message.h"

namespace holdfast::cli::demo {
namespace {

constexpr Slot kFirstSlot{100};
constexpr std::int64_t kKilledInSlot = 1;
constexpr std::int64_t kSlotsAway = 2;
constexpr std::chrono::seconds kRequestTimeout{15};
constexpr std::chrono::milliseconds kAnswerPoll{5};

/** Reads a JSON-RPC answer: a signature, or the name of the error. */
void read_answer(std::string_view body, Answer& answer) {
  answer.error_name = "UnreadableAnswer";
  const Result<boost::json::value> json = parse_strict_json(body);
  if (!json || !json->is_object()) return;
  const boost::json::object& object = json->get_object();
  if (const auto* result = object.if_contains("result"); result != nullptr && result->is_string()) {
    const boost::json::string& text = result->get_string();
    answer.signature = fixed_from_hex<Signature>({text.data(), text.size()});
    if (answer.signature) answer.error_name.clear();
    return;
  }
  const auto* error = object.if_contains("error");
  if (error == nullptr || !error->is_object()) return;
  const auto* data = error->get_object().if_contains("data");
  if (data == nullptr || !data->is_object()) return;
  const auto* name = data->get_object().if_contains("name");
  if (name == nullptr || !name->is_string()) return;
  answer.error_name.assign(name->get_string().data(), name->get_string().size());
}

}  // namespace

Driver::Driver(Cluster& cluster, HttpClient& client, Clock& clock, Audit& audit,
               std::ostream& progress, PlaySettings settings)
    : cluster_(cluster),
      client_(client),
      clock_(clock),
      audit_(audit),
      progress_(progress),
      settings_(settings) {}

Task<Result<void>> Driver::play() {
  for (std::size_t node = 0; node < cluster_.size(); ++node) {
    Result<void> started = co_await cluster_.start(node, clock_);
    if (!started) co_return std::move(started).error();
    progress_ << fmt::format("{} is ready\n", Cluster::name_of(node)) << std::flush;
  }
  began_ = clock_.now();
  for (std::int64_t at = 0; at < settings_.slots && !stopping_; ++at) {
    if (at == kKilledInSlot + kSlotsAway) {
      Result<void> started = co_await cluster_.start(settings_.victim, clock_);
      if (!started) co_return std::move(started).error();
      progress_ << fmt::format("  {} is started again\n", Cluster::name_of(settings_.victim));
    }
    const AuditReport before = audit_.report();
    const Slot slot(kFirstSlot.number() + at);
    co_await play_slot(slot);
    tell_slot(slot, before);
  }
  co_return Result<void>();
}

Task<void> Driver::play_slot(Slot slot) {
  const MonotonicTime began = clock_.now();
  const bool deadly = slot.number() == kFirstSlot.number() + kKilledInSlot;
  for (const DueMoment& moment :
       duties_of_slot(slot, cluster_.validators().size(), settings_.slot_length)) {
    co_await wait_until(began + moment.offset);
    if (stopping_) break;
    for (const DueDuty& duty : moment.duties) ask_all(duty);
    // The third block's requests are on their way when the node dies.
    const bool last_block = moment.duties.front().block_index == BlockIndex(2);
    if (deadly && last_block) {
      co_await clock_.sleep(std::chrono::milliseconds(1));
      cluster_.kill(settings_.victim);
      progress_ << fmt::format("  kill -9 {}, while it signs block 2 of slot {}\n",
                               Cluster::name_of(settings_.victim), slot.number())
                << std::flush;
    }
  }
  if (!stopping_) co_await wait_until(began + settings_.slot_length);
  co_await wait_for_answers();
}

void Driver::ask_all(const DueDuty& duty) {
  audit_.due(duty);
  for (std::size_t node = 0; node < cluster_.size(); ++node) {
    if (!cluster_.url(node)) continue;
    ++unanswered_;
    start(ask(duty, node), [this] { --unanswered_; });
  }
}

Task<void> Driver::ask(DueDuty duty, std::size_t node) {
  const Address validator = cluster_.validators()[duty.validator];
  const DemoMessage message = message_for(duty, node, validator, cluster_.chain_id());
  Answer answer{.duty = duty,
                .node = node,
                .message_hash = message.message_hash,
                .digest = message.digest,
                .validator = validator,
                .asked_at = since_begin(),
                .answered_at = {},
                .signature = std::nullopt,
                .error_name = {}};
  HttpCall call;
  call.url = *cluster_.url(node);
  call.body = message.request;
  call.timeout = kRequestTimeout;
  HttpExchange exchange = co_await client_.send(std::move(call));
  answer.answered_at = since_begin();
  if (const auto* replied = std::get_if<HttpAnswer>(&exchange)) {
    read_answer(replied->body, answer);
  } else {
    answer.error_name = "NoAnswer";
  }
  audit_.answered(answer);
}

Task<void> Driver::wait_until(MonotonicTime moment) {
  // In short steps, so that a stop does not wait for a long slot.
  while (!stopping_ && clock_.now() < moment) {
    const std::chrono::nanoseconds left = moment - clock_.now();
    co_await clock_.sleep(std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(100)));
  }
}

Task<void> Driver::wait_for_answers() {
  while (unanswered_ > 0) co_await clock_.sleep(kAnswerPoll);
}

void Driver::tell_slot(Slot slot, const AuditReport& before) {
  const AuditReport now = audit_.report();
  std::string line =
      fmt::format("slot {}: {} of {} duties signed;", slot.number(),
                  now.total.signed_ - before.total.signed_, now.total.due - before.total.due);
  for (std::size_t node = 0; node < cluster_.size(); ++node) {
    const auto count = [&](const AuditReport& report) {
      const auto found = report.total.signed_by_node.find(node);
      return found == report.total.signed_by_node.end() ? std::size_t{0} : found->second;
    };
    line += fmt::format(" {} {}", Cluster::name_of(node), count(now) - count(before));
    if (!cluster_.url(node)) line += " (dead)";
  }
  progress_ << line << '\n' << std::flush;
}

std::chrono::milliseconds Driver::since_begin() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
}

}  // namespace holdfast::cli::demo
