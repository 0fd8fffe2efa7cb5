#include "train/step_account.h"

#include <torch/torch.h>

#include <algorithm>

namespace fer {

StepAccount& StepAccount::operator+=(const StepAccount& more) {
  compute += more.compute;
  communication += more.communication;
  data += more.data;
  other += more.other;
  return *this;
}

std::vector<StepAccount> all_accounts(const StepAccount& own, Communicator& communicator) {
  const auto rows =
      communicator.all_gather(torch::tensor({own.compute, own.communication, own.data, own.other}, torch::kFloat64));
  const auto values = rows.accessor<double, 2>();
  std::vector<StepAccount> accounts;
  for (std::int64_t rank = 0; rank < values.size(0); ++rank)
    accounts.push_back({values[rank][0], values[rank][1], values[rank][2], values[rank][3]});
  return accounts;
}

StepAccount mean_of(const std::vector<StepAccount>& accounts) {
  StepAccount mean;
  const double share = 1.0 / static_cast<double>(accounts.size());
  for (const auto& account : accounts)
    mean += {share * account.compute, share * account.communication, share * account.data, share * account.other};
  return mean;
}

std::optional<SlowestRank> slowest_of(const std::vector<StepAccount>& accounts, const std::vector<double>& shares) {
  if (accounts.size() < 2) return std::nullopt;
  std::vector<double> own;
  for (std::size_t rank = 0; rank < accounts.size(); ++rank) own.push_back(accounts[rank].own() / shares.at(rank));
  const auto slowest = std::ranges::max_element(own);
  SlowestRank found{static_cast<int>(slowest - own.begin()), *slowest};
  own.erase(slowest);
  std::ranges::sort(own);
  const auto half = own.size() / 2;
  const double median = own.size() % 2 == 1 ? own[half] : (own[half - 1] + own[half]) / 2;
  found.ratio /= median;
  return found;
}

}  // namespace fer
