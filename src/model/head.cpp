#include "model/head.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include "base/error.h"
#include "base/text.h"
#include "model/batch_norm.h"
#include "model/dropout.h"

namespace fer {
namespace {

namespace nn = torch::nn;

struct Part {
  std::string name;
  double value = 0;
};

Part parse_part(const std::string& text) {
  const auto colon = text.find(':');
  Part part{text.substr(0, colon), 0};
  if (colon != std::string::npos) {
    const auto number = text.substr(colon + 1);
    std::size_t used = 0;
    try {
      part.value = std::stod(number, &used);
    } catch (const std::exception&) {
    }
    require(used > 0 && used == number.size(), ExitCode::kUsage,
            fmt::format("--head has a part '{}', whose number cannot be read.", text));
  }
  return part;
}

class Builder {
 public:
  Builder(std::int64_t width, bool flat) : width_(width), flat_(flat) {}

  Stages build(const std::string& spec, std::int64_t classes) {
    for (const auto& part : split_text(spec, ',')) add(part);
    add_dense(classes);
    return layers_;
  }

 private:
  void add(const std::string& text) {
    const Part part = parse_part(text);
    const auto count = static_cast<std::int64_t>(part.value);
    const bool counts = part.name == "conv" || part.name == "dense";
    const bool fits = counts                   ? count >= 1 && static_cast<double>(count) == part.value
                      : part.name == "dropout" ? part.value > 0 && part.value < 1
                                               : part.value == 0;
    const bool known = counts || part.name == "dropout" || part.name == "norm" || part.name == "relu";
    require(
        known && fits && !(part.name == "conv" && flat_), ExitCode::kUsage,
        fmt::format("--head has a part '{}'; known are conv:WIDTH (of maps, ahead of dense), dense:WIDTH, norm, relu, "
                    "dropout:RATE.",
                    text));
    if (part.name == "conv") {
      layers_->push_back(nn::Conv2d(nn::Conv2dOptions(width_, count, 3).padding(1)));
      width_ = count;
    } else if (part.name == "dense") {
      add_dense(count);
    } else if (part.name == "norm") {
      layers_->push_back(BatchNorm(width_));
    } else if (part.name == "relu") {
      layers_->push_back(nn::ReLU());  // not in place: what stands ahead may keep its output
    } else {
      layers_->push_back(Dropout(part.value));
    }
  }

  void add_dense(std::int64_t width) {
    if (!flat_) {
      layers_->push_back(nn::AdaptiveAvgPool2d(1));
      layers_->push_back(nn::Flatten());
      flat_ = true;
    }
    layers_->push_back(nn::Linear(width_, width));
    width_ = width;
  }

  Stages layers_;
  std::int64_t width_;
  bool flat_;
};

}  // namespace

Stages make_head(const std::string& spec, std::int64_t channels, std::int64_t classes) {
  return Builder(channels, /*flat=*/false).build(spec, classes);
}

Stages make_flat_head(const std::string& spec, std::int64_t width, std::int64_t classes) {
  return Builder(width, /*flat=*/true).build(spec, classes);
}

}  // namespace fer
