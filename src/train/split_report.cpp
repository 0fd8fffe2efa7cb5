#include "train/split_report.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <functional>

#include "data/augmentation.h"
#include "train/saliency.h"

namespace fer {
namespace {

constexpr std::size_t kFaces = 24;  // of a gallery

/// What a net said of one sample.
struct Answer {
  std::int64_t sample = 0;
  std::int64_t said = 0;
  std::int64_t truth = -1;  // -1: unknown
  double confidence = 0;    // of what it said
  double lead = 0;          // ahead of the class that comes next

  bool right() const { return said == truth; }
  bool wrong() const { return truth >= 0 && said != truth; }
};

std::vector<Answer> answers_to(const Split& split, const torch::Tensor& probabilities) {
  const auto [values, classes] = probabilities.topk(std::min<std::int64_t>(2, probabilities.size(1)), 1);
  const auto value = values.accessor<double, 2>();
  const auto label = classes.accessor<std::int64_t, 2>();
  const auto truth = split.labelled() ? split.labels.to(torch::kCPU) : torch::full({split.size()}, -1, torch::kLong);
  std::vector<Answer> answers;
  for (std::int64_t i = 0; i < probabilities.size(0); ++i) {
    const double next = value.size(1) > 1 ? value[i][1] : 0;
    answers.push_back({i, label[i][0], truth[i].item<std::int64_t>(), value[i][0], value[i][0] - next});
  }
  return answers;
}

bool surer(const Answer& one, const Answer& other) {
  return one.confidence > other.confidence;
}

/// The first in an order of those that are wanted.
template <class Wanted, class Order>
std::vector<Answer> first_of(std::vector<Answer> answers, std::size_t most, const Wanted& wanted, const Order& order) {
  std::erase_if(answers, [&](const Answer& answer) { return !wanted(answer); });
  std::ranges::stable_sort(answers, order);
  answers.resize(std::min(answers.size(), most));
  return answers;
}

std::vector<Answer> surest_right(const std::vector<Answer>& answers, std::int64_t truth, std::size_t most) {
  return first_of(
      answers, most, [&](const Answer& answer) { return answer.right() && answer.truth == truth; }, surer);
}

std::vector<Answer> surest_wrong(const std::vector<Answer>& answers, std::int64_t truth, std::size_t most) {
  return first_of(
      answers, most, [&](const Answer& answer) { return answer.wrong() && answer.truth == truth; }, surer);
}

void append(std::vector<Answer>& all, const std::vector<Answer>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// What it takes to show samples of a split.
struct Show {
  const Split& split;
  const torch::Tensor& probabilities;
  const std::vector<std::string>& classes;

  JudgedFace face(const Answer& answer) const {
    const auto picture = split.images[answer.sample].contiguous();
    const auto* pixels = picture.const_data_ptr<std::uint8_t>();
    const auto row = probabilities[answer.sample].contiguous();
    const auto* shares = row.const_data_ptr<double>();
    return {fmt::format("id {}", split.ids[answer.sample].item<std::int64_t>()),
            GrayPicture(pixels, pixels + picture.numel()),
            answer.truth < 0 ? "" : classes.at(static_cast<std::size_t>(answer.truth)),
            std::vector<double>(shares, shares + row.numel())};
  }

  FaceGroup group(const std::string& title, const std::string& note, const std::vector<Answer>& answers) const {
    FaceGroup group{title, note, {}};
    for (const auto& answer : answers) group.faces.push_back(face(answer));
    return group;
  }
};

/// The map of a window in the middle of a picture, as one of the whole picture.
std::vector<float> of_whole_picture(const torch::Tensor& map, const Split& split) {
  const auto height = split.images.size(1), width = split.images.size(2);
  const auto top = half_margin(static_cast<std::int32_t>(height - map.size(0)));
  const auto left = half_margin(static_cast<std::int32_t>(width - map.size(1)));
  auto whole = torch::zeros({height, width});
  whole.narrow(0, top, map.size(0)).narrow(1, left, map.size(1)).copy_(map);
  const auto* values = whole.const_data_ptr<float>();
  return {values, values + whole.numel()};
}

}  // namespace

SplitReport report_split(const Split& split, const Evaluation& evaluation, const std::vector<std::string>& classes,
                         const std::string& role) {
  const auto answers = answers_to(split, evaluation.probabilities);
  const Show show{split, evaluation.probabilities, classes};
  SplitReport report{split.name, role, split.size(), evaluation.scores, {}, {}};
  if (split.labelled()) {
    const auto of_each = std::max<std::size_t>(kFaces / classes.size(), 1);
    std::vector<Answer> right;
    for (std::size_t c = 0; c < classes.size(); ++c)
      append(right, surest_right(answers, static_cast<std::int64_t>(c), of_each));
    report.galleries.push_back(
        show.group("Sure and right", fmt::format("of each class the {} surest right answers", of_each), right));
    report.galleries.push_back(
        show.group("Sure and wrong", fmt::format("the {} surest of the wrong answers", kFaces),
                   first_of(
                       answers, kFaces, [](const Answer& answer) { return answer.wrong(); }, surer)));
  } else {
    report.galleries.push_back(show.group("Sure", fmt::format("the {} surest answers", kFaces),
                                          first_of(
                                              answers, kFaces, [](const Answer&) { return true; }, surer)));
  }
  report.galleries.push_back(
      show.group("Unsure", fmt::format("the {} answers with the smallest lead over the class that comes next", kFaces),
                 first_of(
                     answers, kFaces, [](const Answer&) { return true; },
                     [](const Answer& one, const Answer& other) { return one.lead < other.lead; })));
  std::erase_if(report.galleries, [](const FaceGroup& group) { return group.faces.empty(); });
  return report;
}

void explain_answers(SplitReport& report, const Split& split, const Evaluation& evaluation,
                     const std::vector<std::string>& classes, Net& net, const Loader& loader) {
  const auto answers = answers_to(split, evaluation.probabilities);
  std::vector<Answer> chosen;
  for (std::int64_t c = 0; c < std::ssize(classes); ++c) {
    if (split.labelled()) {
      append(chosen, surest_right(answers, c, 1));
      append(chosen, surest_wrong(answers, c, 1));
    } else {
      append(chosen, first_of(
                         answers, 1, [c](const Answer& answer) { return answer.said == c; }, surer));
    }
  }
  if (chosen.empty()) return;
  std::vector<std::int64_t> samples, said;
  for (const auto& answer : chosen) {
    samples.push_back(answer.sample);
    said.push_back(answer.said);
  }
  const auto saliency = saliency_of(net, loader.load(samples), torch::tensor(said));
  const Show show{split, evaluation.probabilities, classes};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    report.explained.push_back({show.face(chosen[i]), classes.at(static_cast<std::size_t>(chosen[i].said)),
                                of_whole_picture(saliency.grad_cam[row], split),
                                of_whole_picture(saliency.gradient[row], split)});
  }
}

}  // namespace fer
