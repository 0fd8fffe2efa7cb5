// Prints the losses of the first training steps from given weights, which losses.sh holds against PyTorch's:
//
//   mpirun -np N step_losses MODEL DATASET INIT.safetensors BATCH_PER_RANK STEPS LEARNING_RATE ENGINE PRECISION SEED
//
// ENGINE is fast or plain, PRECISION fp32 or bf16. Adam, weight decay 1e-4, no dropout.
#include <fmt/format.h>
#include <torch/torch.h>

#include <string>

#include "apps/run_app.h"
#include "artifacts/checkpoint.h"
#include "model/dropout.h"
#include "model/memory_format.h"
#include "model/stages.h"
#include "train/run_data.h"
#include "train/trainer.h"

namespace {

using namespace fer;

struct Options {
  std::string model;
  std::string dataset;
  std::string init;
  std::int64_t batch_size = 0;  // per rank
  std::int64_t steps = 0;
  double learning_rate = 0;
  std::string engine;
  std::string precision;
  std::uint64_t seed = 0;
  bool quiet = true;
  std::string text_to_print;
};

Options parse(int argc, char** argv) {
  require(argc == 10, ExitCode::kUsage,
          "usage: step_losses MODEL DATASET INIT.safetensors BATCH_PER_RANK STEPS LEARNING_RATE fast|plain fp32|bf16 "
          "SEED");
  Options options;
  options.model = argv[1];
  options.dataset = argv[2];
  options.init = argv[3];
  options.batch_size = std::stoll(argv[4]);
  options.steps = std::stoll(argv[5]);
  options.learning_rate = std::stod(argv[6]);
  options.engine = argv[7];
  options.precision = argv[8];
  options.seed = std::stoull(argv[9]);
  require(options.engine == "fast" || options.engine == "plain", ExitCode::kUsage, "ENGINE is fast or plain.");
  require(options.precision == "fp32" || options.precision == "bf16", ExitCode::kUsage, "PRECISION is fp32 or bf16.");
  return options;
}

/// A net whose dropout stays in eval mode when the net is put into training mode.
class NetWithoutDropout final : public Net {
 public:
  explicit NetWithoutDropout(std::shared_ptr<Net> net) : net_(register_module("net", std::move(net))) {}

  void train(bool on) override {
    Net::train(on);
    for (const auto& module : modules(/*include_self=*/false))
      if (auto* dropout = module->as<DropoutImpl>()) dropout->eval();
  }

  torch::Tensor prepare(const torch::Tensor& images) const override { return net_->prepare(images); }
  torch::Tensor classify(const torch::Tensor& inputs) override { return net_->classify(inputs); }
  std::vector<std::string> head_names() const override { return net_->head_names(); }

 private:
  std::shared_ptr<Net> net_;
};

std::shared_ptr<Net> make_net(const Options& options, const RunData& data) {
  const auto net = make_model({options.model, std::ssize(data.classes), data.manifest.height, data.manifest.width});
  load_model_tensors(*net, read_weights(options.init), options.init);
  use_channels_last(*net);
  run_plain(*net, options.engine == "plain");
  use_map_storage(*net, options.precision == "bf16" ? MapStorage::kBfloat16 : MapStorage::kFloat32);
  return std::make_shared<NetWithoutDropout>(net);
}

/// Leaves an epoch in its middle.
struct EnoughSteps {};

/// Prints the loss of each step, the mean over the samples of all ranks, and throws EnoughSteps after the last.
class LossPrinter final : public TrainingObserver {
 public:
  LossPrinter(std::int64_t steps, Communicator& communicator) : steps_(steps), communicator_(communicator) {}

  void on_step(std::int64_t step, const MetricMeter& so_far) override {
    const MetricSums sums = so_far.reduced(communicator_);
    const double loss = (sums.loss_sum - before_.loss_sum) / static_cast<double>(sums.samples - before_.samples);
    before_ = sums;
    if (communicator_.rank() == 0) fmt::print("{:.8e}\n", loss);
    if (step == steps_) throw EnoughSteps();
  }

 private:
  std::int64_t steps_;
  Communicator& communicator_;
  MetricSums before_;
};

ExitCode print_losses(const Options& options, MpiCommunicator& host) {
  RunDataConfig data_config;
  data_config.folder = options.dataset;
  data_config.training_set.global_batch_size = options.batch_size * host.world_size();
  data_config.training_set.seed = options.seed;
  const RunData data = open_run_data(data_config, torch::kCPU, host);
  // What is left over after the last whole batch would be a step of its own, which PyTorch does not take.
  const auto whole_steps = data.train_size() / data_config.training_set.global_batch_size;
  require_together(options.steps <= whole_steps, ExitCode::kUsage,
                   fmt::format("an epoch of '{}' has {} whole steps.", options.dataset, whole_steps));
  TrainingSet train = make_training_set(data_config, data, torch::kCPU, host);
  std::shared_ptr<Net> net;
  agree(host, [&] { net = make_net(options, data); });

  TrainerConfig config;
  config.optimizer = {.name = "adam", .learning_rate = options.learning_rate, .weight_decay = 1e-4};
  LossPrinter printer(options.steps, host);
  Trainer trainer(config, *net, train, nullptr, host, printer);
  try {
    trainer.train_epoch(1);
  } catch (const EnoughSteps&) {
  }
  host.close();
  return ExitCode::kOk;
}

}  // namespace

int main(int argc, char** argv) {
  return run_app("step_losses", argc, argv, parse, print_losses);
}
