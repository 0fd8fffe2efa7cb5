#include "apps/doctor_trials.h"

#include <fmt/format.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>

#include "base/atomic_file.h"
#include "comm/agreement.h"
#include "data/dataset.h"
#include "data/dataset_writer.h"
#include "data/synthesis.h"

namespace fer {

namespace fs = std::filesystem;

std::string try_folder(const fs::path& parent, MpiCommunicator& ranks) {
  const auto folder = parent / fmt::format("fer_doctor-{}", broadcast_text(ranks, std::to_string(::getpid()), 0));
  const auto start = std::chrono::steady_clock::now();
  agree(ranks, [&] {
    if (ranks.rank() == 0) make_writable_folder(folder);
  });
  try {
    const Synthesis faces({64, 16, 16, 1});
    write_dataset(ranks, faces, {folder / "dataset", "doctor", 2, 1, false}, [](std::int64_t) {});
    agree(ranks, [&] { verify_dataset(folder / "dataset"); });
  } catch (...) {
    if (ranks.rank() == 0) fs::remove_all(folder);
    throw;
  }
  if (ranks.rank() == 0) fs::remove_all(folder);
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return fmt::format("'{}' holds HDF5 files, which all ranks read back ({:.2f} s)", parent.string(), seconds);
}

std::string try_sum(const Placement& placement, MpiCommunicator& ranks) {
  const auto device_communicator = make_device_communicator(placement, ranks);
  Communicator& communicator = device_communicator ? *device_communicator : ranks;
  const auto summation = communicator.make_summation(1000, torch::dtype(torch::kFloat32).device(placement.device));
  summation->term().fill_(ranks.rank() + 1);
  summation->start();
  const auto sum = summation->finish().cpu();
  const double n = ranks.world_size();
  agree(ranks, [&] {
    require(sum.eq(n * (n + 1) / 2).all().item<bool>(), ExitCode::kPeer,
            fmt::format("{} adds up the ranks' numbers wrongly.", placement.backend));
  });
  communicator.close();
  if (ranks.world_size() == 1) return "one rank, with nobody to speak to";
  return fmt::format("adds up the numbers of {} ranks {}", ranks.world_size(), summation->way());
}

}  // namespace fer
