#include "comm/agreement.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"

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
    return {ExitCode::kInternal, message_of(error), std::source_location::current()};
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
  const auto text =
      all_alike ? messages[first] : fmt::format("rank {} on {}: {}", first, hosts[first], messages[first]);
  throw AgreedError(static_cast<ExitCode>(codes[static_cast<std::int64_t>(first)].item<std::int64_t>()), text,
                    failure.where);
}

bool true_everywhere(Communicator& communicator, bool here) {
  auto answer = torch::tensor({static_cast<std::int64_t>(here)});
  communicator.all_reduce(answer, ReduceOp::kMin);
  return answer.item<std::int64_t>() == 1;
}

void require_same(Communicator& communicator, const std::string& what, const std::string& value) {
  const auto values = all_gather_text(communicator, value);
  const auto other = std::ranges::find_if(values, [&](const auto& text) { return text != values[0]; });
  if (other == values.end()) return;
  fail_together(ExitCode::kPeer, fmt::format("the ranks do not agree on {}: rank 0 has {}, rank {} has {}.", what,
                                             values[0], other - values.begin(), *other));
}

void require_same_lines(Communicator& communicator, const std::string& what, const std::string& lines) {
  const auto texts = all_gather_text(communicator, lines);
  const auto reference = split_text(texts[0], '\n');
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    const auto others = split_text(texts[rank], '\n');
    const auto [left, right] = std::ranges::mismatch(reference, others);
    if (left == reference.end() && right == others.end()) continue;
    fail_together(ExitCode::kPeer,
                  fmt::format("the ranks do not agree on {}: rank 0 has '{}', rank {} has '{}'.", what,
                              left == reference.end() ? "" : *left, rank, right == others.end() ? "" : *right));
  }
}

std::string message_of(const std::exception& error) {
  const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
  return torch_error != nullptr ? torch_error->what_without_backtrace() : error.what();
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown-host";
}

}  // namespace fer
