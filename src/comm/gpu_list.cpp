#include "comm/gpu_list.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"

namespace fer {

std::string gpu_uuid(std::span<const char, 16> bytes) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

std::string list_gpus(const std::string& host, const std::vector<std::string>& hosts, const std::vector<Gpu>& gpus) {
  constexpr std::size_t kShortUuid = 12;  // up to its second dash, enough to tell the cards of a host apart
  std::map<std::string, std::vector<std::string>> ranks;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    if (hosts[rank] == host)
      ranks[gpus[rank].model].push_back(fmt::format("rank {} {}", rank, gpus[rank].uuid.substr(0, kShortUuid)));
  std::vector<std::string> texts;
  for (const auto& [model, its] : ranks) texts.push_back(fmt::format("{}: {}", model, join(its)));
  return join(texts, "; ");
}

}  // namespace fer
