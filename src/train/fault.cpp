#include "train/fault.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <torch/torch.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <limits>
#include <map>
#include <thread>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

const std::map<std::string, Fault::Kind>& kinds() {
  static const std::map<std::string, Fault::Kind> known = {{"kill", Fault::Kind::kKill},
                                                           {"stop", Fault::Kind::kStop},
                                                           {"sleep", Fault::Kind::kSleep},
                                                           {"nan", Fault::Kind::kNan},
                                                           {"enospc", Fault::Kind::kDiskFull}};
  return known;
}

std::int64_t number_in(const std::string& text, const std::string& key) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  require(error == std::errc() && end == text.data() + text.size() && number >= 0, ExitCode::kUsage,
          fmt::format("--inject: {} is '{}', but must be a number.", key, text));
  return number;
}

}  // namespace

Fault parse_fault(const std::string& text) {
  Fault fault;
  for (const auto& part : split_text(text, ',')) {
    const auto equals = part.find('=');
    const auto key = part.substr(0, equals), value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (key == "rank") {
      fault.rank = static_cast<int>(number_in(value, key));
    } else if (key == "step") {
      fault.step = number_in(value, key);
    } else if (const auto kind = kinds().find(value); key == "kind" && kind != kinds().end()) {
      fault.kind = kind->second;
    } else {
      fail(ExitCode::kUsage,
           fmt::format("--inject: what is '{}'? It reads rank=1,step=50,kind=kill; kinds are kill, stop, sleep, nan "
                       "and enospc.",
                       part));
    }
  }
  return fault;
}

void commit_fault(const Fault& fault, int rank, std::int64_t step, TrainingBatch& batch) {
  if (rank != fault.rank || step != fault.step) return;
  spdlog::warn("--inject: rank {} at step {}", rank, step);
  switch (fault.kind) {
    case Fault::Kind::kKill:
      std::raise(SIGKILL);
      break;
    case Fault::Kind::kStop:
      std::raise(SIGSTOP);
      break;
    case Fault::Kind::kSleep:
      std::this_thread::sleep_for(std::chrono::hours(24));
      break;
    case Fault::Kind::kNan:
      batch.images = batch.images * std::numeric_limits<double>::quiet_NaN();
      break;
    case Fault::Kind::kDiskFull:
      fail_writes_with(ENOSPC);
      break;
  }
}

}  // namespace fer
