#include "train/non_finite.h"

#include <ATen/record_function.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string_view>

#include "model/stages.h"

namespace fer {
namespace {

bool is_finite(const torch::Tensor& tensor) {
  return !tensor.is_floating_point() || tensor.isfinite().all().item<bool>();
}

/// Makes memory, or looks at some in another way, perhaps ahead of the operation that fills it.
bool may_have_no_values_yet(std::string_view operation) {
  constexpr std::array kNames = {"empty", "resize", "as_strided", "view", "slice", "narrow", "select"};
  return std::ranges::any_of(kNames, [&](const char* name) { return operation.find(name) != operation.npos; });
}

/// "features.0" of "features.0.weight".
std::string layer_of(const std::string& parameter) {
  return parameter.substr(0, parameter.find_last_of('.'));
}

/// Hears of every operation of a forward pass on its thread, while it is in scope.
class OperationWatch {
 public:
  explicit OperationWatch(const Net& net) {
    for (const auto& item : net.named_parameters()) layers_[item.value().data_ptr()] = layer_of(item.key());
    current = this;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(before_operation, after_operation)
                                             .needsInputs(true)
                                             .needsOutputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  OperationWatch(const OperationWatch&) = delete;
  OperationWatch& operator=(const OperationWatch&) = delete;
  ~OperationWatch() {
    at::removeCallback(handle_);
    current = nullptr;
  }

  /// Empty if all outputs were finite.
  const std::string& found() const { return found_; }
  std::int64_t operations() const { return operations_; }

 private:
  // Inputs may be looked at before an operation alone: their memory is reused.
  static std::unique_ptr<at::ObserverContext> before_operation(const at::RecordFunction& operation) {
    if (current != nullptr && current->found_.empty() && !current->looking_) current->look_at_inputs(operation);
    return nullptr;
  }

  static void after_operation(const at::RecordFunction& operation, at::ObserverContext*) {
    if (current == nullptr || !current->found_.empty() || current->looking_) return;
    if (may_have_no_values_yet(operation.name())) return;
    current->looking_ = true;  // to look is itself made of operations
    current->look_at_outputs(operation);
    current->looking_ = false;
  }

  void look_at_inputs(const at::RecordFunction& operation) {
    for (const auto& input : operation.inputs()) {
      if (!input.isTensor() || !input.toTensor().defined() || !input.toTensor().has_storage()) continue;
      if (const auto layer = layers_.find(input.toTensor().data_ptr()); layer != layers_.end()) layer_ = layer->second;
    }
  }

  void look_at_outputs(const at::RecordFunction& operation) {
    ++operations_;
    for (const auto& output : operation.outputs()) {
      if (!output.isTensor() || !output.toTensor().defined() || is_finite(output.toTensor())) continue;
      const std::string_view name = operation.name();
      found_ = fmt::format("the output of {} {} layer '{}'", name.substr(name.rfind(':') + 1),
                           layer_.empty() ? "ahead of any" : "at", layer_);
      return;
    }
  }

  static thread_local OperationWatch* current;

  std::map<const void*, std::string> layers_;  // by the memory of their parameters
  std::string layer_;                          // the last one that was used
  std::string found_;
  std::int64_t operations_ = 0;  // until then
  bool looking_ = false;
  at::CallbackHandle handle_ = 0;
};

thread_local OperationWatch* OperationWatch::current = nullptr;

}  // namespace

torch::Tensor not_finite(const std::vector<torch::Tensor>& tensors) {
  return torch::stack(at::_foreach_norm(tensors)).sum().isfinite().logical_not();
}

NonFinite first_non_finite(Net& net, const std::vector<TrainingBatch>& parts, const LossConfig& loss,
                           const NamedParameters& parameters, const std::vector<torch::Tensor>& gradients) {
  constexpr std::int64_t kForward = 2, kLoss = 1'000'000, kGradients = 1'000'001;
  const torch::NoGradGuard no_grad;
  std::vector<NonFinite> found;
  for (const auto& part : parts)
    if (!is_finite(part.images)) found.push_back({0, "a picture"});
  for (const auto& item : net.named_parameters())
    if (!is_finite(item.value())) found.push_back({1, fmt::format("parameter '{}'", item.key())});
  // Whatever is found already: other ranks may wait for this one in a batch norm.
  run_plain(net, true);  // by operations that the watch can hear
  const OperationWatch watch(net);
  bool loss_is_finite = true;
  for (const auto& part : parts) {
    const auto logits = net.forward(part.images);
    loss_is_finite = loss_is_finite && is_finite(summed_loss(logits, part, loss));
  }
  if (!watch.found().empty()) found.push_back({kForward + watch.operations(), watch.found()});
  if (!loss_is_finite) found.push_back({kLoss, "the loss"});
  // Backward goes from the last layer to the first.
  for (std::size_t i = parameters.size(); i-- > 0;)
    if (!is_finite(gradients[i]))
      found.push_back({kGradients, fmt::format("the gradient of '{}'", parameters[i].first)});
  found.push_back({kGradients, "the norm of the gradients"});
  return found.front();
}

}  // namespace fer
