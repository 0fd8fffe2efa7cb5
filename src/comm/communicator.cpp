#include "comm/communicator.h"

#include <cstring>

namespace fer {
namespace {

torch::Tensor bytes_of(const std::string& text, std::int64_t length) {
  auto bytes = torch::zeros({length}, torch::kUInt8);
  if (!text.empty()) std::memcpy(bytes.data_ptr(), text.data(), text.size());
  return bytes;
}

std::string text_of(const torch::Tensor& bytes, std::int64_t length) {
  return {static_cast<const char*>(bytes.const_data_ptr()), static_cast<std::size_t>(length)};
}

}  // namespace

std::vector<std::string> all_gather_text(Communicator& communicator, const std::string& text) {
  const auto own_length = torch::tensor({static_cast<std::int64_t>(text.size())});
  const auto lengths = communicator.all_gather(own_length);
  const auto rows = communicator.all_gather(bytes_of(text, lengths.max().item<std::int64_t>()));
  std::vector<std::string> texts;
  for (std::int64_t rank = 0; rank < rows.size(0); ++rank)
    texts.push_back(text_of(rows[rank], lengths[rank].item<std::int64_t>()));
  return texts;
}

std::string broadcast_text(Communicator& communicator, const std::string& text, int root) {
  auto length = torch::tensor({static_cast<std::int64_t>(text.size())});
  communicator.broadcast(length, root);
  const auto count = length.item<std::int64_t>();
  auto bytes = communicator.rank() == root ? bytes_of(text, count) : torch::zeros({count}, torch::kUInt8);
  communicator.broadcast(bytes, root);
  return text_of(bytes, count);
}

}  // namespace fer
