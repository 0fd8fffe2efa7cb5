#include "comm/collective_order.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "comm/agreement.h"
#include "comm/check.h"

namespace fer {
namespace {

struct Call {
  std::int64_t number = 0;
  std::int64_t bytes = 0;
  std::array<char, 48> name = {};  // ends with a zero

  bool operator==(const Call&) const = default;
};

std::string describe(const Call& call) {
  return fmt::format("{} of {} bytes as its collective {}", call.name.data(), call.bytes, call.number);
}

}  // namespace

CollectiveOrder::CollectiveOrder(MPI_Comm parent) {
  check_mpi(MPI_Comm_dup(parent, &comm_));
}

CollectiveOrder::~CollectiveOrder() {
  if (const int status = MPI_Comm_free(&comm_); status != MPI_SUCCESS) spdlog::warn("MPI_Comm_free: {}", status);
}

void CollectiveOrder::require_same(const char* name, std::int64_t bytes) {
  Call own{.number = ++calls_, .bytes = bytes};
  const std::string_view text(name);
  std::memcpy(own.name.data(), text.data(), std::min(text.size(), own.name.size() - 1));
  int world_size = 0;
  check_mpi(MPI_Comm_size(comm_, &world_size));
  std::vector<Call> all(static_cast<std::size_t>(world_size));
  check_mpi(MPI_Allgather(&own, sizeof(Call), MPI_BYTE, all.data(), sizeof(Call), MPI_BYTE, comm_));
  const auto other = std::ranges::find_if(all, [&](const Call& call) { return call != all.front(); });
  if (other == all.end()) return;
  fail_together(ExitCode::kPeer,
                fmt::format("the ranks call different collectives: rank 0 calls {}, rank {} {}. That is a mistake in "
                            "the program.",
                            describe(all.front()), other - all.begin(), describe(*other)));
}

}  // namespace fer
