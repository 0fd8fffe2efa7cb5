#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/history.h"
#include "artifacts/scores.h"

namespace fer {

/// height x width gray levels, row by row.
using GrayPicture = std::vector<std::uint8_t>;

/// One line of a list of facts.
struct Fact {
  std::string name;
  std::string value;
};

struct FactGroup {
  std::string title;
  std::vector<Fact> facts;
};

/// A face and what a net says of it.
struct JudgedFace {
  std::string name;  // by which it is found again, such as "row 17"
  GrayPicture picture;
  std::string truth;                  // class; empty if unknown
  std::vector<double> probabilities;  // by class
};

struct FaceGroup {
  std::string title;
  std::string note;  // how its faces were chosen
  std::vector<JudgedFace> faces;
};

/// What in a face spoke for a class. Maps are height x width values from 0 to 1, row by row.
struct ExplainedFace {
  JudgedFace face;
  std::string class_name;       // that is explained
  std::vector<float> grad_cam;  // of the last convolution's map, brought to the picture's size
  std::vector<float> gradient;  // of the input
};

/// A net's answers to one split.
struct SplitReport {
  std::string split;
  std::string role;  // what the split was to the run, a sentence; empty: unknown
  std::int64_t samples = 0;
  std::optional<SplitScores> scores;  // where the split has labels
  std::vector<FaceGroup> galleries;   // surest right answers, surest wrong ones, most unsure ones
  std::vector<ExplainedFace> explained;
};

/// How many samples of each class a split has, by label.
struct ClassCounts {
  std::string split;
  std::vector<std::int64_t> counts;
};

/// A picture as it is stored, and as training changed it.
struct ChangedPicture {
  GrayPicture stored;
  std::vector<GrayPicture> changed;  // of changed_height x changed_width
};

/// Where a rank's seconds of training went.
struct RankSeconds {
  int rank = 0;
  std::string host;
  double compute = 0;
  double communication = 0;
  double data = 0;
  double other = 0;
};

/// All that report.html shows. What is empty or unknown is left out of the page.
struct Report {
  std::string title;
  std::string subtitle;  // such as how the run ended
  std::vector<std::string> classes;
  std::int64_t height = 0;  // of pictures as they are stored, or brought to the size that the net learned from
  std::int64_t width = 0;
  std::vector<Fact> headline;  // a few figures that matter most
  std::vector<EpochRecord> history;
  std::int64_t best_epoch = 0;  // 0: unknown
  std::optional<SplitReport> scored;
  std::vector<ClassCounts> class_counts;
  std::string augmentation;  // as --augment has it
  std::int64_t changed_height = 0;
  std::int64_t changed_width = 0;
  std::vector<ChangedPicture> augmented;
  std::vector<RankSeconds> ranks;  // over the whole run, as far as it is on record
  std::vector<FactGroup> facts;    // environment, dataset's passport, checkpoint ...
  std::string config;              // config.ini
};

/// One HTML page without a script, which takes nothing from the network. It follows the reader's choice of light or
/// dark, fits a phone, can be printed, and can be read by keyboard and screen reader.
/// @throws Error (kInternal) if a picture or map has another size than the report says.
std::string report_page(const Report& report);

/// One of several runs, or nets, side by side.
struct ComparedRun {
  std::string name;
  std::vector<Fact> facts;
  std::vector<EpochRecord> history;
  std::int64_t best_epoch = 0;        // 0: unknown
  std::optional<SplitScores> scores;  // of the split below
};

/// McNemar's test of two nets on the same samples.
struct PairedTest {
  std::string first;
  std::string second;
  std::int64_t first_alone = 0;   // samples that the first alone got right
  std::int64_t second_alone = 0;  // and the second
  double p_value = 1;
};

struct Comparison {
  std::string title;
  std::string split;  // that scores are of, and how many samples; empty: there are none
  std::vector<std::string> classes;
  std::vector<ComparedRun> runs;
  std::vector<PairedTest> tests;
  std::vector<std::string> notes = {};  // why a run has no scores here, a sentence each
};

/// A page of the same kind that overlays the curves of runs and puts their figures side by side.
std::string comparison_page(const Comparison& comparison);

}  // namespace fer
