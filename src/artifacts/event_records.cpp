#include "artifacts/event_records.h"

#include <protozero/pbf_builder.hpp>

#include "base/crc32c.h"

namespace fer {
namespace {

// Numbers of fields, as the schemas have them.
using Number = protozero::pbf_tag_type;
enum class EventField : Number { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum class SessionLogField : Number { kStatus = 1 };
enum class SummaryField : Number { kValue = 1 };
enum class ValueField : Number { kTag = 1, kSimpleValue = 2, kImage = 4, kHistogram = 5, kMetadata = 9 };
enum class ImageField : Number { kHeight = 1, kWidth = 2, kColorspace = 3, kEncodedImage = 4 };
enum class HistogramField : Number {
  kMin = 1,
  kMax = 2,
  kNum = 3,
  kSum = 4,
  kSumSquares = 5,
  kLimits = 6,
  kCounts = 7
};
enum class MetadataField : Number { kPluginData = 1 };
enum class PluginDataField : Number { kPluginName = 1, kContent = 2 };
enum class HparamsField : Number { kExperiment = 2, kSessionStart = 3, kSessionEnd = 4 };
enum class ExperimentField : Number { kTimeCreated = 3, kParameters = 4, kMetrics = 5 };
enum class ParameterField : Number { kName = 1, kType = 4 };
enum class MetricField : Number { kName = 1 };
enum class MetricNameField : Number { kTag = 2 };
enum class SessionStartField : Number { kParameters = 1, kStartTime = 5 };
enum class SessionEndField : Number { kStatus = 1, kEndTime = 2 };
enum class MapField : Number { kKey = 1, kValue = 2 };
enum class AnyValueField : Number { kNumber = 2, kString = 3, kBool = 4 };

constexpr std::int32_t kSessionStarts = 1;
constexpr std::int32_t kSuccess = 1, kFailure = 2;
constexpr std::int32_t kStringType = 1, kBoolType = 2, kNumberType = 3;

template <class Field>
using Builder = protozero::pbf_builder<Field>;

/// Little-endian, whatever the machine.
template <class Integer>
void append_bytes(std::string& bytes, Integer value) {
  for (std::size_t i = 0; i < sizeof(value); ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

/// A checksum of data that holds checksums would be weak: record_writer.h turns and shifts them.
std::uint32_t masked_crc(std::string_view bytes) {
  const auto crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
}

template <class Field>
void add_text(Builder<Field>& message, Field field, std::string_view text) {
  message.add_string(field, text.data(), text.size());
}

/// @param write  adds what happened to the message
template <class Write>
std::string event_record(const EventTime& time, const Write& write) {
  std::string message;
  Builder<EventField> event(message);
  event.add_double(EventField::kWallTime, time.seconds);
  event.add_int64(EventField::kStep, time.step);
  write(event);
  return framed_record(message);
}

template <class Write>
std::string summary_record(const EventTime& time, std::string_view tag, const Write& write) {
  return event_record(time, [&](Builder<EventField>& event) {
    Builder<SummaryField> summary(event, EventField::kSummary);
    Builder<ValueField> value(summary, SummaryField::kValue);
    add_text(value, ValueField::kTag, tag);
    write(value);
  });
}

/// @param write  adds to the message of the plugin that shows the table of runs
template <class Write>
std::string hparams_record(const EventTime& time, std::string_view tag, const Write& write) {
  std::string content;
  Builder<HparamsField> hparams(content);
  write(hparams);
  return summary_record(time, tag, [&](Builder<ValueField>& value) {
    Builder<MetadataField> metadata(value, ValueField::kMetadata);
    Builder<PluginDataField> plugin(metadata, MetadataField::kPluginData);
    add_text(plugin, PluginDataField::kPluginName, "hparams");
    add_text(plugin, PluginDataField::kContent, content);
  });
}

struct AddValue {
  Builder<AnyValueField>& message;

  void operator()(const std::string& text) const { add_text(message, AnyValueField::kString, text); }
  void operator()(double number) const { message.add_double(AnyValueField::kNumber, number); }
  void operator()(bool flag) const { message.add_bool(AnyValueField::kBool, flag); }
};

std::int32_t type_of(const HyperParameter& parameter) {
  if (std::holds_alternative<bool>(parameter.value)) return kBoolType;
  return std::holds_alternative<double>(parameter.value) ? kNumberType : kStringType;
}

}  // namespace

std::string framed_record(std::string_view message) {
  std::string record;
  append_bytes(record, std::uint64_t{message.size()});
  append_bytes(record, masked_crc(record));
  record += message;
  append_bytes(record, masked_crc(message));
  return record;
}

std::string version_record(const EventTime& time) {
  return event_record(time,
                      [](Builder<EventField>& event) { add_text(event, EventField::kFileVersion, "brain.Event:2"); });
}

std::string restart_record(const EventTime& time) {
  return event_record(time, [](Builder<EventField>& event) {
    Builder<SessionLogField> log(event, EventField::kSessionLog);
    log.add_enum(SessionLogField::kStatus, kSessionStarts);
  });
}

std::string scalar_record(const EventTime& time, std::string_view tag, double value) {
  return summary_record(time, tag, [&](Builder<ValueField>& message) {
    message.add_float(ValueField::kSimpleValue, static_cast<float>(value));
  });
}

std::string image_record(const EventTime& time, std::string_view tag, const EventImage& image) {
  return summary_record(time, tag, [&](Builder<ValueField>& value) {
    Builder<ImageField> message(value, ValueField::kImage);
    message.add_int32(ImageField::kHeight, static_cast<std::int32_t>(image.height));
    message.add_int32(ImageField::kWidth, static_cast<std::int32_t>(image.width));
    message.add_int32(ImageField::kColorspace, image.channels);
    message.add_bytes(ImageField::kEncodedImage, image.png);
  });
}

std::string histogram_record(const EventTime& time, std::string_view tag, const Histogram& histogram) {
  const auto& counts = histogram.counts;
  std::vector<double> limits(counts.size());  // the upper ones
  double values = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(counts.size());
    limits[i] = histogram.min + share * (histogram.max - histogram.min);
    values += static_cast<double>(counts[i]);
  }
  return summary_record(time, tag, [&](Builder<ValueField>& value) {
    Builder<HistogramField> message(value, ValueField::kHistogram);
    message.add_double(HistogramField::kMin, histogram.min);
    message.add_double(HistogramField::kMax, histogram.max);
    message.add_double(HistogramField::kNum, values);
    message.add_double(HistogramField::kSum, histogram.sum);
    message.add_double(HistogramField::kSumSquares, histogram.sum_of_squares);
    message.add_packed_double(HistogramField::kLimits, limits.begin(), limits.end());
    message.add_packed_double(HistogramField::kCounts, counts.begin(), counts.end());
  });
}

std::string table_record(const EventTime& time, const std::vector<HyperParameter>& parameters,
                         const std::vector<std::string>& metrics) {
  return hparams_record(time, "_hparams_/experiment", [&](Builder<HparamsField>& hparams) {
    Builder<ExperimentField> experiment(hparams, HparamsField::kExperiment);
    experiment.add_double(ExperimentField::kTimeCreated, time.seconds);
    for (const auto& parameter : parameters) {
      Builder<ParameterField> message(experiment, ExperimentField::kParameters);
      add_text(message, ParameterField::kName, parameter.name);
      message.add_enum(ParameterField::kType, type_of(parameter));
    }
    for (const auto& metric : metrics) {
      Builder<MetricField> message(experiment, ExperimentField::kMetrics);
      Builder<MetricNameField> name(message, MetricField::kName);
      add_text(name, MetricNameField::kTag, metric);
    }
  });
}

std::string run_start_record(const EventTime& time, const std::vector<HyperParameter>& parameters) {
  return hparams_record(time, "_hparams_/session_start_info", [&](Builder<HparamsField>& hparams) {
    Builder<SessionStartField> start(hparams, HparamsField::kSessionStart);
    for (const auto& parameter : parameters) {
      Builder<MapField> entry(start, SessionStartField::kParameters);
      add_text(entry, MapField::kKey, parameter.name);
      Builder<AnyValueField> value(entry, MapField::kValue);
      std::visit(AddValue{value}, parameter.value);
    }
    start.add_double(SessionStartField::kStartTime, time.seconds);
  });
}

std::string run_end_record(const EventTime& time, bool succeeded) {
  return hparams_record(time, "_hparams_/session_end_info", [&](Builder<HparamsField>& hparams) {
    Builder<SessionEndField> end(hparams, HparamsField::kSessionEnd);
    end.add_enum(SessionEndField::kStatus, succeeded ? kSuccess : kFailure);
    end.add_double(SessionEndField::kEndTime, time.seconds);
  });
}

}  // namespace fer
