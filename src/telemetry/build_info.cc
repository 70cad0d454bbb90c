#include "telemetry/build_info.h"

namespace holdfast {

std::string_view build_version() noexcept {
  return HOLDFAST_VERSION;
}

std::string_view build_compiler() noexcept {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

}  // namespace holdfast
