#pragma once

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "artifacts/safetensors.h"
#include "comm/mpi_communicator.h"
#include "model/cnn3_mlp.h"
#include "model/memory_format.h"
#include "model/stages.h"
#include "support/hashed_data.h"
#include "train/trainer.h"

namespace fer {
/// S0's net in a type of choice, without dropout.
class TypedNet final : public Net {
 public:
  explicit TypedNet(torch::ScalarType type, std::int64_t side = 48) : type_(type) {
    net_ = register_module("net", std::make_shared<Cnn3Mlp>(ModelConfig{"cnn3-mlp", 3, side, side}, /*dropout=*/0.0));
    set_hashed_weights(*net_);
    to(type);
    use_channels_last(*net_);
    // Twenty steps of Adam turn a rounding of 1e-6 into percents: only torch's own operations can follow PyTorch so far.
    run_plain(*net_, true);
  }

  torch::Tensor classify(const torch::Tensor& images) override { return net_->forward(images.to(type_)); }
  std::vector<std::string> head_names() const override { return net_->head_names(); }
  const Cnn3Mlp& inner() const { return *net_; }

 private:
  torch::ScalarType type_;
  std::shared_ptr<Cnn3Mlp> net_;
};

/// Takes the loss of each step out of the running sums.
class LossRecorder final : public TrainingObserver {
 public:
  void on_step(std::int64_t, const MetricMeter& so_far) override {
    const MetricSums sums = so_far.sums();
    losses.push_back((sums.loss_sum - before_.loss_sum) / static_cast<double>(sums.samples - before_.samples));
    before_ = sums;
  }

  std::vector<double> losses;

 private:
  MetricSums before_;
};

/// The elements that the golden file keeps of a tensor.
inline torch::Tensor sample_of(const torch::Tensor& tensor) {
  const auto flat = tensor.detach().contiguous().flatten();
  return flat.slice(0, 0, flat.numel(), (flat.numel() / 1024) | 1);
}

inline double worst_relative_difference(const std::vector<double>& losses, const torch::Tensor& golden) {
  return (torch::tensor(losses, torch::kFloat64) / golden.to(torch::kFloat64) - 1).abs().max().item<double>();
}

/// Twenty Adam steps of S0's net by the real trainer against PyTorch's, from the same weights, on the same batches.
inline void expect_twenty_steps_like(const std::string& golden_file, torch::ScalarType type, double loss_tolerance,
                                     double parameter_tolerance) {
  const auto golden = read_safetensors(golden_file).tensors;
  TypedNet net(type);
  auto train = resident_training_set({64, /*seed=*/7, {}, false}, hashed_split(1280, 48, 3, /*stream=*/11), 3,
                                     torch::kCPU, /*rank=*/0, /*world_size=*/1);
  MpiCommunicator self(MPI_COMM_SELF);
  LossRecorder recorder;
  TrainerConfig config;
  config.optimizer = {"adam", 1e-3, 0.0, 1e-4};
  Trainer trainer(config, net, train, nullptr, self, recorder);
  trainer.train_epoch(1);

  ASSERT_EQ(recorder.losses.size(), 20U);
  const double worst_loss = worst_relative_difference(recorder.losses, golden.at("losses"));
  EXPECT_LE(worst_loss, loss_tolerance);

  double worst_tensor = 0;
  int compared = 0;
  for (const auto& item : net.inner().named_parameters()) {
    // The file leaves out biases ahead of a batch norm: they have no true gradient, and Adam amplifies their noise.
    const auto found = golden.find("sample." + item.key());
    if (found == golden.end()) continue;
    const auto distance = ((sample_of(item.value()) - found->second).norm() / found->second.norm()).item<double>();
    EXPECT_LE(distance, parameter_tolerance) << item.key();
    worst_tensor = std::max(worst_tensor, distance);
    ++compared;
  }
  EXPECT_EQ(compared, 26);  // 9 weights, the last bias, and two parameters of each of 8 batch norms
  std::printf("against PyTorch in %s: losses %.1e, parameters %.1e\n", toString(type), worst_loss, worst_tensor);
}

}  // namespace fer
