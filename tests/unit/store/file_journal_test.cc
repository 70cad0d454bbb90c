#include "store/journal/file_journal.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "journal_fixture.h"

namespace holdfast::test {
namespace {

TEST_F(FileJournalTest, ANewJournalIsMadeForItsOwnerOnly) {
  FileJournalSettings deep = settings();
  deep.directory = directory_.file("a/b");
  const auto journal = open(deep);
  EXPECT_TRUE(journal->is_new());
  EXPECT_EQ(journal->repaired_bytes(), 0U);
  EXPECT_EQ(journal->identity().journal_id.size(), 32U);
  EXPECT_EQ(journal->identity().sequence, 0U);
  struct stat facts {};
  ASSERT_EQ(::stat(directory_.file("a/b/journal-n1").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat(directory_.file("a/b").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0700U);
}

TEST_F(FileJournalTest, WhatWasWrittenIsThereAfterARestart) {
  JournalIdentity before;
  std::vector<JournalEntry> content;
  {
    const auto journal = open();
    for (const JournalEntry& entry : entries_of_every_kind()) write_ok(*journal, entry);
    before = journal->identity();
    content = content_of(journal->memory());
    EXPECT_EQ(before.sequence, entries_of_every_kind().size());
  }
  const auto journal = open();
  EXPECT_FALSE(journal->is_new());
  EXPECT_EQ(content_of(journal->memory()), content);
  EXPECT_EQ(journal->identity().journal_id, before.journal_id);
  EXPECT_EQ(journal->identity().sequence, before.sequence);
  write_ok(*journal, release_at(500));
  EXPECT_EQ(journal->identity().sequence, before.sequence + 1);
}

TEST_F(FileJournalTest, ReleasesThatBeginTogetherShareABlock) {
  const auto journal = open();
  std::vector<Task<Result<JournaledRelease>>> tasks;
  for (std::int64_t slot = 1; slot <= 200; ++slot) {
    tasks.push_back(journal->finish(journal->begin_release(duty_at(slot))));
  }
  for (const Result<JournaledRelease>& released : loop_.run_all(std::move(tasks))) {
    EXPECT_TRUE(released);
  }
  EXPECT_LT(journal->identity().sequence, 200U);
  EXPECT_EQ(stored(), content_of(journal->memory()));
}

TEST_F(FileJournalTest, WhatIsNotedWaitsForTheNextThatIsAwaited) {
  const auto journal = open();
  journal->note(release_at(1));
  EXPECT_EQ(std::filesystem::file_size(path()), bytes_of_file(path()).size());
  EXPECT_FALSE(memory_of(stored()).released(duty_at(1).key));
  write_ok(*journal, release_at(2));
  EXPECT_TRUE(memory_of(stored()).released(duty_at(1).key));
  EXPECT_EQ(journal->identity().sequence, 1U);
}

TEST_F(FileJournalTest, MuchThatIsNotedIsWrittenWithoutSomebodyWaiting) {
  const auto journal = open();
  for (std::int64_t slot = 1; slot <= 2'000; ++slot) journal->note(release_at(slot));
  loop_.run_until([&] { return journal->identity().sequence > 0; });
  EXPECT_TRUE(memory_of(stored()).released(duty_at(1).key));
}

TEST_F(FileJournalTest, WhatIsNotedIsWrittenAtTheClose) {
  auto journal = open();
  journal->note(release_at(1));
  journal->close();
  EXPECT_TRUE(memory_of(stored()).released(duty_at(1).key));
}

TEST_F(FileJournalTest, WhatWasHandedInBeforeTheCloseIsAnsweredAndLaterIsRefused) {
  const auto journal = open();
  PendingRelease before = journal->begin_release(duty_at(1));
  journal->close();
  EXPECT_TRUE(loop_.run(journal->finish(std::move(before))));
  const Result<void> late = write(*journal, release_at(2));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(late.error().message, "the journal " + path() + " is closed");
}

TEST_F(FileJournalTest, ASecondJournalOfTheNodeIsRefusedUntilTheFirstIsClosed) {
  auto first = open();
  const auto second = try_open(settings());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::unavailable);
  EXPECT_NE(second.error().message.find("another process (pid " + std::to_string(::getpid()) +
                                        ") has the journal of node n1 open"),
            std::string::npos)
      << second.error().message;
  first->close();
  EXPECT_TRUE(try_open(settings()));
}

TEST_F(FileJournalTest, AnotherProcessIsRefusedAndItsEndFreesTheLock) {
  int ready[2];
  int go_on[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(go_on), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    SystemRandom random;
    const auto journal = FileJournal::open(settings(), random, [](const std::function<void()>&) {});
    char letter = journal ? 'y' : 'n';
    if (::write(ready[1], &letter, 1) != 1) ::_exit(2);
    if (::read(go_on[0], &letter, 1) < 0) ::_exit(3);
    ::_exit(0);
  }
  char letter = 0;
  ASSERT_EQ(::read(ready[0], &letter, 1), 1);
  ASSERT_EQ(letter, 'y');
  const auto refused = try_open(settings());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("(pid " + std::to_string(child) + ")"), std::string::npos)
      << refused.error().message;
  ASSERT_EQ(::write(go_on[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(try_open(settings()));
  for (const int end : {ready[0], ready[1], go_on[0], go_on[1]}) ::close(end);
}

TEST_F(FileJournalTest, WhatAProcessAcknowledgedBeforeItWasKilledIsThere) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    TestLoop loop;
    SystemRandom random;
    FileJournalSettings small = settings();
    small.rotate_at_bytes = 1'000;
    const auto journal = FileJournal::open(small, random, loop.post());
    for (std::int64_t slot = 1; journal; ++slot) {
      if (!loop.run((*journal)->finish((*journal)->begin_release(duty_at(slot))))) ::_exit(2);
      if (::write(told[1], &slot, sizeof(slot)) != sizeof(slot)) ::_exit(3);
    }
    ::_exit(4);
  }
  ::close(told[1]);
  std::int64_t newest = 0;
  while (newest < 40) ASSERT_EQ(::read(told[0], &newest, sizeof(newest)), 8);
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  std::int64_t slot = 0;
  while (::read(told[0], &slot, sizeof(slot)) == 8) newest = slot;
  ::close(told[0]);
  const auto journal = open();
  for (slot = 1; slot <= newest; ++slot) {
    EXPECT_TRUE(journal->memory().released(duty_at(slot).key)) << slot;
  }
}

TEST_F(FileJournalTest, TwoNodesHaveAJournalEachInOneDirectory) {
  FileJournalSettings other = settings();
  other.node_id = "n2";
  const auto first = open();
  const auto second = open(other);
  write_ok(*first, release_at(1));
  write_ok(*second, release_at(2));
  EXPECT_FALSE(second->memory().released(duty_at(1).key));
  EXPECT_NE(first->identity().journal_id, second->identity().journal_id);
}

TEST_F(FileJournalTest, AReaderSeesWhatIsDurableWhileTheJournalIsOpen) {
  const auto journal = open();
  EXPECT_TRUE(stored().size() == 1);  // the beat of 0
  for (std::int64_t slot = 1; slot <= 5; ++slot) {
    write_ok(*journal, release_at(slot));
    EXPECT_EQ(stored(), content_of(journal->memory()));
  }
}

TEST_F(FileJournalTest, AReaderFindsNoJournalWhereThereIsNone) {
  const Result<NodeMemory> memory = FileJournal::read_only(settings());
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().kind, ErrorKind::not_found);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(FileJournalTest, TheFileIsNamedAfterTheNode) {
  const std::filesystem::path directory = "/d";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"n1", "/d/journal-n1"},
      {"A-z_0.9", "/d/journal-A-z_0.9"},
      {"a/../b", "/d/journal-a%2F..%2Fb"},
      {"n 1%", "/d/journal-n%201%25"},
      {"\xc3\xa4", "/d/journal-%C3%A4"},
      {"n1.lock", "/d/journal-n1%2Elock"},
      {"n1.new", "/d/journal-n1%2Enew"},
      {std::string(160, 'a'), "/d/journal-" + std::string(160, 'a')},
  };
  for (const auto& [node_id, path] : rows) EXPECT_EQ(journal_path(directory, node_id), path);
  const std::string longer = journal_path(directory, std::string(161, 'a')).filename();
  EXPECT_EQ(longer.size(), 8U + 100U + 1U + 64U);
  EXPECT_NE(longer, journal_path(directory, std::string(162, 'a')).filename());
  EXPECT_LT(journal_path(directory, std::string(1024, '/')).filename().string().size(), 200U);
}

TEST_F(FileJournalTest, ANodeIdHasOneToManyBytes) {
  for (const auto& [size, works] : {std::pair(0, false), {1, true}, {1024, true}, {1025, false}}) {
    FileJournalSettings named = settings();
    named.node_id = std::string(static_cast<std::size_t>(size), 'n');
    const auto journal = try_open(named);
    EXPECT_EQ(journal.has_value(), works) << size;
    if (!works) {
      EXPECT_EQ(journal.error().kind, ErrorKind::invalid_input);
    }
  }
}

/** A file in the journal's place that is refused as it is. */
struct RefusedFile {
  std::string name;
  std::function<void(const std::string& path)> make;
  ErrorKind kind = ErrorKind::unknown;
  std::string message_part;
};

class RefusedJournal : public FileJournalTest, public testing::WithParamInterface<RefusedFile> {};

TEST_P(RefusedJournal, IsLeftAsItIs) {
  {
    const auto journal = open();
    write_ok(*journal, release_at(1));
  }
  GetParam().make(path());
  struct stat before {};
  ASSERT_EQ(::lstat(path().c_str(), &before), 0);
  const auto refused = try_open(settings());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, GetParam().kind) << refused.error().message;
  EXPECT_NE(refused.error().message.find(path()), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find(GetParam().message_part), std::string::npos)
      << refused.error().message;
  struct stat after {};
  ASSERT_EQ(::lstat(path().c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(before.st_size, after.st_size);
  const Result<NodeMemory> seen = FileJournal::read_only(settings());
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().kind, GetParam().kind);
}

void change_byte(const std::string& path, std::size_t at) {
  Bytes content = bytes_of_file(path);
  content.at(at) ^= 1;
  put_file(path, content);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedJournal,
    testing::Values(
        RefusedFile{"Empty", [](const std::string& path) { put_file(path, {}); },
                    ErrorKind::corrupt, "docs/JOURNAL.md#damaged"},
        RefusedFile{"DamagedHeader", [](const std::string& path) { change_byte(path, 30); },
                    ErrorKind::corrupt, "--accept-new-journal"},
        RefusedFile{"DamagedBlock", [](const std::string& path) { change_byte(path, 120); },
                    ErrorKind::corrupt, "damaged at byte 62: the block's check sum is wrong"},
        RefusedFile{"NewerVersion",
                    [](const std::string& path) {
                      Bytes content = bytes_of_file(path);
                      content[4] = 2;
                      put_file(path, content);
                    },
                    ErrorKind::schema_mismatch, "version 2 of the format"},
        RefusedFile{"OfAnotherNode",
                    [](const std::string& path) {
                      put_file(path, encode_file({.journal_id = {}, .node_id = "n9"}, {}));
                    },
                    ErrorKind::invalid_input, "belongs to node \"n9\", and this is node \"n1\""},
        RefusedFile{"ReadableByOthers",
                    [](const std::string& path) { ASSERT_EQ(::chmod(path.c_str(), 0640), 0); },
                    ErrorKind::permission_denied, "chmod 600"},
        RefusedFile{"SymbolicLink",
                    [](const std::string& path) {
                      std::filesystem::rename(path, path + "-moved");
                      std::filesystem::create_symlink(path + "-moved", path);
                    },
                    ErrorKind::invalid_input, "is a symbolic link"},
        RefusedFile{"Directory",
                    [](const std::string& path) {
                      std::filesystem::remove(path);
                      std::filesystem::create_directory(path);
                    },
                    ErrorKind::invalid_input, ""}),
    [](const testing::TestParamInfo<RefusedFile>& row) { return row.param.name; });

TEST_F(FileJournalTest, ADirectoryThatEverybodyCanWriteToIsRefused) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0777), 0);
  const auto refused = try_open(settings());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::permission_denied);
  // Where only the owner of a file can replace it, as in /tmp, that is no danger.
  ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
  EXPECT_TRUE(try_open(settings()));
}

