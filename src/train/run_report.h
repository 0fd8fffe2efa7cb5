#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "artifacts/report.h"
#include "data/dataset.h"

namespace fer {

/// The folder of the run that a checkpoint lies in, as runs leave them; empty if it lies elsewhere.
std::filesystem::path run_folder_of(const std::filesystem::path& checkpoint);

/// What a run's folder tells of it: run.json, history.csv and config.ini.
/// @throws Error (kBadInput) if run.json is missing or one of them cannot be read.
Report report_of_run(const std::filesystem::path& folder);

/// Adds how many samples of each class the dataset has, and its passport: what was noticed when it was written.
/// @param classes  that the net knows, in label order
void describe_dataset(Report& report, const Manifest& manifest, const std::vector<std::string>& classes);

/// Says that several nets answer together, and how right each is alone. What the report tells of training so far is of
/// the first one's run; it says so.
/// @param accuracies  of each on the split, from 0 to 1; empty if unknown
void describe_ensemble(Report& report, const std::vector<std::string>& names, const std::vector<double>& accuracies,
                       const std::string& dataset);

/// Adds the answers to a split, with its accuracy among the headline figures.
void show_answers(Report& report, SplitReport answers);

/// Writes a report's page. What makes it is called here, and if it fails that is said and ends nothing.
void write_report_if_possible(const std::filesystem::path& file, const std::function<Report()>& make);

/// Adds the size of a split's pictures, and one of each class with what training makes of it in its first epochs, where
/// the run changes them.
/// @param split  pictures of the size that the run was trained on; its own need not be at hand
void show_pictures(Report& report, const Split& split);

}  // namespace fer
