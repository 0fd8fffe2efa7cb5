#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "artifacts/report.h"
#include "support/expect_error.h"
#include "support/html_elements.h"
#include "support/report_samples.h"

namespace fer {
namespace {

std::string page_of(const Report& report) {
  const auto page = report_page(report);
  EXPECT_EQ(element_fault(page), "");
  return page;
}

}  // namespace

TEST(ReportPage, ShowsEveryField) {
  const auto page = page_of(full_report());
  expect_parts(page, {"<title>Run one</title>",
                      "<p>Finished.</p>",
                      "<dt>Accuracy</dt><dd>80.0%</dd>",
                      "<strong>Loss</strong>",
                      "<strong>Learning rate</strong>",
                      "<strong>Images per second</strong>",
                      ">val F1</text>",
                      "best: epoch 9</text>",
                      "<th scope=\"row\">9 (best)</th><td>90</td>",
                      "Answers on test</h2>",
                      "Never used to choose.",
                      "80.0%, 95% interval 49.0% to 94.3%",
                      "0.4321",
                      "0.0987",
                      "calibration error 0.123",
                      "The surest.",
                      "alt=\"row 4: class angry, answered angry with 90.0%\"",
                      "is angry, as answered",
                      "is angry, not happy",
                      "<strong>for happy (60.0%)</strong> in row 6, which is happy",
                      "alt=\"row 6: what spoke for happy, by Grad-CAM\"",
                      "alt=\"row 6: what spoke for happy, by gradient\"",
                      "1,500 (75.0%)",
                      "6 (60.0%)",
                      "<code>flip</code>",
                      "alt=\"picture 1, change 2 of 2\"",
                      "host-b",
                      "<dt>Build</dt><dd>1.0</dd>",
                      "<pre class=\"options\"",
                      "[run]\nseed = 1\n</pre>"});
  EXPECT_EQ(page.find("<details", page.find("id=\"configuration\"")), std::string::npos);  // which paper would hide
  EXPECT_EQ(count_of(page, "<img "), 2U + 3U + 3U);
}

TEST(ReportPage, SumsUpItsTables) {
  const auto page = page_of(full_report());
  expect_parts(page,
               {"<td>75.0%</td><td>75.0%<small class=\"unbroken\">30–95%</small></td><td>75.0%</td><td>4</td>",
                // Of the confusion matrix: rows, then columns and all.
                "<td style=\"--share: 0.750\">3<small>75.0%</small></td><td style=\"--share: 0.250\">1<small>25.0%"
                "</small></td><td>4</td></tr>",
                "<th scope=\"row\">answers</th><td>4</td><td>6</td><td>10</td></tr>",
                // The means of precision, recall and F1, and the support.
                "macro mean</th><td>79.2%</td><td>79.2%</td><td>79.2%</td><td>10</td>",
                "<th scope=\"row\">all</th><td class=\"text\">2,000</td><td class=\"text\">10</td>",
                // Seconds of a rank, and of both.
                "<td>10.0</td><td>2.0</td><td>0.5</td><td>1.0</td><td>13.5</td>",
                "<td>21.5</td><td>3.0</td><td>1.0</td><td>2.0</td><td>27.5</td>"});
}

TEST(ReportPage, LeavesOutWhatIsEmpty) {
  Report bare;
  bare.title = "Bare";
  const auto page = page_of(bare);
  for (const auto* part : {"<section", "<h2", "<nav", "<svg", "<img", "<table", "<dl", "<details", "<p>"})
    EXPECT_EQ(count_of(page, part), 0U) << part;
  EXPECT_EQ(count_of(page_of(full_report()), "<section id="), 8U);
  EXPECT_EQ(count_of(page_of(full_report()), "Nothing to see") + count_of(page_of(full_report()), "Of no facts"), 0U);

  const std::vector<std::pair<std::string, std::function<void(Report&)>>> empties = {
      {"training", [](Report& r) { r.history.clear(); }},
      {"answers", [](Report& r) { r.scored->scores.reset(), r.scored->role.clear(), r.scored->samples = 0; }},
      {"faces", [](Report& r) { r.scored->galleries.clear(); }},
      {"explained", [](Report& r) { r.scored->explained.clear(); }},
      {"data", [](Report& r) { r.class_counts.clear(), r.augmentation.clear(), r.augmented.clear(); }},
      {"ranks", [](Report& r) { r.ranks.clear(); }},
      {"facts", [](Report& r) { r.facts.clear(); }},
      {"configuration", [](Report& r) { r.config.clear(); }}};
  for (const auto& [id, empty] : empties) {
    auto report = full_report();
    empty(report);
    const auto without = page_of(report);
    EXPECT_EQ(count_of(without, "<section id="), 7U) << id;
    EXPECT_EQ(without.find("#" + id + "\""), std::string::npos) << id;
  }
}

TEST(ReportPage, CurvesWithoutValuesAreLeftOut) {
  auto report = full_report();
  for (auto& epoch : report.history) {
    epoch.val_loss = epoch.val_accuracy = epoch.val_macro_f1 = EpochRecord::kUnknown;
    epoch.images_per_second = 0;
  }
  const auto page = page_of(report);
  for (const auto* part : {"Images per second", ">val</text>", ">val F1</text>", "val loss", "images / s"})
    EXPECT_EQ(count_of(page, part), 0U) << part;
  EXPECT_EQ(count_of(page, ">train</text>"), 2U);
}

TEST(ReportPage, UnlabelledSplitsHaveNoTruth) {
  auto report = full_report();
  report.scored->scores.reset();
  report.scored->samples = 7178;
  report.scored->galleries = {{"Most unsure", "", {face("row 4", "", 0.5)}}};
  report.scored->explained[0].face.truth.clear();
  const auto page = page_of(report);
  expect_parts(page, {"Samples: 7,178, whose classes are unknown.", "alt=\"row 4: answered angry with 50.0%\""});
  EXPECT_EQ(count_of(page, "as answered") + count_of(page, "which is"), 0U);
}

TEST(ReportPage, NeedsNothingElse) {
  for (const auto& page : {page_of(full_report()), comparison_page(small_comparison())}) {
    for (const auto* part : {"http", "<script", "<link", "url(", "@import", " onload", " onclick"})
      EXPECT_EQ(count_of(page, part), 0U) << part;
    EXPECT_EQ(count_of(page, "<img "), count_of(page, "src=\"data:image/png;base64,iVBORw0KGgo"));
    EXPECT_EQ(count_of(page, "<main "), 1U);
    EXPECT_EQ(count_of(page, "<h1>"), 1U);
    EXPECT_EQ(count_of(page, "<table"), count_of(page, "class=\"scrolling\" role=\"region\" aria-label="));
  }
}

TEST(ReportPage, NamesAreTextOnly) {
  const std::string evil = "\"><script>'&</script>";
  auto report = full_report();
  report.title = report.subtitle = report.classes[0] = report.augmentation = report.config = evil;
  report.headline[0] = report.facts[0].facts[0] = {evil, evil};
  report.facts[0].title = report.class_counts[0].split = report.ranks[0].host = evil;
  auto& split = *report.scored;
  split.split = split.role = split.galleries[0].title = split.galleries[0].note = evil;
  for (auto* judged : {&split.galleries[0].faces[0], &split.explained[0].face}) judged->name = judged->truth = evil;
  split.explained[0].class_name = evil;
  auto comparison = small_comparison();
  comparison.title = comparison.split = comparison.classes[0] = evil;
  comparison.runs[0].name = comparison.tests[0].first = comparison.tests[0].second = evil;
  comparison.runs[0].facts[0] = {evil, evil};
  for (const auto& page : {page_of(report), comparison_page(comparison)}) {
    EXPECT_EQ(element_fault(page), "");
    EXPECT_EQ(count_of(page, "<script"), 0U);
    EXPECT_GE(count_of(page, "&quot;&gt;&lt;script&gt;&#39;&amp;&lt;/script&gt;"), 10U);
  }
}

TEST(ReportPage, ABigReportStaysSmall) {
  auto report = full_report();
  report.height = report.width = 48;
  report.history = history(1000);
  report.augmented.clear();
  std::uint32_t state = 1;
  const auto noise = [&] {  // compresses worse than any face
    GrayPicture picture;
    for (int i = 0; i < 48 * 48; ++i)
      picture.push_back(static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24));
    return picture;
  };
  report.scored->galleries[0].faces.clear();
  for (int i = 0; i < 100; ++i) report.scored->galleries[0].faces.push_back({"row", noise(), "angry", {0.5, 0.5}});
  report.scored->explained.clear();
  for (int i = 0; i < 24; ++i) {
    ExplainedFace explained{{"row", noise(), "angry", {0.5, 0.5}}, "angry", {}, {}};
    for (const auto level : noise()) explained.grad_cam.push_back(static_cast<float>(level) / 255);
    explained.gradient = explained.grad_cam;
    report.scored->explained.push_back(explained);
  }
  EXPECT_LT(page_of(report).size(), 5'000'000U);
}

TEST(ReportPage, SizesMustFit) {
  for (const auto& spoil : std::vector<std::function<void(Report&)>>{
           [](Report& r) { r.scored->galleries[0].faces[1].picture.pop_back(); },
           [](Report& r) { r.scored->galleries[0].faces[1].probabilities.pop_back(); },
           [](Report& r) { r.scored->explained[0].face.picture.push_back(0); },
           [](Report& r) { r.scored->explained[0].grad_cam.pop_back(); },
           [](Report& r) { r.scored->explained[0].gradient.clear(); },
           [](Report& r) { r.scored->scores->per_class.pop_back(); },
           [](Report& r) { r.scored->scores->confusion[1].pop_back(); },
           [](Report& r) { r.class_counts[0].counts.push_back(3); },
           [](Report& r) { r.augmented[0].stored.pop_back(); },
           [](Report& r) { r.augmented[0].changed[0].pop_back(); }}) {
    auto report = full_report();
    spoil(report);
    expect_error(ExitCode::kInternal, {"report"}, [&] { report_page(report); });
  }
}

}  // namespace fer
