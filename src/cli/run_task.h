// Runs one Task to its end on a runtime of this thread: for commands, which wait for one thing.
#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "base/task.h"
#include "os/io_runtime.h"

namespace holdfast::cli {

/** For a task each of whose waits has a limit of its own: more than all of them can take. */
inline constexpr std::chrono::hours kUntilAnswered{24};

/** The task's value; nullopt when `limit` passed first. The task is then abandoned, so the process
    must end soon: what it refers to must stay where it is. */
template <class T>
std::optional<T> run_task(IoRuntime& runtime, Task<T> task, std::chrono::nanoseconds limit) {
  // Shared with the callback, which may come after this function has given up.
  const auto value = std::make_shared<std::optional<T>>();
  start(std::move(task), [value](T result) { value->emplace(std::move(result)); });
  runtime.run_until([&value] { return value->has_value(); }, limit);
  return std::move(*value);
}

inline bool run_task(IoRuntime& runtime, Task<void> task, std::chrono::nanoseconds limit) {
  const auto done = std::make_shared<bool>(false);
  start(std::move(task), [done] { *done = true; });
  return runtime.run_until([&done] { return *done; }, limit);
}

}  // namespace holdfast::cli
