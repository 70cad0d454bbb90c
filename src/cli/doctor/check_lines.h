// How the checks make their lines. Pure.
#pragma once

#include <utility>

#include "cli/doctor/checks.h"

namespace holdfast::cli {

inline Check ok(std::string name, std::string found) {
  return {std::move(name), CheckState::ok, std::move(found), {}};
}
inline Check warning(std::string name, std::string found, std::string what_to_do) {
  return {std::move(name), CheckState::warning, std::move(found), std::move(what_to_do)};
}
inline Check failed(std::string name, std::string found, std::string what_to_do) {
  return {std::move(name), CheckState::failed, std::move(found), std::move(what_to_do)};
}

}  // namespace holdfast::cli
