#include "apps/doctor_report.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <map>
#include <set>

#include "base/text.h"
#include "comm/agreement.h"

namespace fer {

std::string by_host(MpiCommunicator& ranks, const std::string& text) {
  const auto hosts = all_gather_text(ranks, host_name());
  const auto texts = all_gather_text(ranks, text);
  std::map<std::string, std::string> found;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) found.emplace(hosts[rank], texts[rank]);
  std::set<std::string> different;
  for (const auto& [host, its] : found) different.insert(its);
  if (different.size() == 1) return *different.begin();
  std::vector<std::string> lines;
  for (const auto& [host, its] : found) lines.push_back(fmt::format("{}: {}", host, its));
  return join(lines, "\n         ");
}

int count_hosts(MpiCommunicator& ranks) {
  const auto hosts = all_gather_text(ranks, host_name());
  return static_cast<int>(std::set<std::string>(hosts.begin(), hosts.end()).size());
}

bool DoctorReport::check(const std::string& what, const std::function<std::string()>& look) {
  return attempt(what, [&] { spdlog::info("{:<8} {}", what, look()); });
}

void DoctorReport::tell(const std::string& what, const std::function<Finding()>& find) {
  attempt(what, [&] {
    Finding finding;
    agree(ranks_, [&] { finding = find(); });
    const bool is_told = ranks_.rank() == ranks_.local_root();
    const bool will_do = true_everywhere(ranks_, finding.advice.empty() || !is_told);
    const auto warning = finding.advice.empty() ? "" : ". WARNING: " + finding.advice;
    const auto text = by_host(ranks_, finding.text + warning);
    if (ranks_.rank() == 0) spdlog::log(will_do ? spdlog::level::info : spdlog::level::warn, "{:<8} {}", what, text);
  });
}

bool DoctorReport::attempt(const std::string& what, const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const AgreedError& error) {
    if (ranks_.rank() == 0) spdlog::warn("{:<8} NOT IN ORDER: {}", what, error.what());
    if (worst_ == ExitCode::kOk) worst_ = error.code();
    return false;
  }
}

}  // namespace fer
