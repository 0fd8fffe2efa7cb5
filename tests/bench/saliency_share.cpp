// How much of what Grad-CAM shows of drawn faces lies where the expression is, against chance:
//
//   saliency_share CHECKPOINT SEED train|validation|test FACES
//
// SEED and FACES are those of the `fer_dataset synth` that drew the split, or others for faces that nobody has seen. Of
// each of two emotions the faces that the net names rightly: the share of the map's mass that lies in the boxes of
// mouth and brows (src/data/face_boxes.h), over these boxes' share of the pixels. 1 is what a map has that knows
// nothing.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <string>

#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "base/text.h"
#include "data/face_boxes.h"
#include "data/synthetic_faces.h"
#include "train/evaluate.h"
#include "train/saliency.h"
#include "train/saved_net.h"

namespace {

using namespace fer;
using torch::indexing::Slice;

constexpr std::array kSplits = {"train", "validation", "test"};  // by the stream of their faces
constexpr std::int64_t kFacesAtOnce = 64;

struct Options {
  std::string checkpoint;
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::int64_t faces = 0;
  bool quiet = true;
  std::string text_to_print;
};

Options parse(int argc, char** argv) {
  const auto split = argc == 5 ? std::ranges::find(kSplits, std::string(argv[3])) : kSplits.end();
  require(split != kSplits.end(), ExitCode::kUsage,
          "usage: saliency_share CHECKPOINT SEED train|validation|test FACES");
  Options options;
  options.checkpoint = argv[1];
  options.seed = std::stoull(argv[2]);
  options.stream = static_cast<std::uint32_t>(split - kSplits.begin());
  options.faces = std::stoll(argv[4]);
  return options;
}

Split draw_faces(const Options& options) {
  auto images = torch::empty({options.faces, kFaceSize, kFaceSize}, torch::kUInt8);
  auto labels = torch::empty({options.faces}, torch::kInt64);
  for (std::int64_t i = 0; i < options.faces; ++i) {
    auto face = draw_face(options.seed, options.stream, static_cast<std::uint64_t>(i));
    images[i].copy_(torch::from_blob(face.pixels.data(), {kFaceSize, kFaceSize}, torch::kUInt8));
    labels[i] = face.label;
  }
  return {kSplits.at(options.stream), images, labels, {}};
}

/// 1 in the boxes of mouth and brows, 0 elsewhere.
torch::Tensor features_of(const Options& options, std::int64_t face) {
  auto inside = torch::zeros({kFaceSize, kFaceSize});
  const auto boxes = face_boxes(options.seed, options.stream, static_cast<std::uint64_t>(face));
  for (const auto& box : {boxes.mouth, boxes.brows})
    inside.index_put_({Slice(box.top, box.bottom), Slice(box.left, box.right)}, 1);
  return inside;
}

/// How many times chance each face's map is: NaN if the map is zero everywhere.
torch::Tensor ratios_of(const Options& options, Net& net, const Loader& loader,
                        const std::vector<std::int64_t>& faces) {
  std::vector<torch::Tensor> ratios;
  for (std::size_t begin = 0; begin < faces.size(); begin += kFacesAtOnce) {
    const auto some = std::span(faces).subspan(begin, std::min<std::size_t>(kFacesAtOnce, faces.size() - begin));
    const auto classes = loader.labels().index_select(0, torch::tensor(std::vector(some.begin(), some.end())));
    const auto maps = saliency_of(net, loader.load(some), classes).grad_cam;
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto map = maps[static_cast<std::int64_t>(i)], inside = features_of(options, some[i]);
      ratios.push_back((map * inside).sum() / map.sum() / inside.mean());
    }
  }
  return ratios.empty() ? torch::empty({0}) : torch::stack(ratios);
}

void print_ratios(const std::string& emotion, const torch::Tensor& all) {
  const auto ratios = all.masked_select(all.isnan().logical_not()).to(torch::kFloat64);
  if (ratios.numel() < 2) {
    fmt::print("{:<10} too few of {} faces have a map\n", emotion, all.numel());
    return;
  }
  const auto quartile = [&](double share) { return ratios.quantile(share).item<double>(); };
  fmt::print("{:<10}{:>6}{:>8}{:>8.3f}{:>8.3f}{:>8.3f}{:>8.3f}{:>8.3f}\n", emotion, all.numel(),
             all.numel() - ratios.numel(), ratios.mean().item<double>(), ratios.std().item<double>(), quartile(0.25),
             quartile(0.5), quartile(0.75));
}

ExitCode measure(const Options& options, MpiCommunicator& host) {
  const auto checkpoint = read_checkpoint(options.checkpoint);
  const auto& info = checkpoint.info;
  require(info.height == kFaceSize && info.width == kFaceSize, ExitCode::kBadInput,
          fmt::format("'{}' is for windows of {}x{} pixels; faces are drawn and boxed at {}x{}.", options.checkpoint,
                      info.height, info.width, kFaceSize, kFaceSize));
  const auto net = restore_net(checkpoint, options.checkpoint, torch::kCPU);
  const auto split = draw_faces(options);
  const Loader loader(split, std::ssize(info.classes), torch::kCPU);
  const auto answers = answers_of(*net, loader, Averaging::kSoftmax, host).argmax(1);
  fmt::print("{:<10}{:>6}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}\n", "emotion", "faces", "no map", "mean", "sd", "25 %", "50 %",
             "75 %");
  for (const std::string emotion : {"happy", "angry"}) {
    const auto drawn = std::ranges::find(kEmotions, emotion) - kEmotions.begin();
    const auto label = std::ranges::find(info.classes, emotion) - info.classes.begin();
    require(info.classes.size() == kEmotions.size() && label == drawn, ExitCode::kBadInput,
            fmt::format("'{}' knows other classes than drawn faces have: {}.", options.checkpoint, join(info.classes)));
    std::vector<std::int64_t> right;
    for (std::int64_t i = 0; i < split.size(); ++i)
      if (split.labels[i].item<std::int64_t>() == label && answers[i].item<std::int64_t>() == label) right.push_back(i);
    print_ratios(emotion, ratios_of(options, *net, loader, right));
  }
  host.close();
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("saliency_share", argc, argv, parse, measure);
}
