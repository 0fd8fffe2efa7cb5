#include "data/selection.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"
#include "kernels/philox.h"

namespace fer {

torch::Tensor rows_of(const torch::Tensor& tensor, const std::vector<std::int64_t>& rows) {
  return tensor.index_select(0, torch::tensor(at::IntArrayRef(rows.data(), rows.size()), torch::kInt64));
}

namespace {

constexpr std::uint32_t kFractionStream = 0x46524143;  // "FRAC": no other use of a seed draws from it

/// `count` of the items, chosen at random, in their order.
std::vector<std::int64_t> choose(std::vector<std::int64_t> items, std::size_t count, PhiloxStream& random) {
  for (std::size_t i = 0; i < count; ++i)
    std::swap(items[i], items[i + random.below(static_cast<std::uint32_t>(items.size() - i))]);
  items.resize(count);
  std::ranges::sort(items);
  return items;
}

/// The new label of each old one; -1 where it is left out.
std::vector<std::int64_t> relabelling(const std::vector<std::string>& classes, const std::vector<std::string>& wanted) {
  std::vector<std::int64_t> map(classes.size(), -1);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto found = std::ranges::find(classes, wanted[i]);
    require(found != classes.end(), ExitCode::kUsage,
            fmt::format("--classes names '{}', but the dataset has {}; did you mean '{}'?", wanted[i], join(classes),
                        closest_name(wanted[i], classes)));
    auto& label = map[static_cast<std::size_t>(found - classes.begin())];
    require(label < 0, ExitCode::kUsage, fmt::format("--classes names '{}' twice.", wanted[i]));
    label = static_cast<std::int64_t>(i);
  }
  return map;
}

torch::Tensor read_weights(const std::filesystem::path& path, const std::vector<std::string>& classes) {
  auto weights = torch::full({static_cast<std::int64_t>(classes.size())}, -1.0F);
  const auto lines = split_text(read_file(path), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto fields = split_text(lines[i], ',');
    const auto found = fields.size() == 2 ? std::ranges::find(classes, fields[0]) : classes.end();
    double weight = -1;
    bool whole = false;
    if (found != classes.end()) {
      const char* const end = fields[1].data() + fields[1].size();
      whole = std::from_chars(fields[1].data(), end, weight).ptr == end &&
              weights[found - classes.begin()].item<float>() < 0;  // and for the first time
    }
    require(whole && weight >= 0 && std::isfinite(weight), ExitCode::kBadInput,
            fmt::format("'{}' line {}: '{}' is no line class,weight, where the class is one of {}, each once, and the "
                        "weight not negative.",
                        path.string(), i + 1, lines[i], join(classes)));
    weights[found - classes.begin()] = weight;
  }
  for (std::size_t c = 0; c < classes.size(); ++c)
    require(weights[static_cast<std::int64_t>(c)].item<float>() >= 0, ExitCode::kBadInput,
            fmt::format("'{}' has no weight for '{}'.", path.string(), classes[c]));
  return weights;
}

/// [N, classes] votes -> [rows, chosen classes] shares, which add up to 1.
torch::Tensor shares_of_votes(const torch::Tensor& votes, const std::vector<std::int64_t>& rows,
                              const std::vector<std::int64_t>& relabelling) {
  std::vector<std::int64_t> old_labels(relabelling.size());
  std::size_t chosen = 0;
  for (std::size_t old = 0; old < relabelling.size(); ++old) {
    if (relabelling[old] < 0) continue;
    old_labels[static_cast<std::size_t>(relabelling[old])] = static_cast<std::int64_t>(old);
    ++chosen;
  }
  old_labels.resize(chosen);
  const auto counts = rows_of(votes, rows).index_select(1, torch::tensor(old_labels)).to(torch::kFloat32);
  return counts / counts.sum(1, /*keepdim=*/true);
}

}  // namespace

Selection select_samples(const Targets& targets, const std::vector<std::string>& classes,
                         const std::vector<std::string>& wanted, double fraction, std::uint64_t seed) {
  const auto map = relabelling(classes, wanted.empty() ? classes : wanted);
  std::vector<std::vector<std::int64_t>> by_class(classes.size());
  const auto* label = targets.labels.const_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < targets.labels.numel(); ++row)
    by_class.at(static_cast<std::size_t>(label[row])).push_back(row);

  Selection selection;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    if (map[c] < 0 || by_class[c].empty()) continue;
    const auto share = fraction * static_cast<double>(by_class[c].size());
    const auto count = std::max<std::size_t>(static_cast<std::size_t>(std::llround(share)), 1);
    PhiloxStream random(seed, kFractionStream, c);
    const auto rows = fraction < 1 ? choose(std::move(by_class[c]), count, random) : std::move(by_class[c]);
    selection.rows.insert(selection.rows.end(), rows.begin(), rows.end());
  }
  std::ranges::sort(selection.rows);
  selection.labels = torch::empty({static_cast<std::int64_t>(selection.rows.size())}, torch::kInt64);
  for (std::size_t i = 0; i < selection.rows.size(); ++i)
    selection.labels.data_ptr<std::int64_t>()[i] = map[static_cast<std::size_t>(label[selection.rows[i]])];
  if (targets.votes.defined()) selection.class_shares = shares_of_votes(targets.votes, selection.rows, map);
  return selection;
}

Split selected(const Split& split, const Selection& selection) {
  if (static_cast<std::int64_t>(selection.rows.size()) == split.size())
    return {split.name, split.images, selection.labels, split.ids, {}};
  return {split.name, rows_of(split.images, selection.rows), selection.labels, rows_of(split.ids, selection.rows), {}};
}

torch::Tensor class_counts(const Selection& selection, std::int64_t classes) {
  if (selection.class_shares.defined()) return selection.class_shares.sum(0);
  return torch::bincount(selection.labels, {}, classes).to(torch::kFloat32);
}

torch::Tensor class_weights(const std::string& spec, const torch::Tensor& counts,
                            const std::vector<std::string>& classes) {
  if (spec == "none") return {};
  auto weights = spec == "balanced" ? torch::where(counts > 0, 1 / counts, torch::zeros_like(counts))
                                    : read_weights(spec, classes);
  const auto mean = (weights * counts).sum() / counts.sum();
  require(mean.item<double>() > 0, ExitCode::kBadInput, fmt::format("the class weights of '{}' are all zero.", spec));
  return weights / mean;
}

}  // namespace fer
