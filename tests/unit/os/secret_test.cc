#include "os/secret.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <set>
#include <sstream>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

int refuse_to_lock(const void*, std::size_t) {
  errno = ENOMEM;
  return -1;
}
int pretend_to_lock(const void*, std::size_t) {
  return 0;
}

std::size_t page() {
  return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!Printable<Secret> && !std::is_convertible_v<Secret, std::string>);

TEST(Secret, holds_a_copy_of_the_bytes) {
  Result<Secret> secret = Secret::copy_of(as_bytes("correct horse"));
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->text(), "correct horse");
  EXPECT_EQ(secret->size(), 13U);
}

TEST(Secret, moves_and_leaves_nothing_behind) {
  Result<Secret> first = Secret::copy_of(as_bytes("one"));
  Result<Secret> second = Secret::copy_of(as_bytes("two"));
  ASSERT_TRUE(first && second);
  Secret moved(std::move(*first));
  EXPECT_TRUE(first->empty());
  EXPECT_EQ(moved.text(), "one");
  moved = std::move(*second);
  EXPECT_EQ(moved.text(), "two");
  Secret& same = moved;
  moved = std::move(same);
  EXPECT_EQ(moved.text(), "two");
}

TEST(Secret, wipes_its_memory_and_gives_it_to_the_next) {
  // An arena without unmapping: a small secret's page stays, so that it can be looked at.
  SecretArena arena(&pretend_to_lock);
  const std::uint8_t* where = nullptr;
  {
    Result<Secret> secret = Secret::copy_of(as_bytes("0123456789abcdef0123456789abcdef"), arena);
    ASSERT_TRUE(secret);
    where = secret->view().data();
    EXPECT_FALSE(all_zero({where, 32}));
  }
  EXPECT_TRUE(all_zero({where, 32}));
  Result<Secret> next = Secret::zeros(32, arena);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->view().data(), where);
}

TEST(Secret, wipes_what_truncate_cuts_off) {
  SecretArena arena(&pretend_to_lock);
  Result<Secret> secret = Secret::copy_of(as_bytes("password\n"), arena);
  ASSERT_TRUE(secret);
  secret->truncate(8);
  EXPECT_EQ(secret->text(), "password");
  EXPECT_EQ(secret->view().data()[8], 0);
  secret->truncate(0);
  EXPECT_TRUE(secret->empty());
  EXPECT_TRUE(all_zero({secret->view().data(), 9}));
}

TEST(Secret, compares_by_content) {
  Result<Secret> secret = Secret::copy_of(as_bytes("token"));
  ASSERT_TRUE(secret);
  EXPECT_TRUE(secret->equals(as_bytes("token")));
  for (const char* other : {"", "toke", "tokem", "Token", "tokens"}) {
    EXPECT_FALSE(secret->equals(as_bytes(other))) << other;
  }
  EXPECT_TRUE(Secret().equals(as_bytes("")));
}

TEST(Secret, takes_no_memory_for_no_bytes_and_refuses_too_many) {
  SecretArena arena(&pretend_to_lock);
  EXPECT_TRUE(Secret::zeros(0, arena));
  EXPECT_EQ(arena.memory().locked, 0U);
  Result<Secret> largest = Secret::zeros(SecretArena::kSizeMax, arena);
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->size(), SecretArena::kSizeMax);
  const Result<Secret> larger = Secret::zeros(SecretArena::kSizeMax + 1, arena);
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().kind, ErrorKind::invalid_input);
}

TEST(Secret, wipe_clears_a_string) {
  std::string text = "a password that is longer than a short string";
  const char* const where = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_TRUE(std::all_of(where, where + size, [](char c) { return c == '\0'; }));
}

