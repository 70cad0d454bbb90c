// Files and directories: which are read, which are refused, and that 10,000 keys are no burden.
#include "keys/keystore_loader.h"

#include <fstream>

#include <gtest/gtest.h>

#include "crypto/secp256k1.h"
#include "keys/node_keys.h"
#include "os/io_runtime.h"
#include "unit/keys/key_test_support.h"

namespace holdfast {
namespace {

using test::in_quotes;
using test::key_text;
using test::keystore_json;
using test::KeystoreDir;
using test::validator_json;

std::string keystore_of(unsigned byte) {
  return keystore_json(validator_json(in_quotes(key_text(byte))));
}

class KeystorePermissions : public testing::TestWithParam<mode_t> {};

TEST_P(KeystorePermissions, refuses_a_file_that_others_have_a_right_to) {
  const KeystoreDir dir;
  const std::string path = dir.write("k.json", keystore_of(0xaa), GetParam());
  const Result<KeyPlan> plan = load_key_plan(path);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(plan.error().message.find(path), std::string::npos) << plan.error().message;
  EXPECT_NE(plan.error().message.find("chmod"), std::string::npos) << plan.error().message;
}

INSTANTIATE_TEST_SUITE_P(Modes, KeystorePermissions, testing::Values(0640, 0604, 0644, 0620, 0666),
                         [](const testing::TestParamInfo<mode_t>& row) {
                           return fmt::format("mode_{:o}", row.param);
                         });

TEST(KeystoreLoader, accepts_a_file_that_only_the_owner_can_read) {
  const KeystoreDir dir;
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    const std::string path = dir.write(fmt::format("{:o}.json", mode), keystore_of(0xaa), mode);
    EXPECT_EQ(test::outcome_of(load_key_plan(path)), "ok") << std::oct << mode;
  }
}

TEST(KeystoreLoader, refuses_a_whole_directory_for_one_readable_file) {
  const KeystoreDir dir;
  dir.write("a.json", keystore_of(0xaa));
  dir.write("b.json", keystore_of(0xbb), 0644);
  const Result<KeyPlan> plan = load_key_plan(dir.path());
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("b.json"), std::string::npos) << plan.error().message;
}

TEST(KeystoreLoader, sorts_a_directory_by_name_and_leaves_sub_directories_alone) {
  const KeystoreDir dir;
  dir.write("b.JSON", keystore_of(0xbb));
  dir.write("a.json", keystore_of(0xaa));
  dir.write("c.json/d.json", "junk");
  dir.write("notes.txt", "junk");
  const Result<KeyPlan> plan = load_key_plan(dir.path());
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->validators.size(), 2U);
  EXPECT_EQ(to_text(plan->validators[0].attesters[0].address), test::kAddressOfAa);
  EXPECT_EQ(to_text(plan->validators[1].attesters[0].address), test::kAddressOfBb);
}

TEST(KeystoreLoader, reads_files_and_directories_of_a_list_in_its_order) {
  const KeystoreDir dir;
  const std::string file = dir.write("z.json", keystore_of(0xaa));
  dir.write("more/b.json", keystore_of(0xbb));
  const Result<KeyPlan> plan = load_key_plan(fmt::format(" {} ,,{}/more,", file, dir.path()));
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->validators.size(), 2U);
  EXPECT_EQ(to_text(plan->validators[0].attesters[0].address), test::kAddressOfAa);
}

TEST(KeystoreLoader, refuses_the_same_file_named_twice) {
  const KeystoreDir dir;
  const std::string file = dir.write("a.json", keystore_of(0xaa));
  const Result<KeyPlan> plan = load_key_plan(file + "," + file);
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("duplicate"), std::string::npos) << plan.error().message;
}

TEST(KeystoreLoader, names_what_is_not_there) {
  const KeystoreDir dir;
  const std::string missing = dir.file("nope.json");
  EXPECT_EQ(test::outcome_of(load_key_plan(missing)),
            "not_found: keystore " + missing + ": no such file or directory");
  EXPECT_EQ(test::outcome_of(load_key_plan(dir.path())),
            "not_found: keystore " + dir.path() + ": the directory holds no .json file");
  EXPECT_TRUE(test::outcome_of(load_key_plan(" , ")).starts_with("not_found: no keystore"));
  EXPECT_TRUE(test::outcome_of(load_key_plan("")).starts_with("not_found: no keystore"));
}

/** The resident memory of this process, in KiB. */
long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

TEST(KeystoreLoader, holds_ten_thousand_keys_in_little_memory) {
  constexpr std::size_t kCount = 10'000;
  std::string validators;
  for (std::size_t i = 1; i <= kCount; ++i) {
    if (i > 1) validators += ',';
    validators += validator_json(fmt::format("\"0x{:064x}\"", i));
  }
  const KeystoreDir dir;
  const std::string path = dir.write("k.json", keystore_json(validators));
  validators.clear();
  validators.shrink_to_fit();

  const long before = resident_kib();
  Result<KeyPlan> plan = load_key_plan(path);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->validators.size(), kCount);
  ASSERT_EQ(plan->keys.size(), kCount);
  IoRuntime runtime;
  SystemRandom random;
  const auto keys = NodeKeys::open(std::move(plan->keys), runtime, random, {});
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  EXPECT_EQ((*keys)->ring().attesters().size(), kCount);
  EXPECT_EQ((*keys)->remote_signer_count(), 0U);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // The whole process may take 120 MiB; shadow memory of a sanitizer is not counted.
  EXPECT_LT(resident_kib() - before, 60 * 1024);
#else
  EXPECT_GT(resident_kib(), before / 2);
#endif
}

}  // namespace
}  // namespace holdfast
