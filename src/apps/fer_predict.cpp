#include <fmt/format.h>
#include <torch/torch.h>

#include <filesystem>
#include <iostream>
#include <optional>

#include "apps/run_app.h"
#include "artifacts/explanation_sheet.h"
#include "artifacts/labelled_files.h"
#include "artifacts/safetensors.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "cli/predict_options.h"
#include "comm/placement.h"
#include "data/picture_files.h"
#include "data/render.h"
#include "model/memory_format.h"
#include "train/evaluate.h"
#include "train/explain_pictures.h"
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

void write_answers(const LabelledFiles& labelled, const PredictOptions& options) {
  const auto text = formatted(labelled, options.format);
  if (options.out.empty())
    print_answer(text);
  else
    write_file_atomically(options.out, text);
}

std::vector<fs::path> part_of(const std::vector<fs::path>& files, std::size_t begin) {
  const auto end = std::min(begin + kPicturesAtOnce, files.size());
  return {files.begin() + static_cast<std::ptrdiff_t>(begin), files.begin() + static_cast<std::ptrdiff_t>(end)};
}

/// @param complaints  gets what was named and cannot be listed
std::vector<fs::path> named_pictures(const PredictOptions& options, std::vector<std::string>& complaints) {
  const auto files = list_pictures(with_standard_input(options.paths), complaints);
  require(!files.empty(), ExitCode::kBadInput,
          complaints.empty() ? "standard input names no pictures." : join(complaints, "\n"));
  require(options.explain.empty() || files.size() <= kMostExplained, ExitCode::kUsage,
          fmt::format("--explain draws at most {} pictures on a sheet, but {} are named; name fewer.", kMostExplained,
                      files.size()));
  return files;
}

/// As the net saw the pictures but for --views, which moves them.
void explain(Net& net, const PictureBatch& batch, const torch::Tensor& answers, const CheckpointInfo& info,
             const torch::Device& device, const std::string& path) {
  if (batch.files.empty()) return;
  const auto view = view_of(info, TestViews::kNone, picture_size_of(batch.images));
  const Loader loader(Split{"pictures", batch.images, {}, {}}, std::ssize(info.classes), device, view);
  write_file_atomically(path, explain_pictures(net, loader, answers));
}

ExitCode label_pictures(const PredictOptions& options, const torch::Device& device, MpiCommunicator& host) {
  Checkpoint checkpoint;
  std::shared_ptr<Net> net;
  std::vector<fs::path> files;
  std::vector<std::string> complaints;
  PictureSize pictures{};
  agree(host, [&] {
    files = named_pictures(options, complaints);
    checkpoint = read_checkpoint(options.checkpoint);
    pictures = pictures_of(checkpoint.info, options.checkpoint);
    net = restore_net(checkpoint, options.checkpoint, device);
  });
  complain(complaints);
  const auto& info = checkpoint.info;
  const auto view = view_of(info, parse_test_views(options.views), pictures);

  LabelledFiles labelled{info.classes, {}, {}};
  std::vector<torch::Tensor> answers;
  for (std::size_t begin = 0; begin < files.size(); begin += kPicturesAtOnce) {
    const auto batch = read_pictures(part_of(files, begin), pictures.height, pictures.width);
    complain(batch.complaints);
    labelled.files.insert(labelled.files.end(), batch.files.begin(), batch.files.end());
    std::optional<Loader> loader;
    agree(host, [&] {
      loader.emplace(Split{"pictures", batch.images, {}, {}}, std::ssize(info.classes), device, view);
    });
    answers.push_back(answers_of(*net, *loader, Averaging::kSoftmax, host));
    // So few pictures that this is all of them.
    if (!options.explain.empty())
      agree(host, [&] { explain(*net, batch, answers.back(), info, device, options.explain); });
  }
  labelled.probabilities = torch::cat(answers);
  agree(host, [&] { write_answers(labelled, options); });
  return complaints.empty() && labelled.files.size() == files.size() ? ExitCode::kOk : ExitCode::kBadInput;
}

/// The number of classes that weights were made for: the length of the last tensor of the net's head.
std::int64_t classes_of(const std::map<std::string, torch::Tensor>& weights, const ModelConfig& config,
                        const std::string& path) {
  const auto net = make_model(config);
  std::string last;
  for (const auto& item : net->named_parameters())
    if (item.key().starts_with(net->head_names().front() + ".")) last = item.key();
  const auto found = weights.find(last);
  require(found != weights.end() && found->second.dim() > 0, ExitCode::kBadInput,
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
  const auto weights = read_weights(options.init_from);
  ModelConfig config = options.model;
  config.height = input.size(2);
  config.width = input.size(3);
  config.classes = classes_of(weights, config, options.init_from);

  const auto net = make_model(config);
  const auto report = load_backbone(*net, weights, net->head_names(), options.init_from);
  require(report.fresh.empty(), ExitCode::kBadInput,
          fmt::format("'{}' lacks {}.", options.init_from, join(report.fresh)));
  if (!report.unexpected.empty())
    print_error("fer_predict", fmt::format("not used of '{}': {}", options.init_from, join(report.unexpected)));
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
  if (options.tensors.empty()) return label_pictures(options, device, host);
  agree(host, [&] { answer_tensors(options, device); });
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("fer_predict", argc, argv, parse_predict_options, predict);
}
