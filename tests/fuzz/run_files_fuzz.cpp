// Reads CSV files that a run leaves and that others may bring: history.csv, predictions.csv and a competition's sample.
// The first byte tells which. What is read is written and read again, after which it has to stay as it is.
#include <torch/torch.h>

#include "artifacts/history.h"
#include "artifacts/predictions.h"
#include "base/atomic_file.h"
#include "fuzz/fuzzing.h"

namespace {

using namespace fer;
using Path = std::filesystem::path;

void copy_history(const Path& from, const Path& to) {
  History history(to);
  for (const auto& record : read_history(from)) history.append(record);
}

void copy_predictions(const Path& from, const Path& to) {
  write_predictions(to, read_predictions(from));
}

/// @param copy  reads its first file, which it may refuse, and writes its second
template <class Copy>
void check_copies(const TemporaryFolder& folder, const Copy& copy) {
  std::filesystem::remove(folder / "first.csv");
  if (!is_read([&] { copy(folder / "given.csv", folder / "first.csv"); })) return;
  if (!path_exists(folder / "first.csv")) return;  // of no epochs
  copy(folder / "first.csv", folder / "second.csv");
  require(read_file(folder / "first.csv") == read_file(folder / "second.csv"), "written, they are others");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  if (size == 0) return 0;
  write_text(folder / "given.csv", text_of(data + 1, size - 1));
  if (data[0] == 'h') check_copies(folder, copy_history);
  if (data[0] == 'p') check_copies(folder, copy_predictions);
  if (data[0] == 's') is_read([&] { read_sample_submission(folder / "given.csv", torch::tensor({5, 9})); });
  return 0;
}
