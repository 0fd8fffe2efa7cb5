#include "base/stop_signal.h"

#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <map>

#include "base/error.h"
#include "base/text.h"

namespace fer {
namespace {

std::atomic<int> last_signal = 0;  // any thread may be the one that the handler interrupts
static_assert(std::atomic<int>::is_always_lock_free);

const std::map<std::string, int>& signals_by_name() {
  static const std::map<std::string, int> signals = {
      {"HUP", SIGHUP}, {"INT", SIGINT}, {"TERM", SIGTERM}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}};
  return signals;
}

}  // namespace

std::vector<std::string> stop_signal_names() {
  std::vector<std::string> names;
  for (const auto& [name, number] : signals_by_name()) names.push_back(name);
  return names;
}

int stop_signal_number(const std::string& name) {
  const auto found = signals_by_name().find(name);
  require(found != signals_by_name().end(), ExitCode::kUsage,
          fmt::format("there is no signal '{}' to stop at; known are {}.", name, join(stop_signal_names())));
  return found->second;
}

void listen_for_stop(std::initializer_list<int> signals) {
  struct sigaction action = {};
  action.sa_handler = [](int signal) { last_signal = signal; };
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  for (const int signal : signals) ::sigaction(signal, &action, nullptr);
}

int stop_signal() {
  return last_signal;
}

}  // namespace fer
