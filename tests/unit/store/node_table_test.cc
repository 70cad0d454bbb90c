// The publishers of a row of the registry, to and from the text that the tables keep.
#include "store/node_table.h"

#include <gtest/gtest.h>

#include "support/example_duty.h"

namespace holdfast {
namespace {

const std::string kFirst = "0x" + std::string(40, '3');
const std::string kSecond = "0x" + std::string(40, 'a');

TEST(PublishersOfARow, are_a_text_with_commas_and_back) {
  const std::vector<Address> none;
  const std::vector<Address> one = {test::filled_with<Address>(0x33)};
  const std::vector<Address> two = {one[0], test::filled_with<Address>(0xaa)};
  EXPECT_EQ(publishers_text(none), "");
  EXPECT_EQ(publishers_text(one), kFirst);
  EXPECT_EQ(publishers_text(two), kFirst + "," + kSecond);
  for (const auto& publishers : {none, one, two}) {
    const auto back = publishers_of_row(publishers_text(publishers), "node-1");
    ASSERT_TRUE(back.has_value()) << back.error().message;
    EXPECT_EQ(*back, publishers);
  }
}

TEST(PublishersOfARow, that_are_no_addresses_are_refused_and_their_node_is_named) {
  const std::string half = kSecond.substr(0, 41);
  for (const std::string& text :
       {std::string("x"), half, kFirst + "," + half, "," + kFirst, kFirst + ",," + kSecond,
        kFirst + ", " + kSecond, kFirst + ";" + kSecond}) {
    const auto publishers = publishers_of_row(text, "node-1");
    ASSERT_FALSE(publishers.has_value()) << text;
    EXPECT_NE(publishers.error().message.find("holdfast_nodes, publishers of node-1"),
              std::string::npos)
        << publishers.error().message;
  }
}

}  // namespace
}  // namespace holdfast
