// The names of journal files.
#include <algorithm>
#include <cctype>
#include <string_view>

#include <fmt/format.h>
#include <openssl/sha.h>

#include "base/hex.h"
#include "store/journal/journal_file.h"

namespace holdfast {
namespace {

constexpr std::size_t kNameMax = 160;
constexpr std::size_t kNameKept = 100;

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  std::string encoded;
  for (const char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      encoded += letter;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
    }
  }
  return encoded;
}

}  // namespace

std::filesystem::path journal_path(const std::filesystem::path& directory,
                                   const std::string& node_id) {
  std::string name = percent_encoded(node_id);
  // Those are the names of another journal's lock and of its next content.
  for (const std::string_view taken : {".lock", ".new"}) {
    if (name.ends_with(taken)) name.replace(name.size() - taken.size(), 1, "%2E");
  }
  if (name.size() > kNameMax) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(as_bytes(node_id).data(), node_id.size(), digest.data());
    name = name.substr(0, kNameKept) + "-" + to_hex(digest).substr(2);
  }
  return directory / ("journal-" + name);
}

}  // namespace holdfast
