// What every benchmark program prints: one line of JSON that bench/run.py reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace holdfast::bench {

struct Figures {
  std::size_t duties = 0;
  double seconds = 0;
  double median_us = 0;
  double p99_us = 0;

  static Figures of(std::vector<std::chrono::nanoseconds> latencies,
                    std::chrono::nanoseconds elapsed) {
    std::sort(latencies.begin(), latencies.end());
    const auto at = [&](double share) {
      if (latencies.empty()) return 0.0;
      const auto index =
          static_cast<std::size_t>(static_cast<double>(latencies.size() - 1) * share);
      return static_cast<double>(latencies[index].count()) / 1000.0;
    };
    return {.duties = latencies.size(),
            .seconds = std::chrono::duration<double>(elapsed).count(),
            .median_us = at(0.5),
            .p99_us = at(0.99)};
  }

  void print() const {
    fmt::print(
        "{{\"duties\":{},\"seconds\":{:.3f},\"per_second\":{:.1f},\"median_us\":{:.0f},"
        "\"p99_us\":{:.0f}}}\n",
        duties, seconds, static_cast<double>(duties) / seconds, median_us, p99_us);
  }
};

}  // namespace holdfast::bench
