#include "artifacts/checkpoint.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "base/atomic_file.h"
#include "kernels/philox.h"
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

// Flipped, cut, spliced, swapped, emptied, given a huge header: the newest is passed over, the one before it is found.
TEST(Checkpoint, FiveThousandDamagedOnesArePassedOver) {
  const TemporaryFolder folder;
  Checkpoint checkpoint;
  checkpoint.info.model = "mlp";
  checkpoint.model["weight"] = torch::rand({40});
  checkpoint.state["position"] = torch::tensor({4, 100});
  checkpoint.info.step = 100;
  write_checkpoint(folder / "epoch-0001.safetensors", checkpoint);
  const auto older = read_file(folder / "epoch-0001.safetensors");
  checkpoint.info.step = 200;
  checkpoint.model["weight"] += 1;
  write_checkpoint(folder / "last.safetensors", checkpoint);
  const auto whole = read_file(folder / "last.safetensors");

  PhiloxStream random(/*seed=*/1, /*stream=*/0x44414D47, /*item=*/0);
  const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random.bits()) % below; };
  spdlog::set_level(spdlog::level::off);  // each is said to be passed over
  for (int i = 0, done = 0; done < 5000; ++i) {
    auto damaged = whole;
    const auto place = draw(whole.size()), other = draw(whole.size());
    switch (i % 6) {
      case 0:
        damaged[place] = static_cast<char>(damaged[place] ^ (1 << draw(8)));
        break;
      case 1:
        damaged.resize(place);
        break;
      case 2:
        damaged = whole.substr(0, place) + older.substr(std::min(place, older.size()));
        break;
      case 3:
        std::swap(damaged[place], damaged[other]);
        break;
      case 4:
        damaged.insert(place, std::string(1 + draw(16), '\0'));
        break;
      default:
        damaged[draw(8)] = static_cast<char>(1 + draw(255));  // of the header's length
    }
    if (damaged == whole || damaged == older) continue;  // it was not damaged
    ++done;
    std::ofstream(folder / "last.safetensors", std::ios::binary) << damaged;
    const auto found = furthest_checkpoint(folder.path());
    ASSERT_TRUE(found && found->checkpoint.info.step == 100) << i << ": " << place;
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace fer
