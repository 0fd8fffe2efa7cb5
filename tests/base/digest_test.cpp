#include "base/digest.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace fer {

TEST(Digest, PiecesAndFilesGiveTheDigestOfTheWhole) {
  const std::string text(3'000'000, 'x');
  StreamingDigest pieces;
  pieces.add(text.data(), 1'000'000);
  pieces.add(text.data(), 2'000'000);
  EXPECT_EQ(pieces.value(), digest_of(text));

  const TemporaryFolder folder;
  write_text(folder / "file", text);
  EXPECT_EQ(digest_of_file(folder / "file"), digest_of(text));
}

TEST(Digest, UnorderedDigestIgnoresOrderButCountsRepeats) {
  UnorderedDigest forward, backward, twice;
  forward.add(digest_of("a"));
  forward.add(digest_of("b"));
  backward.add(digest_of("b"));
  backward.add(digest_of("a"));
  twice.add(digest_of("a"));
  twice.add(digest_of("a"));
  EXPECT_EQ(forward.value(), backward.value());
  EXPECT_NE(forward.value(), twice.value());
}

}  // namespace fer
