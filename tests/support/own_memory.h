// A node's own memory for tests: a journal that forgets with the process, and the memory over it.
#pragma once

#include <string>

#include "signer/release_memory.h"
#include "store/journal/memory_journal.h"

namespace holdfast::test {

struct OwnMemory {
  OwnMemory(Clock& clock, std::string node_id)
      : memory(journal, clock, observer, {.node_id = std::move(node_id)}) {}

  MemoryJournal journal;
  ReleaseMemoryObserver observer;
  ReleaseMemory memory;
};

}  // namespace holdfast::test
