#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <iostream>

#include "apps/run_app.h"
#include "artifacts/labelled_files.h"
#include "artifacts/safetensors.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/predict_options.h"
#include "comm/placement.h"
#include "data/picture_files.h"
#include "model/memory_format.h"
#include "train/evaluate.h"
#include "train/saved_net.h"

namespace {

using namespace fer;
namespace fs = std::filesystem;

constexpr std::size_t kPicturesAtOnce = 8192;

/// `-` becomes the lines of standard input.
std::vector<std::string> with_standard_input(const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for (const auto& path : paths) {
    if (path != "-") {
      all.push_back(path);
      continue;
    }
    for (std::string line; std::getline(std::cin, line);)
      if (!line.empty()) all.push_back(line);
  }
  return all;
}

std::string formatted(const LabelledFiles& labelled, const std::string& format) {
  if (format == "csv") return as_csv(labelled);
  return format == "json" ? as_json(labelled) : as_table(labelled);
}

void complain(const std::vector<std::string>& complaints) {
  for (const auto& complaint : complaints) print_error("fer_predict", complaint);
}

ExitCode label_pictures(const PredictOptions& options, const torch::Device& device, MpiCommunicator& host) {
  const Checkpoint checkpoint = read_checkpoint(options.checkpoint);
  const auto& info = checkpoint.info;
  const auto net = restore_net(checkpoint, options.checkpoint, device);
  const bool window = info.height < info.picture_height || info.width < info.picture_width;
  const ViewConfig views{parse_test_views(options.views), window ? static_cast<std::int32_t>(info.height) : 0};
  const auto files = list_pictures(with_standard_input(options.paths));

  LabelledFiles labelled{info.classes, {}, {}};
  std::vector<torch::Tensor> answers;
  bool all_readable = true;
  for (std::size_t begin = 0; begin < files.size(); begin += kPicturesAtOnce) {
    const auto end = std::min(begin + kPicturesAtOnce, files.size());
    const auto batch = read_pictures(
        {files.begin() + static_cast<std::ptrdiff_t>(begin), files.begin() + static_cast<std::ptrdiff_t>(end)},
        info.picture_height, info.picture_width);
    complain(batch.complaints);
    all_readable = all_readable && batch.complaints.empty();
    labelled.files.insert(labelled.files.end(), batch.files.begin(), batch.files.end());
    const Loader loader({"pictures", batch.images, {}, {}}, std::ssize(info.classes), device, views);
    answers.push_back(answers_of(*net, loader, Averaging::kSoftmax, host));
  }
  require(!answers.empty(), ExitCode::kBadInput, "standard input names no pictures.");
  labelled.probabilities = torch::cat(answers);

  const auto text = formatted(labelled, options.format);
  if (options.out.empty())
    fmt::print("{}", text);
  else
    write_file_atomically(options.out, text);
  return all_readable ? ExitCode::kOk : ExitCode::kBadInput;
}

/// The number of classes that weights were made for: the length of the last tensor of the net's head.
std::int64_t classes_of(const SafetensorsFile& weights, const ModelConfig& config, const std::string& path) {
  const auto net = make_model(config);
  std::string last;
  for (const auto& item : net->named_parameters())
    if (item.key().starts_with(net->head_names().front() + ".")) last = item.key();
  const auto found = weights.tensors.find(last);
  require(found != weights.tensors.end() && found->second.dim() > 0, ExitCode::kBadInput,
          fmt::format("'{}' has no tensor '{}', which would tell the number of classes.", path, last));
  return found->second.size(0);
}

torch::Tensor read_input(const std::string& path) {
  const auto tensors = read_safetensors(path).tensors;
  const auto input = tensors.find("input");
  require(input != tensors.end() && input->second.dim() == 4 && input->second.scalar_type() == torch::kFloat32,
          ExitCode::kBadInput, fmt::format("'{}' has no tensor `input` of shape [N, 1 or 3, H, W] in float32.", path));
  return input->second;
}

void answer_tensors(const PredictOptions& options, const torch::Device& device) {
  const torch::InferenceMode no_gradients;
  const auto input = read_input(options.tensors);
  auto weights = read_safetensors(options.init_from);
  std::erase_if(weights.tensors, [](const auto& entry) { return entry.first.starts_with("state."); });
  ModelConfig config = options.model;
  config.height = input.size(2);
  config.width = input.size(3);
  config.classes = classes_of(weights, config, options.init_from);

  const auto net = make_model(config);
  const auto report = load_backbone(*net, weights.tensors, net->head_names(), options.init_from);
  require(report.fresh.empty(), ExitCode::kBadInput,
          fmt::format("'{}' lacks {}.", options.init_from, join(report.fresh)));
  if (!report.unexpected.empty())
    fmt::print(stderr, "fer_predict: not used of '{}': {}\n", options.init_from, join(report.unexpected));
  net->to(device);
  use_channels_last(*net);
  net->eval();
  const auto wanted = net->prepare(torch::zeros({1, 1, config.height, config.width}, device)).size(1);
  require(input.size(1) == wanted, ExitCode::kBadInput,
          fmt::format("`input` of '{}' has {} channels, but {} takes {}.", options.tensors, input.size(1), config.name,
                      wanted));
  write_safetensors(options.out, {{{"logits", net->classify(input.to(device)).to(torch::kCPU)}}, {}});
}

ExitCode predict(const PredictOptions& options, MpiCommunicator& host) {
  require_together(host.world_size() == 1, ExitCode::kUsage, "fer_predict wants one process; leave mpirun out.");
  const auto device = place_rank({options.device, "mpi", options.threads}, host).device;
  ExitCode code = ExitCode::kOk;
  agree(host, [&] {
    if (options.tensors.empty())
      code = label_pictures(options, device, host);
    else
      answer_tensors(options, device);
  });
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_predict", argc, argv, parse_predict_options, predict);
}
