#include "model/last_map.h"

#include <torch/torch.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace fer {
namespace {

thread_local LastMap* watching = nullptr;

/// Marks an operation that takes the map.
struct GoesOn final : at::ObserverContext {};

bool holds(const c10::IValue& value, const torch::Tensor& tensor) {
  if (value.isTensor()) return value.toTensor().is_same(tensor);
  if (!value.isTensorList()) return false;
  const auto list = value.toTensorVector();
  return std::ranges::any_of(list, [&](const torch::Tensor& item) { return item.is_same(tensor); });
}

bool has_same_places(const torch::Tensor& one, const torch::Tensor& other) {
  return one.dim() == 4 && one.size(0) == other.size(0) && one.size(2) == other.size(2) && one.size(3) == other.size(3);
}

}  // namespace

LastMap::LastMap()
    : outer_(std::exchange(watching, this)),
      handle_(at::addThreadLocalCallback(at::RecordFunctionCallback(on_start, on_end)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}))) {}

LastMap::~LastMap() {
  at::removeCallback(handle_);
  watching = outer_;
}

std::unique_ptr<at::ObserverContext> LastMap::on_start(const at::RecordFunction& operation) {
  return watching->goes_into(operation) ? std::make_unique<GoesOn>() : nullptr;
}

void LastMap::on_end(const at::RecordFunction& operation, at::ObserverContext* goes_on) {
  const bool is_convolution = operation.name() == std::string_view("aten::convolution");
  if ((!is_convolution && goes_on == nullptr) || operation.outputs().empty()) return;
  if (const auto& output = operation.outputs()[0]; output.isTensor()) watching->take(output.toTensor(), is_convolution);
}

bool LastMap::goes_into(const at::RecordFunction& operation) const {
  return map_.defined() &&
         std::ranges::any_of(operation.inputs(), [&](const auto& input) { return holds(input, map_); });
}

void LastMap::take(const torch::Tensor& output, bool of_convolution) {
  if (!output.requires_grad()) return;  // a step inside of an operation
  if (of_convolution || has_same_places(output, map_)) map_ = output;
}

}  // namespace fer
