// What every journal does, whatever it writes to.
#include <gtest/gtest.h>

#include "base/task.h"
#include "journal_fixture.h"
#include "store/journal/memory_journal.h"

namespace holdfast::test {
namespace {

class JournalContract : public testing::Test {
 protected:
  Result<JournaledRelease> finish(Journal& journal, PendingRelease pending) {
    std::optional<Result<JournaledRelease>> result;
    start(journal.finish(std::move(pending)),
          [&](Result<JournaledRelease> finished) { result.emplace(std::move(finished)); });
    CHECK(result.has_value());
    return *std::move(result);
  }

  bool knows(const Journal& journal, const Duty& duty) {
    return journal.memory().released(duty.key) == duty.message_hash;
  }

  /** After a restart. */
  bool kept(const MemoryJournal& journal, const Duty& duty) {
    return memory_of(journal.entries()).released(duty.key) == duty.message_hash;
  }

  /** Makes everything that was noted durable. */
  void settle(Journal& journal) {
    start(journal.write(SeenEntry{}), [](const Result<void>& written) { EXPECT_TRUE(written); });
  }

  const Duty duty_ = duty_at(100);
};

TEST_F(JournalContract, AFinishedReleaseIsRememberedAndDurable) {
  MemoryJournal journal;
  PendingRelease pending = journal.begin_release(duty_);
  EXPECT_TRUE(knows(journal, duty_));
  const Result<JournaledRelease> released = finish(journal, std::move(pending));
  ASSERT_TRUE(released);
  EXPECT_EQ(released->duty(), duty_);
  EXPECT_TRUE(kept(journal, duty_));
}

TEST_F(JournalContract, AnErrorOfTheDiskGivesNoJournaledReleaseAndIsNoReasonToForget) {
  MemoryJournal journal;
  journal.fail_next(1, Error{ErrorKind::unavailable, "the disk is full"});
  const Result<JournaledRelease> released = finish(journal, journal.begin_release(duty_));
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().message, "the disk is full");
  EXPECT_TRUE(knows(journal, duty_));
}

TEST_F(JournalContract, TheSameMessageIsReleasedAfterAnErrorOfTheDisk) {
  MemoryJournal journal;
  journal.fail_next(1, Error{ErrorKind::unavailable, "the disk is full"});
  EXPECT_FALSE(finish(journal, journal.begin_release(duty_)));
  EXPECT_TRUE(finish(journal, journal.begin_release(duty_)));
  EXPECT_TRUE(kept(journal, duty_));
}

TEST_F(JournalContract, ADroppedReleaseMakesRoomForAnotherMessage) {
  MemoryJournal journal;
  journal.drop(journal.begin_release(duty_));
  EXPECT_FALSE(knows(journal, duty_));
  const Duty other = duty_at(100, 0xbb);
  ASSERT_TRUE(finish(journal, journal.begin_release(other)));
  EXPECT_TRUE(kept(journal, other));
}

TEST_F(JournalContract, WhatIsInDoubtStays) {
  MemoryJournal journal;
  journal.leave(journal.begin_release(duty_));
  settle(journal);
  EXPECT_TRUE(knows(journal, duty_));
  EXPECT_TRUE(kept(journal, duty_));
}

TEST_F(JournalContract, TheLastOfTwoAttemptsThatDropsTakesItBack) {
  MemoryJournal journal;
  PendingRelease first = journal.begin_release(duty_);
  PendingRelease second = journal.begin_release(duty_);
  journal.drop(std::move(first));
  EXPECT_TRUE(knows(journal, duty_));
  journal.drop(std::move(second));
  EXPECT_FALSE(knows(journal, duty_));
  settle(journal);
  EXPECT_FALSE(kept(journal, duty_));
}

TEST_F(JournalContract, ADropTakesNothingFromAnAttemptThatWasReleased) {
  for (const bool drop_first : {true, false}) {
    MemoryJournal journal;
    PendingRelease dropped = journal.begin_release(duty_);
    PendingRelease released = journal.begin_release(duty_);
    if (drop_first) journal.drop(std::move(dropped));
    EXPECT_TRUE(finish(journal, std::move(released)));
    if (!drop_first) journal.drop(std::move(dropped));
    settle(journal);
    EXPECT_TRUE(knows(journal, duty_));
    EXPECT_TRUE(kept(journal, duty_));
  }
}

TEST_F(JournalContract, ADropTakesNothingFromAnAttemptInDoubt) {
  MemoryJournal journal;
  PendingRelease doubtful = journal.begin_release(duty_);
  PendingRelease dropped = journal.begin_release(duty_);
  journal.leave(std::move(doubtful));
  journal.drop(std::move(dropped));
  EXPECT_TRUE(knows(journal, duty_));
}

TEST_F(JournalContract, ADropAfterAReleaseOfTheSameProcessTakesNothing) {
  MemoryJournal journal;
  EXPECT_TRUE(finish(journal, journal.begin_release(duty_)));
  journal.drop(journal.begin_release(duty_));
  EXPECT_TRUE(knows(journal, duty_));
}

TEST_F(JournalContract, WhatIsKnownFromBeforeIsNeverDropped) {
  MemoryJournal journal({ReleaseEntry{duty_.key, duty_.message_hash}});
  journal.drop(journal.begin_release(duty_));
  settle(journal);
  EXPECT_TRUE(knows(journal, duty_));
  EXPECT_TRUE(kept(journal, duty_));
}

TEST_F(JournalContract, WhatIsNotedIsRememberedAtOnceAndDurableWithTheNextThatIsAwaited) {
  MemoryJournal journal;
  const SeenEntry seen{duty_.key.rollup_address, Slot(9)};
  journal.note(seen);
  EXPECT_EQ(journal.memory().seen().at(duty_.key.rollup_address), Slot(9));
  EXPECT_TRUE(journal.entries().empty());
  start(journal.write(BeatEntry{.beat = 1, .newest_release = std::nullopt}),
        [](const Result<void>& written) { EXPECT_TRUE(written); });
  EXPECT_EQ(journal.entries(),
            (std::vector<JournalEntry>{seen, BeatEntry{.beat = 1, .newest_release = {}}}));
}

TEST_F(JournalContract, WhatIsNotedNowIsWrittenWithWhatWasNotedBefore) {
  MemoryJournal journal;
  const SeenEntry seen{duty_.key.rollup_address, Slot(9)};
  journal.note(seen);
  journal.note_now(BeatEntry{.beat = 1, .newest_release = std::nullopt});
  EXPECT_EQ(journal.memory().beat().beat, 1);
  EXPECT_EQ(journal.entries(),
            (std::vector<JournalEntry>{seen, BeatEntry{.beat = 1, .newest_release = {}}}));
}

}  // namespace
}  // namespace holdfast::test
