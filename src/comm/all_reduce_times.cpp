#include "comm/all_reduce_times.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <chrono>

namespace fer {
namespace {

/// On the host, since metrics travel there.
double slowest(Communicator& communicator, double seconds) {
  auto value = torch::tensor({seconds}, torch::kFloat64);
  communicator.all_reduce(value, ReduceOp::kMax);
  return value.item<double>();
}

double time_once(Communicator& communicator, Summation& summation) {
  using Clock = std::chrono::steady_clock;
  slowest(communicator, 0);  // all are ready
  const auto start = Clock::now();
  summation.start();
  summation.finish()[0].item<float>();  // waits for a GPU, too
  return slowest(communicator, std::chrono::duration<double>(Clock::now() - start).count());
}

}  // namespace

std::vector<AllReduceTime> all_reduce_times(Communicator& communicator, const torch::Device& device,
                                            const std::vector<std::int64_t>& sizes_in_bytes, int repeats) {
  constexpr int kWarmUp = 3;
  std::vector<AllReduceTime> times;
  for (const auto bytes : sizes_in_bytes) {
    const auto elements = bytes / static_cast<std::int64_t>(sizeof(float));
    const auto summation = communicator.make_summation(elements, torch::dtype(torch::kFloat32).device(device));
    summation->term().fill_(1);
    std::vector<double> seconds;
    for (int i = 0; i < kWarmUp + repeats; ++i) {
      const double once = time_once(communicator, *summation);
      if (i >= kWarmUp) seconds.push_back(once);
      summation->term().fill_(1);
    }
    std::ranges::nth_element(seconds, seconds.begin() + repeats / 2);
    times.push_back({bytes, seconds[static_cast<std::size_t>(repeats / 2)]});
  }
  return times;
}

double bus_bandwidth(const AllReduceTime& time, int world_size) {
  return 1e-9 * static_cast<double>(time.bytes) / time.seconds * 2 * (world_size - 1) / world_size;
}

std::string as_csv(const std::vector<AllReduceTime>& times, const std::string& backend, int hosts, int world_size) {
  std::string text = "backend,hosts,ranks,bytes,seconds,busbw_gb_per_second\n";
  for (const auto& time : times)
    text += fmt::format("{},{},{},{},{:.4g},{:.4g}\n", backend, hosts, world_size, time.bytes, time.seconds,
                        bus_bandwidth(time, world_size));
  return text;
}

}  // namespace fer
