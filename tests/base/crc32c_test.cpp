#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

namespace fer {

// RFC 3720, appendix B.4; the last is the check value that catalogues of such codes give.
TEST(Crc32c, KnownMessages) {
  std::string rising(32, '\0');
  std::iota(rising.begin(), rising.end(), '\0');
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43);
  EXPECT_EQ(crc32c(rising), 0x46DD794E);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283);
  EXPECT_EQ(crc32c(""), 0U);
}

}  // namespace fer
