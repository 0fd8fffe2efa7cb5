#include "comm/clocks.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

namespace fer {
namespace {

constexpr int kRoundTrips = 8;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

torch::Tensor one_number(double value) {
  return torch::tensor({value}, torch::kFloat64);
}

RoundTrip ask(Communicator& ranks, int other) {
  RoundTrip trip;
  trip.asked = now();
  ranks.exchange(one_number(0), other);  // a time that went out at once would be older than the question
  trip.answered = ranks.exchange(one_number(0), other).item<double>();
  trip.heard = now();
  return trip;
}

void answer(Communicator& ranks) {
  ranks.exchange(one_number(0), /*peer=*/0);
  ranks.exchange(one_number(now()), /*peer=*/0);
}

}  // namespace

double clock_ahead(const std::vector<RoundTrip>& trips) {
  const auto seconds = [](const RoundTrip& trip) { return trip.heard - trip.asked; };
  const auto& best = *std::ranges::min_element(trips, {}, seconds);
  return best.answered - (best.asked + best.heard) / 2;
}

double ahead_of_rank_0(Communicator& ranks) {
  auto ahead = torch::zeros({ranks.world_size()}, torch::kFloat64);
  for (int other = 1; other < ranks.world_size(); ++other) {
    std::vector<RoundTrip> trips;
    for (int i = 0; i < kRoundTrips; ++i) {
      if (ranks.rank() == 0) trips.push_back(ask(ranks, other));
      if (ranks.rank() == other) answer(ranks);
    }
    if (ranks.rank() == 0) ahead[other] = clock_ahead(trips);
  }
  ranks.broadcast(ahead, /*root=*/0);
  return ahead[ranks.rank()].item<double>();
}

}  // namespace fer
