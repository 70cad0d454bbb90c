// Task<T>: a coroutine that is started by awaiting it, and the two bridges to code that calls
// back. The sign path is written in Tasks and not in Boost.Asio's coroutines, so that the
// simulation can drive it on virtual time and no Boost header enters the pure rooms.
//
// Thread rule: a Task and everything that resumes it live on one thread (the I/O thread, or the
// simulation's). Nothing here locks.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace holdfast {

template <class T>
class Task;

namespace task_detail {

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  std::suspend_always initial_suspend() noexcept { return {}; }

  struct ResumeContinuation {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
      return done.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  ResumeContinuation final_suspend() noexcept { return {}; }

  // Failures travel as Result. An exception that reaches here has passed every adapter that
  // should have caught it, and a signer in an unknown state must not go on.
  void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object();
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() {
    CHECK(value.has_value());
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace task_detail

/** A coroutine that gives one T. It runs when it is awaited; a Task that is dropped unstarted
    does nothing. Move-only; awaited once. */
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;

  explicit Task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (handle_) handle_.destroy();
      handle_ = std::exchange(other.handle_, {});
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

namespace task_detail {

template <class T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

/** A coroutine that nobody awaits: it owns itself and is gone when it ends. */
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

template <class T, class Done>
Detached run_detached(Task<T> task, Done done) {
  if constexpr (std::is_void_v<T>) {
    co_await std::move(task);
    done();
  } else {
    done(co_await std::move(task));
  }
}

}  // namespace task_detail

/** Starts the task now, on this thread, and calls `done` with its value when it ends, on the
    thread that ends it. What the task's coroutine refers to must outlive it. */
template <class T, class Done>
void start(Task<T> task, Done done) {
  task_detail::run_detached(std::move(task), std::move(done));
}

/** Where a callback leaves its value for the one coroutine that awaits it. Made by
    from_callback. */
template <class T, class Start>
class [[nodiscard]] CallbackAwaitable {
 public:
  explicit CallbackAwaitable(Start start) : start_(std::move(start)) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    auto state = std::make_shared<State>();
    state_ = state;
    start_([state, awaiting](T value) {
      CHECK(!state->value.has_value());
      state->value.emplace(std::move(value));
      if (state->suspended) awaiting.resume();
    });
    state->suspended = !state->value.has_value();
    return state->suspended;
  }
  T await_resume() {
    CHECK(state_->value.has_value());
    return std::move(*state_->value);
  }

 private:
  struct State {
    std::optional<T> value;
    bool suspended = false;
  };
  Start start_;
  std::shared_ptr<State> state_;
};

/** Awaits a function that calls back: `start` is called with a callable that takes the T, and
    must see to it that this is called exactly once, now or later, on this thread. */
template <class T, class Start>
CallbackAwaitable<T, Start> from_callback(Start start) {
  return CallbackAwaitable<T, Start>(std::move(start));
}

}  // namespace holdfast
