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

/// The ranks that have the value of rank `other`, which is not rank 0's, and where the first of them is.
std::string describe_difference(Communicator& communicator, const std::vector<std::string>& values, std::size_t other) {
  std::vector<std::string> ranks;
  for (std::size_t rank = other; rank < values.size(); ++rank)
    if (values[rank] == values[other]) ranks.push_back(std::to_string(rank));
  const auto hosts = all_gather_text(communicator, host_name());
  return fmt::format("rank 0 on {} has '{}', {} {} on {} '{}'", hosts[0], values[0],
                     ranks.size() == 1 ? "rank" : "ranks", join(ranks), hosts[other], values[other]);
}

/// The first rank whose value is not rank 0's; the number of ranks if there is none.
std::size_t first_other(const std::vector<std::string>& values) {
  return static_cast<std::size_t>(std::ranges::find_if(values, [&](const auto& text) { return text != values[0]; }) -
                                  values.begin());
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

bool same_everywhere(Communicator& communicator, const std::string& value) {
  const auto values = all_gather_text(communicator, value);
  return first_other(values) == values.size();
}

void require_same(Communicator& communicator, const std::string& what, const std::string& value) {
  const auto values = all_gather_text(communicator, value);
  const auto other = first_other(values);
  if (other == values.size()) return;
  fail_together(ExitCode::kPeer, fmt::format("the ranks do not agree on {}: {}.", what,
                                             describe_difference(communicator, values, other)));
}

void require_same_lines(Communicator& communicator, const std::string& what, const std::string& lines) {
  const auto texts = all_gather_text(communicator, lines);
  const auto other = first_other(texts);
  if (other == texts.size()) return;
  const auto reference = split_text(texts[0], '\n'), others = split_text(texts[other], '\n');
  const auto place = std::ranges::mismatch(reference, others).in1 - reference.begin();
  std::vector<std::string> values;
  for (const auto& text : texts) {
    const auto its = split_text(text, '\n');
    values.push_back(place < std::ssize(its) ? its[static_cast<std::size_t>(place)] : "");
  }
  fail_together(ExitCode::kPeer, fmt::format("the ranks do not agree on {}: {}.", what,
                                             describe_difference(communicator, values, other)));
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
