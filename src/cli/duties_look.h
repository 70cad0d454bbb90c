// What the `holdfast duties` commands share: their options as types, and the store that they ask.
// Thread rule: one thread, which waits for each answer.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "cli/command.h"
#include "cli/run_task.h"
#include "cli/settings.h"
#include "cli/store_place.h"
#include "os/io_clock.h"
#include "os/io_runtime.h"
#include "store/duty_store.h"

namespace holdfast::cli {

/** Complains about the value of an option; the exit code for it. */
ExitCode wrong_option(CommandCall& call, std::string_view flag, const Error& error);

/** Reads an option into `target` where it was given. False after a complaint. */
template <class Target, class Parse>
bool read_option(CommandCall& call, std::string_view flag, Target& target, Parse parse) {
  const std::string* const text = call.option(flag);
  if (text == nullptr) return true;
  auto parsed = parse(*text);
  if (!parsed) {
    wrong_option(call, flag, parsed.error());
    return false;
  }
  target = std::move(*parsed);
  return true;
}

/** nullopt when no rollup is set. */
std::optional<RollupAddress> rollup_of(const Settings& settings);

/** The store of the settings, which is there already, and what it needs to live. */
class Look {
 public:
  /** Null after a complaint; `code` is then the exit code. The settings and
      `watch`, which sees the database at a check, outlive it. */
  static std::unique_ptr<Look> open(CommandCall& call, const Settings& settings, ExitCode& code,
                                    StoreUse use = StoreUse::look, DatabaseWatch* watch = nullptr);
  /** The same without a complaint. */
  static Result<std::unique_ptr<Look>> open(const Settings& settings, StoreUse use,
                                            DatabaseWatch* watch);

  explicit Look(const Settings& settings) : clock_(runtime_), settings_(settings) {}
  Look(const Look&) = delete;
  Look& operator=(const Look&) = delete;
  ~Look();

  DutyStore& store() { return *store_.duties; }
  NodeTable& nodes() { return *store_.nodes; }

  /** The store's answer; every way in which there is none is an Error. `more` is waited beyond the
      time of one answer, for what takes several transactions. */
  template <class T>
  Result<T> ask(Task<Result<T>> task, std::chrono::milliseconds more = {}) {
    std::optional<Result<T>> answer = run_task(runtime_, std::move(task), answer_limit() + more);
    if (answer) return std::move(*answer);
    gave_up_ = true;
    return Error{ErrorKind::timeout, "the database has not answered in time"};
  }

 private:
  std::chrono::milliseconds answer_limit() const;

  IoRuntime runtime_;
  IoClock clock_;
  const Settings& settings_;
  OpenedStore store_;
  bool gave_up_ = false;
};

}  // namespace holdfast::cli
