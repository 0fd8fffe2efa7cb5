#include "model/inception_blocks.h"

#include <torch/torch.h>

namespace fer {
namespace {

namespace nn = torch::nn;
using torch::Tensor;

}  // namespace

ConvUnitImpl::ConvUnitImpl(nn::Conv2dOptions options)
    : convolution_(options.bias(false)), norm_(options.out_channels(), /*epsilon=*/0.001) {
  register_module("conv", convolution_);
  register_module("bn", norm_);
}

Tensor ConvUnitImpl::forward(const Tensor& input) {
  return norm_->forward(convolution_->forward(input)).relu_();
}

InceptionBlockImpl::InceptionBlockImpl(std::int64_t inputs, const std::vector<BranchSpec>& branches,
                                       std::int64_t pool_channels) {
  for (const auto& spec : branches) {
    auto& branch = branches_.emplace_back();
    auto width = inputs;
    for (const auto& unit : spec.chain) {
      branch.chain.push_back(add(unit, width));
      width = unit.channels;
    }
    for (const auto& unit : spec.fork) branch.fork.push_back(add(unit, width));
  }
  if (pool_channels > 0) pool_ = add({"branch_pool", pool_channels, 1, 1}, inputs);
}

ConvUnit InceptionBlockImpl::add(const UnitSpec& spec, std::int64_t inputs) {
  nn::Conv2dOptions options(inputs, spec.channels, {spec.kernel_height, spec.kernel_width});
  options.stride(spec.stride);
  if (spec.stride == 1) options.padding({spec.kernel_height / 2, spec.kernel_width / 2});
  return register_module(spec.name, ConvUnit(options));
}

Tensor InceptionBlockImpl::forward(const Tensor& input) {
  std::vector<Tensor> outputs;
  for (auto& branch : branches_) {
    Tensor maps = input;
    for (auto& unit : branch.chain) maps = unit->forward(maps);
    if (branch.fork.empty()) outputs.push_back(maps);
    for (auto& unit : branch.fork) outputs.push_back(unit->forward(maps));
  }
  outputs.push_back(pool_ ? pool_->forward(torch::avg_pool2d(input, {3, 3}, /*stride=*/{1, 1}, /*padding=*/{1, 1}))
                          : torch::max_pool2d(input, {3, 3}, /*stride=*/{2, 2}));
  return torch::cat(outputs, 1);
}

InceptionBlock inception_a(std::int64_t inputs, std::int64_t pool_channels) {
  const std::vector<BranchSpec> branches = {
      {{{"branch1x1", 64, 1, 1}}},
      {{{"branch5x5_1", 48, 1, 1}, {"branch5x5_2", 64, 5, 5}}},
      {{{"branch3x3dbl_1", 64, 1, 1}, {"branch3x3dbl_2", 96, 3, 3}, {"branch3x3dbl_3", 96, 3, 3}}},
  };
  return InceptionBlock(inputs, branches, pool_channels);
}

InceptionBlock inception_b(std::int64_t inputs) {
  const std::vector<BranchSpec> branches = {
      {{{"branch3x3", 384, 3, 3, 2}}},
      {{{"branch3x3dbl_1", 64, 1, 1}, {"branch3x3dbl_2", 96, 3, 3}, {"branch3x3dbl_3", 96, 3, 3, 2}}},
  };
  return InceptionBlock(inputs, branches, /*pool_channels=*/0);
}

InceptionBlock inception_c(std::int64_t inputs, std::int64_t width) {
  const std::vector<BranchSpec> branches = {
      {{{"branch1x1", 192, 1, 1}}},
      {{{"branch7x7_1", width, 1, 1}, {"branch7x7_2", width, 1, 7}, {"branch7x7_3", 192, 7, 1}}},
      {{{"branch7x7dbl_1", width, 1, 1},
        {"branch7x7dbl_2", width, 7, 1},
        {"branch7x7dbl_3", width, 1, 7},
        {"branch7x7dbl_4", width, 7, 1},
        {"branch7x7dbl_5", 192, 1, 7}}},
  };
  return InceptionBlock(inputs, branches, /*pool_channels=*/192);
}

InceptionBlock inception_d(std::int64_t inputs) {
  const std::vector<BranchSpec> branches = {
      {{{"branch3x3_1", 192, 1, 1}, {"branch3x3_2", 320, 3, 3, 2}}},
      {{{"branch7x7x3_1", 192, 1, 1},
        {"branch7x7x3_2", 192, 1, 7},
        {"branch7x7x3_3", 192, 7, 1},
        {"branch7x7x3_4", 192, 3, 3, 2}}},
  };
  return InceptionBlock(inputs, branches, /*pool_channels=*/0);
}

InceptionBlock inception_e(std::int64_t inputs) {
  const std::vector<BranchSpec> branches = {
      {{{"branch1x1", 320, 1, 1}}},
      {{{"branch3x3_1", 384, 1, 1}}, {{"branch3x3_2a", 384, 1, 3}, {"branch3x3_2b", 384, 3, 1}}},
      {{{"branch3x3dbl_1", 448, 1, 1}, {"branch3x3dbl_2", 384, 3, 3}},
       {{"branch3x3dbl_3a", 384, 1, 3}, {"branch3x3dbl_3b", 384, 3, 1}}},
  };
  return InceptionBlock(inputs, branches, /*pool_channels=*/192);
}

}  // namespace fer
