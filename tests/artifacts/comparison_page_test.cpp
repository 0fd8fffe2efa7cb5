#include <gtest/gtest.h>

#include "artifacts/report.h"
#include "support/expect_error.h"
#include "support/html_elements.h"
#include "support/report_samples.h"

namespace fer {

TEST(ComparisonPage, PutsRunsSideBySide) {
  const auto page = comparison_page(small_comparison());
  EXPECT_EQ(element_fault(page), "");
  expect_parts(
      page,
      {"<td><strong>90.0%</strong></td>", "<td>80.0%</td>", "<td><strong>0.3000</strong></td>", "Scores on test</h2>",
       "McNemar", "<td>1,234</td><td>&lt;0.0001</td><td class=\"text\">the second is better",
       "<td>0.7000</td><td class=\"text\">may be chance",
       "<tr><th scope=\"row\">model</th><td>small</td><td>large</td>", "<tr class=\"alike\"><th scope=\"row\">lr</th>",
       "<tr><th scope=\"row\">best epoch</th><td>4</td><td>8</td>"});
  EXPECT_EQ(count_of(page, ">one</text>"), 7U);  // in every chart
  EXPECT_EQ(count_of(page, ">two</text>"), 7U);
}

TEST(ComparisonPage, LeavesOutWhatIsEmpty) {
  auto comparison = small_comparison();
  comparison.split.clear();
  comparison.tests.clear();
  comparison.runs[0].history.clear();
  const auto page = comparison_page(comparison);
  EXPECT_EQ(element_fault(page), "");
  EXPECT_EQ(count_of(page, "<section id="), 2U);
  EXPECT_EQ(count_of(page, ">one</text>"), 0U);
  EXPECT_EQ(count_of(comparison_page({"Nothing", "", {}, {}, {}}), "<section"), 0U);
}

TEST(ComparisonPage, SaysWhyARunHasNoScores) {
  auto comparison = small_comparison();
  comparison.runs[1].scores.reset();
  comparison.tests.clear();
  comparison.notes = {"'two' knows <other> classes."};
  const auto page = comparison_page(comparison);
  EXPECT_EQ(element_fault(page), "");
  expect_parts(page, {"<p>&#39;two&#39; knows &lt;other&gt; classes.</p>", "80.0%"});
  EXPECT_EQ(count_of(page, ">two</text>"), 7U);  // its curves are there
}

TEST(ComparisonPage, SizesMustFit) {
  auto comparison = small_comparison();
  comparison.classes.push_back("sad");
  expect_error(ExitCode::kInternal, {"classes"}, [&] { comparison_page(comparison); });
}

}  // namespace fer
