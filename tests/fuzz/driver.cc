// Runs a libFuzzer-style target without libFuzzer: first every file of the corpus, then mutations
// of them that a seed determines. See tests/fuzz/README.md.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/** Present in sanitizer builds only, whose reports end the process without a signal. */
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<std::uint8_t>;

struct Options {
  std::string program;
  std::string corpus;
  std::string replay;
  std::uint64_t seed = 0;
  std::uint64_t mutations = 20'000;
  /** Runs only this one of the mutations; 0 runs all. */
  std::uint64_t only = 0;
  std::size_t max_size = 4'096;
};

/** What the crash handler prints; written before the input runs. */
char replay_command[1'024];
std::size_t replay_size = 0;

/** Calls only what is async-signal-safe. */
void tell_how_to_replay() {
  constexpr std::string_view kText = "\nfuzz: this input stopped the program; to replay it:\n  ";
  if (write(STDERR_FILENO, kText.data(), kText.size()) < 0) return;
  if (write(STDERR_FILENO, replay_command, replay_size) < 0) return;
}

extern "C" void on_signal(int signal_number) {
  tell_how_to_replay();
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void watch_for_crashes() {
  std::signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(tell_how_to_replay);
    return;
  }
  for (const int signal_number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal_number, on_signal);
  }
}

void remember_replay(const std::string& command) {
  replay_size = std::min(command.size(), sizeof(replay_command) - 1);
  std::copy_n(command.begin(), replay_size, replay_command);
  replay_command[replay_size++] = '\n';
}

[[noreturn]] void fail_usage(const std::string& why) {
  std::fprintf(stderr,
               "fuzz: %s\nusage: PROGRAM --corpus DIR [--seed N] [--mutations N] [--only N] "
               "[--max-size BYTES]\n       PROGRAM --replay FILE\n",
               why.c_str());
  std::exit(2);
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail_usage("not a number: " + std::string(text));
  }
  return number;
}

Options read_options(const std::vector<std::string>& arguments) {
  Options options;
  options.program = arguments.front();
  options.seed = std::random_device()();
  if (arguments.size() % 2 == 0) fail_usage("an option without a value");
  for (std::size_t i = 1; i < arguments.size(); i += 2) {
    const std::string& name = arguments[i];
    const std::string& value = arguments[i + 1];
    if (name == "--corpus") {
      options.corpus = value;
    } else if (name == "--replay") {
      options.replay = value;
    } else if (name == "--seed") {
      options.seed = number_of(value);
    } else if (name == "--mutations") {
      options.mutations = number_of(value);
    } else if (name == "--only") {
      options.only = number_of(value);
    } else if (name == "--max-size") {
      options.max_size = number_of(value);
    } else {
      fail_usage("unknown option " + name);
    }
  }
  if (options.corpus.empty() == options.replay.empty()) {
    fail_usage("exactly one of --corpus and --replay is needed");
  }
  return options;
}

Input read_input(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_usage("cannot read " + path.string());
  return Input(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/** The files of the corpus in the order of their names, so that a seed means the same anywhere. */
std::vector<std::filesystem::path> corpus_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  if (error || files.empty()) fail_usage("no corpus files in " + folder);
  std::sort(files.begin(), files.end());
  return files;
}

/** The same numbers on every machine, which std::uniform_int_distribution does not promise. */
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(engine_() & 0xffU); }

 private:
  std::mt19937_64 engine_;
};

std::ptrdiff_t offset(std::size_t at) {
  return static_cast<std::ptrdiff_t>(at);
}

/** Bytes and fragments at which parsers of text, numbers and lengths have their bounds. */
constexpr std::string_view kFragments[] = {"0x",
                                           "\"",
                                           "{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           ":",
                                           "\\",
                                           "\\u0000",
                                           "\\ud800",
                                           "null",
                                           "true",
                                           "-1",
                                           "0",
                                           "1.0",
                                           "1e3",
                                           "18446744073709551616",
                                           "9223372036854775808",
                                           "-9223372036854775809",
                                           "\xff",
                                           "\xc0\x80",
                                           "\xb8\x38",
                                           "\xbf\xff\xff\xff\xff\xff\xff\xff\xff",
                                           "\xf8",
                                           "\x7f",
                                           "\x80",
                                           "\xc0",
                                           "\r\n",
                                           " "};

