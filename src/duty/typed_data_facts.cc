#include "duty/typed_data_facts.h"

#include <charconv>
#include <string_view>

#include <boost/json/object.hpp>
#include <fmt/format.h>

namespace holdfast {
namespace {

constexpr std::string_view kRollupDomain = "Aztec Rollup";

struct RollupMessage {
  std::string_view primary_type;
  TypedDataClass data_class;
  std::optional<DutyType> duty_type;
};

constexpr RollupMessage kRollupMessages[] = {
    {"BlockProposal", TypedDataClass::duty, DutyType::block_proposal},
    {"CheckpointProposal", TypedDataClass::duty, DutyType::checkpoint_proposal},
    {"CheckpointAttestation", TypedDataClass::duty, DutyType::attestation},
    {"AttestationsAndSigners", TypedDataClass::duty, DutyType::attestations_and_signers},
    {"SignedTxs", TypedDataClass::txs, std::nullopt},
    {"AttesterExit", TypedDataClass::attester_exit, std::nullopt},
};

std::string_view text_at(const boost::json::object& object, std::string_view field) {
  const boost::json::value* value = object.if_contains(field);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

/** The message's slot as a decimal string or an integer; nullopt when it is absent or does not
    fit a Slot, and then the message is of no known class. */
std::optional<Slot> slot_at(const boost::json::object& message) {
  const boost::json::value* value = message.if_contains("slot");
  if (value == nullptr) return std::nullopt;
  if (value->is_int64() && value->get_int64() >= 0) return Slot(value->get_int64());
  const std::string_view text = text_at(message, "slot");
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0) {
    return std::nullopt;
  }
  return Slot(number);
}

TypedDataFacts vote_facts(const TypedData& data, DutyType type, bool fits_either_vote) {
  const std::optional<Slot> slot = slot_at(data.message());
  if (!slot) return {};
  return {.data_class = TypedDataClass::duty,
          .duty_type = type,
          .fits_either_vote = fits_either_vote,
          .slot = slot};
}

}  // namespace

TypedDataFacts facts_of(const TypedData& data) {
  const std::string_view domain = text_at(data.domain(), "name");
  const std::string_view primary_type = data.primary_type();
  if (domain == kRollupDomain) {
    for (const RollupMessage& known : kRollupMessages) {
      if (known.primary_type == primary_type) {
        return {.data_class = known.data_class, .duty_type = known.duty_type, .slot = {}};
      }
    }
    return {};
  }
  if (domain == "EmpireBase" && primary_type == "Signal") {
    return vote_facts(data, DutyType::governance_vote, true);
  }
  const bool slashing = domain == "TallySlashingProposer" || domain == "SlashingProposer";
  if (slashing && primary_type == "Vote") {
    return vote_facts(data, DutyType::slashing_vote, false);
  }
  return {};
}

Result<void> check_context(const TypedDataFacts& facts, const SigningContext& context) {
  const auto wrong = [](std::string message) {
    return Error{ErrorKind::invalid_input, std::move(message)};
  };
  if (facts.data_class != TypedDataClass::duty) {
    return wrong(
        fmt::format("the typed data is not one that a {} is made of", name_of(context.duty_type)));
  }
  const bool fits = facts.duty_type == context.duty_type ||
                    (facts.fits_either_vote && is_vote(context.duty_type));
  if (!fits) {
    return wrong(fmt::format("the typed data is a {}, but the signing context says {}",
                             name_of(*facts.duty_type), name_of(context.duty_type)));
  }
  if (facts.slot && context.slot != facts.slot->number()) {
    return wrong(fmt::format("the typed data is for slot {}, but the signing context says slot {}",
                             facts.slot->number(), context.slot.value_or(-1)));
  }
  return {};
}

}  // namespace holdfast
