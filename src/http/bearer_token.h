// The token that callers send as "Authorization: Bearer TOKEN". Pure but for reading its file.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"
#include "os/secret.h"

namespace holdfast {

/** Shorter tokens are refused: whoever can reach the server could guess them. */
inline constexpr std::size_t kBearerTokenMin = 16;
inline constexpr std::size_t kBearerTokenMax = 4096;

/** The token in a file that nobody else can read (os/file.h); a newline at its end is not part of
    it. Letters, digits and the other visible ASCII characters only. */
Result<Secret> read_bearer_token(const std::filesystem::path& path);

/** Whether the value of an Authorization field bears the token, in a time that does not depend on
    where the two differ. An empty token matches nothing. */
bool bearer_token_matches(std::string_view authorization, const Secret& token) noexcept;

}  // namespace holdfast