void mutate_once(Input& input, const std::vector<Input>& corpus, Random& random) {
  const std::size_t at = random.below(input.size() + 1);
  const std::size_t count = 1 + random.below(std::min<std::size_t>(16, input.size() - at + 1));
  const std::size_t end = std::min(at + count, input.size());
  switch (random.below(8)) {
    case 0:
      if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1U << random.below(8));
      return;
    case 1:
      if (at < input.size()) input[at] = random.byte();
      return;
    case 2:
      input.erase(input.begin() + offset(at), input.begin() + offset(end));
      return;
    case 3:
      input.insert(input.begin() + offset(at), count, random.byte());
      return;
    case 4: {
      const std::string_view fragment = kFragments[random.below(std::size(kFragments))];
      input.insert(input.begin() + offset(at), fragment.begin(), fragment.end());
      return;
    }
    case 5: {
      const Input copy(input.begin() + offset(at), input.begin() + offset(end));
      const std::size_t to = random.below(input.size() + 1);
      input.insert(input.begin() + offset(to), copy.begin(), copy.end());
      return;
    }
    case 6: {
      const Input& other = corpus[random.below(corpus.size())];
      const std::size_t from = random.below(other.size() + 1);
      input.erase(input.begin() + offset(at), input.end());
      input.insert(input.end(), other.begin() + offset(from), other.end());
      return;
    }
    default:
      input.resize(at);
      return;
  }
}

/** Mutation number `index` of the seed; each can be made again alone. */
Input make_mutation(const Options& options, const std::vector<Input>& corpus, std::uint64_t index) {
  // Neighbouring seeds of the engine give unrelated sequences only after mixing.
  Random random(options.seed * 0x9e3779b97f4a7c15U + index);
  Input input = corpus[random.below(corpus.size())];
  const std::size_t steps = 1 + random.below(8);
  for (std::size_t step = 0; step < steps; ++step) mutate_once(input, corpus, random);
  if (input.size() > options.max_size) input.resize(options.max_size);
  return input;
}

void run(const Input& input) {
  // A fresh allocation of exactly this size lets the sanitizers see every step beyond it.
  const Input exact(input.begin(), input.end());
  static const std::uint8_t kNothing = 0;
  LLVMFuzzerTestOneInput(exact.empty() ? &kNothing : exact.data(), exact.size());
}

int run_all(const Options& options) {
  std::vector<Input> corpus;
  for (const std::filesystem::path& file : corpus_files(options.corpus)) {
    corpus.push_back(read_input(file));
    remember_replay(options.program + " --replay " + file.string());
    if (options.only == 0) run(corpus.back());
  }
  std::printf("fuzz: %zu corpus files, %llu mutations, seed %llu\n", corpus.size(),
              static_cast<unsigned long long>(options.mutations),
              static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  const std::string command = options.program + " --corpus " + options.corpus + " --seed " +
                              std::to_string(options.seed) + " --max-size " +
                              std::to_string(options.max_size) + " --only ";
  const std::uint64_t first = options.only == 0 ? 1 : options.only;
  const std::uint64_t last = options.only == 0 ? options.mutations : options.only;
  for (std::uint64_t index = first; index <= last; ++index) {
    remember_replay(command + std::to_string(index));
    run(make_mutation(options, corpus, index));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  watch_for_crashes();
  const Options options = read_options(std::vector<std::string>(argv, argv + argc));
  if (!options.replay.empty()) {
    remember_replay(options.program + " --replay " + options.replay);
    run(read_input(options.replay));
    return 0;
  }
  return run_all(options);
}
