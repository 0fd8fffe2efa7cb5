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
  const auto slowest = std::ranges::max_element(accounts, {}, &StepAccount::own) - accounts.begin();
  std::vector<double> others;  // for a unit of work
  for (std::size_t rank = 0; rank < accounts.size(); ++rank) others.push_back(accounts[rank].own() / shares.at(rank));
  const double own = others[static_cast<std::size_t>(slowest)];
  others.erase(others.begin() + slowest);
  std::ranges::sort(others);
  const auto half = others.size() / 2;
  const double median = others.size() % 2 == 1 ? others[half] : (others[half - 1] + others[half]) / 2;
  return SlowestRank{static_cast<int>(slowest), own / median};
}

}  // namespace fer
