// Reads safetensors files; those that can be read are written, which gives them a digest, and read as checkpoints.
#include "artifacts/safetensors.h"

#include <torch/torch.h>

#include <cstring>

#include "artifacts/checkpoint.h"
#include "fuzz/fuzzing.h"

namespace {

using namespace fer;

/// Bit by bit: values may be no numbers.
bool same(const torch::Tensor& a, const torch::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         (a.nbytes() == 0 || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryFolder folder;
  write_text(folder / "file", text_of(data, size));
  SafetensorsFile file;
  if (!is_read([&] { file = read_safetensors(folder / "file"); })) return 0;
  write_safetensors(folder / "copy", file);
  const auto copy = read_safetensors(folder / "copy");
  require(copy.verified && copy.metadata == file.metadata, "written, it says something else");
  require(copy.tensors.size() == file.tensors.size(), "written, it has other tensors");
  for (const auto& [name, tensor] : file.tensors)
    require(same(tensor, copy.tensors.at(name)), "written, it has other values");
  is_read([&] { read_checkpoint(folder / "copy"); });
  return 0;
}
