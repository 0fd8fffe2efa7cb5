#include "data/synthetic_faces.h"

#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"

namespace fer {

// The demonstration data is the same everywhere: its figures in the README can be repeated.
TEST(SyntheticFaces, AreTheSameOnEveryMachine) {
  StreamingDigest digest;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto face = draw_face(1, 1, i);
    digest.add(face.pixels.data(), face.pixels.size());
    digest.add(&face.label, 1);
  }
  EXPECT_EQ(digest.value().text(), "xxh3:1db391d1265492d22053c8dcff8182d6");
}

TEST(SyntheticFaces, DifferBySeedStreamAndIndex) {
  std::set<std::array<std::uint8_t, kFaceSize * kFaceSize>> faces;
  for (const std::uint64_t seed : {1, 2})
    for (const std::uint32_t stream : {0, 1})
      for (std::uint64_t index = 0; index < 50; ++index) faces.insert(draw_face(seed, stream, index).pixels);
  EXPECT_EQ(faces.size(), 200U);
}

TEST(SyntheticFaces, ShowEveryEmotion) {
  std::array<int, kEmotions.size()> counts{};
  for (std::uint64_t i = 0; i < 700; ++i) ++counts.at(draw_face(1, 0, i).label);
  for (const int count : counts) EXPECT_NEAR(count, 100, 40);  // four standard deviations
}

}  // namespace fer
