// The tests hold keys that are no secret, so they run where memory cannot be locked, too.
#include <gtest/gtest.h>

#include "os/secret_arena.h"

namespace holdfast {
namespace {

class MemoryLockEnvironment final : public testing::Environment {
 public:
  void SetUp() override { SecretArena::process().set_memory_lock(MemoryLock::best_effort); }
};

const testing::Environment* const kEnvironment =
    testing::AddGlobalTestEnvironment(new MemoryLockEnvironment);

}  // namespace
}  // namespace holdfast
