#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/line_chart.h"
#include "artifacts/report.h"

namespace fer {

// The parts of report_page(), each empty if the report has nothing for it.

/// Loss, accuracy, learning rate and speed over epochs, and all figures of each epoch as a table.
std::string training_curves(const Report& report);

/// Figures, table and diagrams of the scored split.
std::string split_answers(const Report& report);

/// Faces with truth and the likeliest classes.
std::string face_galleries(const Report& report);

/// Faces beside what in them spoke for a class.
std::string explained_faces(const Report& report);

/// Classes of the splits, and pictures as training changed them.
std::string data_overview(const Report& report);

/// Where each rank's seconds went.
std::string rank_seconds(const Report& report);

// What the parts share with comparison_page().

/// One quantity over epochs; unknown ones are gaps.
LineSeries epoch_series(const std::string& name, const std::vector<EpochRecord>& history, double EpochRecord::*value);

/// A picture of gray levels as an image.
/// @param attributes  further ones, such as a class, with a space ahead
std::string gray_image(const GrayPicture& picture, std::int64_t height, std::int64_t width, std::string_view alt,
                       std::string_view attributes = "");

}  // namespace fer
