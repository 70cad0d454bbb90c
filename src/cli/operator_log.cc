#include "cli/operator_log.h"

#include <filesystem>
#include <string>

#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"

namespace holdfast::cli {

Result<void> log_operators_word(const CommandCall& call, const Settings& settings,
                                std::string_view word, std::vector<LogField> fields) {
  const std::string user = user_of_this_process();
  const std::string place = place_of_this_process();
  fields.insert(fields.begin(),
                {{"nodeId", settings.text(SettingId::node_id)}, {"user", user}, {"place", place}});
  const auto sudo = call.sources.environment.find("SUDO_USER");
  if (sudo != call.sources.environment.end()) fields.push_back({"sudoUser", sudo->second});
  LogLine line;
  line.time = wall_time_now();
  line.level = LogLevel::warn;
  line.module = "operator";
  line.message = word;
  line.fields = fields;
  std::string text;
  append_line(text, LogFormat::text, line);
  const std::filesystem::path directory(settings.text(SettingId::data_dir));
  return append_to_file(directory / "operator.log", text);
}

}  // namespace holdfast::cli
