#include "train/replicas.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>

#include "base/digest.h"
#include "comm/agreement.h"

namespace fer {
namespace {

std::vector<std::pair<std::string, torch::Tensor>> named_tensors(const torch::nn::Module& net) {
  std::vector<std::pair<std::string, torch::Tensor>> tensors;
  for (const auto& item : net.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : net.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

std::int64_t digest_bits(const torch::Tensor& tensor) {
  const auto host = tensor.detach().to(torch::kCPU).contiguous();
  return static_cast<std::int64_t>(digest_of(host.const_data_ptr(), host.nbytes()).low);
}

/// The rank whose value the fewest others share.
std::int64_t odd_one_out(const torch::Tensor& values) {
  std::map<std::int64_t, int> votes;
  for (std::int64_t rank = 0; rank < values.numel(); ++rank) ++votes[values[rank].item<std::int64_t>()];
  std::int64_t odd = 0;
  for (std::int64_t rank = 0; rank < values.numel(); ++rank)
    if (votes[values[rank].item<std::int64_t>()] <= votes[values[odd].item<std::int64_t>()]) odd = rank;
  return odd;
}

}  // namespace

void broadcast_replica(torch::nn::Module& net, Communicator& communicator) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : named_tensors(net)) {
    auto dense = tensor.detach().contiguous();  // a copy where the layout is channels-last
    communicator.broadcast(dense, /*root=*/0);
    tensor.detach().copy_(dense);
  }
}

void require_equal_replicas(const torch::nn::Module& net, Communicator& communicator) {
  if (communicator.world_size() == 1) return;
  const auto tensors = named_tensors(net);
  std::vector<std::int64_t> digests;
  for (const auto& [name, tensor] : tensors) digests.push_back(digest_bits(tensor));
  const auto all = communicator.all_gather(torch::tensor(digests));  // [ranks, tensors]
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto column = all.select(1, static_cast<std::int64_t>(i)).contiguous();
    if (column.eq(column[0]).all().item<bool>()) continue;
    fail_together(ExitCode::kPeer,
                  fmt::format("the replicas have drifted apart: {} in '{}'. This points to faulty memory or to a build "
                              "that differs between hosts.",
                              communicator.world_size() == 2
                                  ? "ranks 0 and 1 differ"
                                  : fmt::format("rank {} differs from the others", odd_one_out(column)),
                              tensors[i].first));
  }
}

}  // namespace fer
