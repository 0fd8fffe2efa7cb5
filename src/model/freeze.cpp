#include "model/freeze.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/error.h"
#include "model/batch_norm.h"

namespace fer {
namespace {

std::regex parsed(const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error& error) {
    fail(ExitCode::kUsage, fmt::format("--freeze '{}' is no regular expression: {}.", pattern, error.what()));
  }
}

}  // namespace

std::vector<std::string> freeze(torch::nn::Module& net, const std::string& pattern) {
  const bool none = pattern == "none";
  const auto expression = parsed(pattern);
  std::vector<std::string> frozen;
  std::vector<std::string> names;
  for (auto& item : net.named_parameters()) {
    names.push_back(item.key());
    const bool fits = !none && std::regex_search(item.key(), expression);
    item.value().set_requires_grad(!fits);
    if (fits) frozen.push_back(item.key());
  }
  require(none || !frozen.empty(), ExitCode::kUsage,
          fmt::format("--freeze '{}' fits no parameter; they are named like '{}' and '{}'.", pattern, names.front(),
                      names.back()));
  require(frozen.size() < names.size(), ExitCode::kUsage,
          fmt::format("--freeze '{}' leaves nothing to train.", pattern));
  return frozen;
}

void train_what_is_not_frozen(torch::nn::Module& net) {
  net.train();
  for (const auto& module : net.modules(/*include_self=*/false))
    if (auto* norm = module->as<BatchNormImpl>(); norm != nullptr && !norm->weight.requires_grad()) norm->eval();
}

}  // namespace fer
