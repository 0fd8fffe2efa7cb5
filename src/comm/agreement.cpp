#include "comm/agreement.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace fer {
namespace {

struct Failure {
  ExitCode code = ExitCode::kOk;
  std::string message;
  std::source_location where;
};

Failure run(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return {error.code(), error.what(), error.where()};
  } catch (const std::exception& error) {
    return {ExitCode::kInternal, error.what(), std::source_location::current()};
  }
}

}  // namespace

void fail_together(ExitCode code, const std::string& message, std::source_location where) {
  throw AgreedError(code, message, where);
}

void agree(Communicator& communicator, const std::function<void()>& work) {
  const Failure failure = run(work);
  const auto codes = communicator.all_gather(torch::tensor({static_cast<std::int64_t>(failure.code)})).flatten();
  if (codes.eq(0).all().item<bool>()) return;

  const auto hosts = all_gather_text(communicator, host_name());
  const auto messages = all_gather_text(communicator, failure.message);
  const auto first = static_cast<std::size_t>(codes.ne(0).to(torch::kInt64).argmax().item<std::int64_t>());
  const bool all_alike = std::ranges::all_of(messages, [&](const auto& text) { return text == messages[0]; });
  const auto text = all_alike ? messages[first] : fmt::format("rank {} on {}: {}", first, hosts[first], messages[first]);
  throw AgreedError(static_cast<ExitCode>(codes[static_cast<std::int64_t>(first)].item<std::int64_t>()), text,
                    failure.where);
}

void require_same(Communicator& communicator, const std::string& what, const std::string& value) {
  const auto values = all_gather_text(communicator, value);
  const auto other = std::ranges::find_if(values, [&](const auto& text) { return text != values[0]; });
  if (other == values.end()) return;
  fail_together(ExitCode::kPeer, fmt::format("the ranks do not agree on {}: rank 0 has {}, rank {} has {}.", what,
                                             values[0], other - values.begin(), *other));
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown-host";
}

}  // namespace fer
