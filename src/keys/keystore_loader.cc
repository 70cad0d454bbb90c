#include "keys/keystore_loader.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "keys/keystore_parser.h"
#include "os/file.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_json_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".json";
}

Error failed(const fs::path& path, ErrorKind kind, std::string_view why) {
  return Error{kind, fmt::format("keystore {}: {}", path.string(), why)};
}

Result<std::vector<fs::path>> json_files_of(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    // A sub-directory is left alone, whatever its name; what is neither it nor a file is refused
    // when it is read.
    if (is_json_name(entry->path()) && !entry->is_directory(ignored))
      files.push_back(entry->path());
  }
  if (error) {
    return failed(directory, ErrorKind::permission_denied,
                  "the directory cannot be read: " + error.message());
  }
  if (files.empty()) {
    return failed(directory, ErrorKind::not_found, "the directory holds no .json file");
  }
  std::ranges::sort(files);
  return files;
}

Result<std::vector<fs::path>> files_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return failed(path, ErrorKind::not_found, "no such file or directory");
  }
  if (error) return failed(path, ErrorKind::permission_denied, error.message());
  if (fs::is_directory(status)) return json_files_of(path);
  return std::vector<fs::path>{path};
}

Result<KeystoreFile> load_file(const fs::path& path) {
  const Result<Secret> text = read_secret_file(path, SecretArena::kSizeMax, TrailingNewline::keep);
  if (!text) return Error{text.error()}.within("keystore");
  return parse_keystore(path.string(), text->text());
}

}  // namespace

Result<std::vector<KeystoreFile>> load_keystores(std::string_view paths) {
  std::vector<KeystoreFile> keystores;
  std::string_view rest = paths;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view path = trimmed(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (path.empty()) continue;
    const Result<std::vector<fs::path>> files = files_of(fs::path(path));
    if (!files) return files.error();
    for (const fs::path& file : *files) {
      Result<KeystoreFile> keystore = load_file(file);
      if (!keystore) return std::move(keystore).error();
      keystores.push_back(std::move(*keystore));
    }
  }
  if (keystores.empty()) {
    return Error{ErrorKind::not_found,
                 "no keystore was named: give a file, a directory, or several separated by commas"};
  }
  return keystores;
}

Result<KeyPlan> load_key_plan(std::string_view paths) {
  Result<std::vector<KeystoreFile>> files = load_keystores(paths);
  if (!files) return std::move(files).error();
  return plan_keys(std::move(*files));
}

}  // namespace holdfast
