#include "cli/duties_look.h"

#include <fmt/format.h>

#include "cli/signer_settings.h"

namespace holdfast::cli {

ExitCode wrong_option(CommandCall& call, std::string_view flag, const Error& error) {
  complain(call, fmt::format("{}: {}", flag, error.message));
  return ExitCode::usage;
}

std::optional<RollupAddress> rollup_of(const Settings& settings) {
  if (!settings.has(SettingId::rollup_address)) return std::nullopt;
  return rollup_address_of(settings);
}

Result<std::unique_ptr<Look>> Look::open(const Settings& settings, StoreUse use,
                                         DatabaseWatch* watch) {
  const Result<StorePlace> place = store_place_of(settings);
  if (!place) return place.error();
  auto look = std::make_unique<Look>(settings);
  Result<OpenedStore> store =
      open_store(*place, settings, use, look->runtime_, look->clock_, {}, watch);
  if (!store) return std::move(store).error();
  look->store_ = std::move(*store);
  return look;
}

std::unique_ptr<Look> Look::open(CommandCall& call, const Settings& settings, ExitCode& code,
                                 StoreUse use, DatabaseWatch* watch) {
  Result<std::unique_ptr<Look>> look = open(settings, use, watch);
  if (look) return std::move(*look);
  complain(call, look.error().message);
  code = store_place_of(settings) ? ExitCode::failed : ExitCode::usage;
  return nullptr;
}

Look::~Look() {
  if (store_.duties && !gave_up_) run_task(runtime_, store_.duties->close(), answer_limit());
}

std::chrono::milliseconds Look::answer_limit() const {
  return store_answer_limit(settings_);
}

}  // namespace holdfast::cli
