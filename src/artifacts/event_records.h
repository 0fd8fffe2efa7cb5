#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fer {

// What TensorBoard's event files consist of: frames of TFRecord files (tensorflow/core/lib/io/record_writer.h) around
// protobuf messages (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto, and
// tensorboard/plugins/hparams/plugin_data.proto and api.proto).

/// When something happened.
struct EventTime {
  double seconds = 0;     // since 1970
  std::int64_t step = 0;  // optimizer updates since the start of the run
};

struct EventImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  int channels = 1;  // 1: gray, 3: RGB
  std::string png;
};

/// How many values fall into each of some buckets of equal width, from the smallest value to the largest.
struct Histogram {
  double min = 0;
  double max = 0;
  std::vector<std::int64_t> counts;  // at least one
  double sum = 0;
  double sum_of_squares = 0;
};

/// A name and value of what a run was configured with.
struct HyperParameter {
  std::string name;
  std::variant<std::string, double, bool> value;
};

/// A message with its length and the checksums of both.
std::string framed_record(std::string_view message);

// Whole records.
std::string version_record(const EventTime& time);
/// Says that what was written before of this step, and of later ones, is void.
std::string restart_record(const EventTime& time);
/// @param value  is kept as a float32
std::string scalar_record(const EventTime& time, std::string_view tag, double value);
std::string image_record(const EventTime& time, std::string_view tag, const EventImage& image);
std::string histogram_record(const EventTime& time, std::string_view tag, const Histogram& histogram);

// Records for the table of runs.
/// What the table's columns are: hyper-parameters, and tags of scalars.
std::string table_record(const EventTime& time, const std::vector<HyperParameter>& parameters,
                         const std::vector<std::string>& metrics);
std::string run_start_record(const EventTime& time, const std::vector<HyperParameter>& parameters);
std::string run_end_record(const EventTime& time, bool succeeded);

}  // namespace fer
