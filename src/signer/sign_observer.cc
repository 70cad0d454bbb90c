#include "signer/sign_observer.h"

namespace holdfast {

std::string_view name_of(SignStep step) noexcept {
  switch (step) {
    case SignStep::received:
      return "received";
    case SignStep::claimed:
      return "claimed";
    case SignStep::signed_:
      return "signed";
    case SignStep::recorded:
      return "recorded";
    case SignStep::journaled:
      return "journaled";
    case SignStep::released:
      return "released";
  }
  return "unknown";
}

}  // namespace holdfast
