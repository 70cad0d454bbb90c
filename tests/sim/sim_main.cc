// The simulation as a program: plays many seeds, or replays one.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sim/sim_world.h"

namespace holdfast::sim {
namespace {

constexpr std::string_view kUsage =
    "usage: simulate [--seeds N] [--first-seed N]   play N worlds (default 20000, from seed 1)\n"
    "       simulate --seed N                       replay one, telling what happens\n"
    "       simulate --mutations [--seeds N]        break the protection in each known way; fails\n"
    "                                          unless some seed catches each\n"
    "       simulate --mutation NAME --seed N       replay a mutated world\n";

struct Options {
  std::uint64_t seeds = 20'000;
  std::uint64_t first_seed = 1;
  std::optional<std::uint64_t> seed;
  Mutation mutation = Mutation::none;
  bool all_mutations = false;
};

std::optional<std::uint64_t> number_of(const char* text) {
  std::uint64_t number = 0;
  const char* const end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

std::optional<Mutation> mutation_of(std::string_view name) {
  for (const Mutation mutation : kMutations) {
    if (name_of(mutation) == name) return mutation;
  }
  return std::nullopt;
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int at = 1; at < argc; ++at) {
    const std::string_view flag = argv[at];
    if (flag == "--mutations") {
      options.all_mutations = true;
      continue;
    }
    if (at + 1 == argc) return std::nullopt;
    const char* const value = argv[++at];
    if (flag == "--mutation") {
      const std::optional<Mutation> mutation = mutation_of(value);
      if (!mutation) return std::nullopt;
      options.mutation = *mutation;
      continue;
    }
    const std::optional<std::uint64_t> number = number_of(value);
    if (!number) return std::nullopt;
    if (flag == "--seed") {
      options.seed = number;
    } else if (flag == "--seeds") {
      options.seeds = *number;
    } else if (flag == "--first-seed") {
      options.first_seed = *number;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

int replay(const Options& options) {
  const SimResult result =
      World({.seed = *options.seed, .mutation = options.mutation, .verbose = true}).run();
  fmt::print("seed {}: {} of {} duties signed; {}\n", *options.seed, result.duties_signed,
             result.duties_due, result.violation.value_or("no violation"));
  return result.violation ? 1 : 0;
}

/** Plays the seeds; the first that fails, with what failed. */
std::optional<std::pair<std::uint64_t, std::string>> play(const Options& options,
                                                          Mutation mutation) {
  std::uint64_t duties = 0;
  for (std::uint64_t at = 0; at < options.seeds; ++at) {
    const std::uint64_t seed = options.first_seed + at;
    const SimResult result = World({.seed = seed, .mutation = mutation, .verbose = false}).run();
    if (result.violation) return std::pair(seed, *result.violation);
    duties += result.duties_signed;
  }
  fmt::print("{} seeds from {}, {} duties signed, no violation\n", options.seeds,
             options.first_seed, duties);
  return std::nullopt;
}

int play_mutations(const Options& options) {
  int missed = 0;
  for (const Mutation mutation : kMutations) {
    const auto caught = play(options, mutation);
    if (caught) {
      fmt::print("{}: caught by seed {}: {}\n", name_of(mutation), caught->first, caught->second);
    } else {
      fmt::print("{}: NOT CAUGHT by {} seeds\n", name_of(mutation), options.seeds);
      ++missed;
    }
  }
  return missed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::optional<Options> options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  if (options->seed) return replay(*options);
  if (options->all_mutations) return play_mutations(*options);
  fmt::print("playing seeds {} to {}\n", options->first_seed,
             options->first_seed + options->seeds - 1);
  const auto failed = play(*options, options->mutation);
  if (!failed) return 0;
  fmt::print("VIOLATION in seed {}: {}\nreplay with: simulate --seed {}\n", failed->first,
             failed->second, failed->first);
  return 1;
}

}  // namespace
}  // namespace holdfast::sim

int main(int argc, char** argv) {
  return holdfast::sim::run(argc, argv);
}
