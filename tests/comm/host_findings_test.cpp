#include "comm/host_findings.h"

#include <gtest/gtest.h>

#include "comm/clocks.h"

namespace fer {

TEST(HostFindings, ClocksAreTooFarApartFromASecondOn) {
  for (const double seconds : {0.0, 0.09, -0.09}) EXPECT_EQ(find_clock(seconds).text, "within 0.1 s of rank 0's");
  EXPECT_EQ(find_clock(0.5).text, "0.5 s ahead of rank 0's");
  EXPECT_EQ(find_clock(-3600).text, "3600.0 s behind rank 0's");
  EXPECT_EQ(find_clock(0.9).advice, "");
  EXPECT_NE(find_clock(1.1).advice, "");
  EXPECT_NE(find_clock(-1.1).advice, "");
}

TEST(Clocks, TheQuickestRoundTripIsBelieved) {
  const std::vector<RoundTrip> trips = {{10, 17.5, 11}, {20, 27.06, 20.1}, {30, 37.2, 30.4}};
  EXPECT_NEAR(clock_ahead(trips), 7.01, 1e-9);
}

}  // namespace fer
