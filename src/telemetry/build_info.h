// What this program is: for --version, /status and the metric holdfast_build_info.
#pragma once

#include <string_view>

namespace holdfast {

/** "0.1.0": the version of the CMake project. */
std::string_view build_version() noexcept;

/** "gcc 12.2.0" or the like. */
std::string_view build_compiler() noexcept;

}  // namespace holdfast