TEST_F(FileJournalTest, ATornEndIsCutOffOnceAndReported) {
  std::vector<std::size_t> ends;
  std::vector<std::vector<JournalEntry>> contents;
  {
    const auto journal = open();
    for (std::int64_t slot = 0; slot <= 3; ++slot) {
      if (slot > 0) write_ok(*journal, release_at(slot));
      ends.push_back(std::filesystem::file_size(path()));
      contents.push_back(content_of(journal->memory()));
    }
  }
  const Bytes whole = bytes_of_file(path());
  for (std::size_t length = ends.front(); length <= whole.size(); ++length) {
    put_file(path(), ByteView(whole).first(length));
    std::size_t blocks = 3;
    while (ends[blocks] > length) --blocks;
    {
      const auto journal = open();
      ASSERT_EQ(journal->repaired_bytes(), length - ends[blocks]) << length;
      ASSERT_EQ(content_of(journal->memory()), contents[blocks]) << length;
      ASSERT_EQ(journal->identity().sequence, blocks) << length;
      ASSERT_EQ(std::filesystem::file_size(path()), ends[blocks]) << length;
      // What comes then is the same for every length; a few of them show it.
      if (length % 16 != 0) continue;
      write_ok(*journal, release_at(9));
    }
    const auto journal = open();
    ASSERT_EQ(journal->repaired_bytes(), 0U) << length;
    ASSERT_TRUE(journal->memory().released(duty_at(9).key)) << length;
  }
}

TEST_F(FileJournalTest, AReaderToleratesATornEndAndLeavesIt) {
  {
    const auto journal = open();
    write_ok(*journal, release_at(1));
    write_ok(*journal, release_at(2));
  }
  const std::size_t torn = std::filesystem::file_size(path()) - 1;
  std::filesystem::resize_file(path(), torn);
  const NodeMemory memory = memory_of(stored());
  EXPECT_TRUE(memory.released(duty_at(1).key));
  EXPECT_FALSE(memory.released(duty_at(2).key));
  EXPECT_EQ(std::filesystem::file_size(path()), torn);
}

TEST_F(FileJournalTest, AJournalThatWasTakenAwayWhileOpenAcknowledgesNothing) {
  const auto journal = open();
  write_ok(*journal, release_at(1));
  std::filesystem::rename(path(), path() + "-moved");
  const Result<void> gone = write(*journal, release_at(2));
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().message.find("was deleted, moved or replaced"), std::string::npos)
      << gone.error().message;
  std::filesystem::rename(path() + "-moved", path());
  write_ok(*journal, release_at(3));
  EXPECT_EQ(stored(), content_of(journal->memory()));
}

}  // namespace
}  // namespace holdfast::test
