#include "data/duplicates.h"

#include <gtest/gtest.h>

namespace fer {

TEST(DuplicateFinder, GroupsEqualPicturesInOrder) {
  DuplicateFinder finder;
  const Digest a = digest_of("a"), b = digest_of("b"), c = digest_of("c");
  finder.add(c, {"train", 0});
  finder.add(b, {"train", 1});
  finder.add(a, {"train", 2});
  finder.add(b, {"train", 3});
  finder.add(a, {"test", 0});
  finder.add(b, {"test", 1});
  const std::vector<std::vector<SampleRef>> expected = {{{"test", 0}, {"train", 2}},
                                                        {{"test", 1}, {"train", 1}, {"train", 3}}};
  EXPECT_EQ(finder.take_groups(), expected);
}

TEST(DuplicateFinder, NothingEqualNothingFound) {
  DuplicateFinder finder;
  EXPECT_TRUE(finder.take_groups().empty());
  finder.add(digest_of("a"), {"train", 0});
  EXPECT_TRUE(finder.take_groups().empty());
}

}  // namespace fer
