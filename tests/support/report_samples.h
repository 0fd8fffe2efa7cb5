#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "artifacts/report.h"

namespace fer {

// Reports and comparisons for the tests of their pages.

inline GrayPicture plain(std::size_t pixels, int level = 7) {
  return GrayPicture(pixels, static_cast<std::uint8_t>(level));
}

inline std::vector<EpochRecord> history(int epochs) {
  std::vector<EpochRecord> records;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    EpochRecord record;
    record.epoch = epoch;
    record.step = 10 * epoch;
    record.learning_rate = 0.01 / epoch;
    record.train_loss = 2.0 / epoch;
    record.train_accuracy = 1 - 0.8 / epoch;
    record.val_loss = 2.5 / epoch;
    record.val_accuracy = 1 - 0.9 / epoch;
    record.val_macro_f1 = 1 - 0.95 / epoch;
    record.images_per_second = 1000 + epoch;
    record.seconds = 3;
    records.push_back(record);
  }
  return records;
}

/// Two classes: 4 and 6 samples, of which 3 and 5 are answered right.
inline SplitScores small_scores() {
  SplitScores scores;
  scores.samples = 10;
  scores.loss = 0.4321;
  scores.accuracy = 0.8;
  scores.accuracy_interval = {0.49, 0.943};
  scores.macro_f1 = 0.7917;
  scores.per_class = {{0.75, 0.75, 0.75, 4, {0.301, 0.954}}, {0.8333, 0.8333, 0.8333, 6, {0.436, 0.97}}};
  scores.confusion = {{3, 1}, {1, 5}};
  scores.confidence_bins = {{0, 0, 0}, {4, 1.6, 2}, {6, 4.9, 6}};
  scores.ece = 0.123;
  scores.squared_error = 0.0987;
  return scores;
}

inline JudgedFace face(const std::string& name, const std::string& truth, double first) {
  return {name, plain(6), truth, {first, 1 - first}};
}

/// With something in every field; pictures are of 2x3 pixels, changed ones of 1x2.
inline Report full_report() {
  Report report;
  report.title = "Run one";
  report.subtitle = "Finished.";
  report.classes = {"angry", "happy"};
  report.height = 2;
  report.width = 3;
  report.headline = {{"Accuracy", "80.0%"}};
  report.history = history(12);
  report.best_epoch = 9;
  report.scored = SplitReport{"test", "Never used to choose.", 10, small_scores(), {}, {}};
  report.scored->galleries = {{"Surest", "The surest.", {face("row 4", "angry", 0.9), face("row 5", "angry", 0.25)}},
                              {"Nothing to see", "", {}}};
  report.scored->explained = {
      {face("row 6", "happy", 0.4), "happy", std::vector<float>(6, 0.5F), std::vector<float>(6)}};
  report.class_counts = {{"train", {1500, 500}}, {"test", {4, 6}}};
  report.augmentation = "flip";
  report.changed_height = 1;
  report.changed_width = 2;
  report.augmented = {{plain(6), {plain(2), plain(2)}}};
  report.ranks = {{0, "host-a", 10, 2, 0.5, 1}, {1, "host-b", 11.5, 1, 0.5, 1}};
  report.facts = {{"Environment", {{"Build", "1.0"}}}, {"Of no facts", {}}};
  report.config = "[run]\nseed = 1\n";
  return report;
}

inline void expect_parts(const std::string& page, const std::vector<std::string>& parts) {
  for (const auto& part : parts) EXPECT_NE(page.find(part), std::string::npos) << part;
}

inline Comparison small_comparison() {
  Comparison comparison{"Two nets", "test", {"angry", "happy"}, {}, {}};
  comparison.runs = {{"one", {{"model", "small"}, {"lr", "0.01"}}, history(5), 4, small_scores()},
                     {"two", {{"model", "large"}, {"lr", "0.01"}}, history(8), 8, small_scores()}};
  comparison.runs[1].scores->accuracy = 0.9;
  comparison.runs[1].scores->loss = 0.3;
  comparison.tests = {{"one", "two", 3, 1234, 0.00001}, {"two", "one", 5, 4, 0.7}};
  return comparison;
}

}  // namespace fer