TEST(SecretArena, packs_ten_thousand_keys_into_few_pages) {
  SecretArena arena(&pretend_to_lock);
  std::vector<Secret> keys;
  std::set<const std::uint8_t*> places;
  for (int i = 0; i < 10'000; ++i) {
    Result<Secret> key = Secret::zeros(32, arena);
    ASSERT_TRUE(key);
    std::fill(key->mutable_view().begin(), key->mutable_view().end(), static_cast<std::uint8_t>(i));
    places.insert(key->view().data());
    keys.push_back(std::move(*key));
  }
  EXPECT_EQ(places.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto wanted = static_cast<std::uint8_t>(i);
    const ByteView bytes = keys[i].view();
    ASSERT_TRUE(std::all_of(bytes.begin(), bytes.end(), [&](auto b) { return b == wanted; })) << i;
  }
  const std::size_t needed = (10'000 * 32 + page() - 1) / page() * page();
  EXPECT_EQ(arena.memory().locked, needed);
  keys.clear();
  EXPECT_EQ(arena.memory().locked, needed) << "the pages are kept for the next secrets";
}

TEST(SecretArena, serves_every_size_and_returns_large_ones) {
  SecretArena arena(&pretend_to_lock);
  for (std::size_t size : {1UL, 31UL, 32UL, 33UL, 64UL, 65UL, 4095UL, 4096UL, 4097UL, 100'000UL}) {
    Result<Secret> secret = Secret::zeros(size, arena);
    ASSERT_TRUE(secret) << size;
    EXPECT_EQ(secret->size(), size);
    EXPECT_TRUE(all_zero(secret->view())) << size;
    std::fill(secret->mutable_view().begin(), secret->mutable_view().end(), 0xff);
  }
  const std::size_t small = arena.memory().locked;
  {
    Result<Secret> large = Secret::zeros(10 * page(), arena);
    ASSERT_TRUE(large);
    EXPECT_EQ(arena.memory().locked, small + 10 * page());
  }
  EXPECT_EQ(arena.memory().locked, small);
}

TEST(SecretArena, refuses_memory_that_cannot_be_locked_and_says_what_to_do) {
  SecretArena arena(&refuse_to_lock);
  const Result<Secret> secret = Secret::zeros(32, arena);
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().kind, ErrorKind::permission_denied);
  for (const char* part : {"LimitMEMLOCK", "ulimit -l", "--memory-lock"}) {
    EXPECT_NE(secret.error().message.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(arena.memory().locked + arena.memory().unlocked, 0U);
}

TEST(SecretArena, best_effort_holds_secrets_all_the_same_and_counts_them) {
  SecretArena arena(&refuse_to_lock);
  arena.set_memory_lock(MemoryLock::best_effort);
  Result<Secret> secret = Secret::copy_of(as_bytes("key"), arena);
  ASSERT_TRUE(secret);
  EXPECT_EQ(arena.memory().locked, 0U);
  EXPECT_EQ(arena.memory().unlocked, page());
}

TEST(SecretArena, leaves_its_pages_out_of_core_dumps_and_forks) {
  SecretArena arena(&pretend_to_lock);
  Result<Secret> secret = Secret::copy_of(as_bytes("key"), arena);
  ASSERT_TRUE(secret);
  std::stringstream wanted;
  wanted << std::hex << reinterpret_cast<std::uintptr_t>(secret->view().data()) / page() * page();
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool ours = false;
  std::string flags;
  while (std::getline(maps, line)) {
    const std::size_t dash = line.find('-');
    if (dash != std::string::npos && dash < line.find(' ')) {
      const auto begin = std::stoull(line.substr(0, dash), nullptr, 16);
      const auto end = std::stoull(line.substr(dash + 1), nullptr, 16);
      const auto address = std::stoull(wanted.str(), nullptr, 16);
      ours = begin <= address && address < end;
    }
    if (ours && line.starts_with("VmFlags:")) flags = line + " ";
  }
  ASSERT_FALSE(flags.empty());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
  EXPECT_NE(flags.find(" wf "), std::string::npos) << flags;
}

TEST(SecretArenaDeathTest, stops_when_a_secret_outlives_it) {
  EXPECT_DEATH(
      {
        Secret survivor;
        SecretArena arena(&pretend_to_lock);
        survivor = std::move(*Secret::zeros(32, arena));
      },
      "CHECK|taken");
}

}  // namespace
}  // namespace holdfast
