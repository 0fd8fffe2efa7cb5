#include "artifacts/checkpoint.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <limits>

#include "model/memory_format.h"
#include "model/model.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace fer {

TEST(Checkpoint, RebuildsTheNet) {
  const TemporaryFolder folder;
  torch::manual_seed(1);
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  use_channels_last(*net);
  Checkpoint checkpoint;
  checkpoint.info.model = "cnn3-mlp";
  checkpoint.info.classes = {"angry", "happy", "neutral"};
  checkpoint.info.height = checkpoint.info.width = 16;
  checkpoint.info.picture_height = checkpoint.info.picture_width = 20;
  checkpoint.info.stages = "32x1";
  checkpoint.info.dropout = 0.25;
  checkpoint.info.metrics = {{"loss", 0.5}};
  checkpoint.model = model_tensors(*net);
  checkpoint.state["position"] = torch::tensor({4, 100});
  write_checkpoint(folder / "c.safetensors", checkpoint);

  const auto read = read_checkpoint(folder / "c.safetensors");
  EXPECT_EQ(read.info.classes, checkpoint.info.classes);
  EXPECT_EQ(read.info.metrics, checkpoint.info.metrics);
  EXPECT_EQ(read.info.picture_width, 20);
  EXPECT_EQ(read.info.stages, "32x1");
  EXPECT_EQ(read.info.dropout, 0.25);
  EXPECT_TRUE(torch::equal(read.state.at("position"), checkpoint.state.at("position")));
  const auto other = make_model({read.info.model, 3, read.info.height, read.info.width});
  load_model_tensors(*other, read.model, "c.safetensors");
  net->eval();
  other->eval();
  const auto images = torch::rand({2, 1, 16, 16});
  EXPECT_TRUE(torch::allclose(net->forward(images), other->forward(images)));
}

TEST(Checkpoint, AnotherNetIsRefused) {
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  auto tensors = model_tensors(*net);
  tensors.erase("features.0.weight");
  tensors["extra"] = torch::zeros({1});
  expect_error(ExitCode::kBadInput, {"features.0.weight", "extra", "f.safetensors"},
               [&] { load_model_tensors(*net, tensors, "f.safetensors"); });
  auto seven = model_tensors(*make_model({"cnn3-mlp", 7, 16, 16}));
  expect_error(ExitCode::kBadInput, {"[7]", "[3]"}, [&] { load_model_tensors(*net, seven, "f"); });
}

// A file that is refused for its last tensor has changed nothing by its first ones.
TEST(Checkpoint, ANetIsLoadedWholeOrNotAtAll) {
  torch::manual_seed(1);
  const auto net = make_model({"cnn3-mlp", 3, 16, 16});
  const auto other = model_tensors(*make_model({"cnn3-mlp", 3, 16, 16}));
  const auto before = model_tensors(*net).at("classifier.0.weight").clone();  // which comes first by name
  const auto last = std::string("features.5.weight");
  ASSERT_TRUE(other.contains(last));
  const auto refuses = [&](const torch::Tensor& tensor, const std::string& part) {
    auto tensors = other;
    tensors[last] = tensor;
    expect_error(ExitCode::kBadInput, {last, part}, [&] { load_model_tensors(*net, tensors, "f"); });
    expect_error(ExitCode::kBadInput, {last, part}, [&] { load_backbone(*net, tensors, net->head_names(), "f"); });
    EXPECT_TRUE(torch::equal(model_tensors(*net).at("classifier.0.weight"), before));
  };
  const auto own = other.at(last);
  refuses(own.flatten(), "shape");
  refuses(own.to(torch::kInt64), "type");
  refuses(torch::full_like(own, std::numeric_limits<float>::quiet_NaN()), "finite");
  refuses(torch::full_like(own, std::numeric_limits<float>::infinity()), "finite");
}

TEST(Checkpoint, AForeignFileIsRefused) {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", {{{"t", torch::zeros({1})}}, {}});
  expect_error(ExitCode::kBadInput, {"no checkpoint"}, [&] { read_checkpoint(folder / "f"); });
  expect_error(ExitCode::kBadInput, {"missing"}, [&] { read_checkpoint(folder / "missing"); });
}

}  // namespace fer
