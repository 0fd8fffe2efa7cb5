#include "comm/watchdog.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <random>
#include <thread>

#include "base/console.h"
#include "base/error.h"
#include "base/json_text.h"
#include "comm/agreement.h"
#include "comm/line_socket.h"

namespace fer {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr double kBeatSeconds = 0.5;
constexpr double kConnectSeconds = 2, kGatherSeconds = 20, kDeathSeconds = 0.5;
constexpr double kVerdictSeconds = 10;  // of a slow disk, on which it is put on record
constexpr const char* kGoodbye = "goodbye";

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// A rank as another sees it.
struct Peer {
  LineSocket socket;
  RankReport report;
  Clock::time_point heard = Clock::now();
  std::optional<Clock::time_point> closed;  // when its connection was found to be
  bool left = false;  // it said goodbye
};

/// Rank 0's peers are all others, in their order; theirs is rank 0.
struct Star {
  std::vector<Peer> peers;
  bool complete = true;
};

Star connect_to_root(const json& invitation, int rank) {
  for (const auto& address : invitation.at("addresses")) {
    auto socket = connect_within(address.get<std::string>(), invitation.at("port").get<int>(), kConnectSeconds);
    if (!socket) continue;
    socket->send(json{{"token", invitation.at("token")}, {"rank", rank}}.dump());
    if (socket->receive_within(kConnectSeconds) != invitation.at("token").get<std::string>()) continue;  // of another
    Star star;
    star.peers.emplace_back();
    star.peers[0].socket = std::move(*socket);
    return star;
  }
  return {{}, false};
}

Star gather_peers(LineListener& listener, const std::string& token, int world_size) {
  Star star;
  star.peers.resize(static_cast<std::size_t>(world_size - 1));
  const auto start = Clock::now();
  for (int missing = world_size - 1; missing > 0;) {
    const double left = kGatherSeconds - seconds_since(start);
    auto socket = left > 0 ? listener.accept_within(left) : std::nullopt;
    if (!socket) return {{}, false};
    const auto hello = json::parse(socket->receive_within(kConnectSeconds).value_or(""), nullptr, false);
    if (!hello.is_object() || hello.value("token", "") != token) continue;
    const int rank = hello.value("rank", 0);
    if (rank < 1 || rank >= world_size) continue;
    socket->send(token);
    star.peers[static_cast<std::size_t>(rank - 1)].socket = std::move(*socket);
    --missing;
  }
  return star;
}

/// Collective.
Star make_star(Communicator& communicator) {
  std::optional<LineListener> listener;
  json invitation;
  if (communicator.rank() == 0) {
    listener.emplace();
    const auto token = fmt::format("{:08x}{:08x}", std::random_device{}(), std::random_device{}());
    invitation = {{"port", listener->port()}, {"token", token}, {"addresses", own_addresses()}};
  }
  invitation = json::parse(broadcast_text(communicator, invitation.dump(), /*root=*/0));
  auto star = listener ? gather_peers(*listener, invitation.at("token").get<std::string>(), communicator.world_size())
                       : connect_to_root(invitation, communicator.rank());
  star.complete = true_everywhere(communicator, star.complete);
  const auto hosts = all_gather_text(communicator, host_name());
  for (std::size_t i = 0; i < star.peers.size(); ++i) {
    auto& report = star.peers[i].report;
    report.rank = communicator.rank() == 0 ? static_cast<int>(i) + 1 : 0;
    report.host = hosts[static_cast<std::size_t>(report.rank)];
  }
  return star;
}

}  // namespace

/// The thread and what it alone touches.
class Watchdog::Thread {
 public:
  Thread(double limit_seconds, Star star, int rank, OnVerdict on_verdict)
      : limit_seconds_(limit_seconds),
        beat_seconds_(std::min(kBeatSeconds, limit_seconds / 5)),
        star_(std::move(star)),
        rank_(rank),
        on_verdict_(std::move(on_verdict)),
        wake_(::eventfd(0, EFD_CLOEXEC)) {
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);  // signals are the main thread's
    thread_ = std::thread([this] { run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  ~Thread() {
    const std::uint64_t one = 1;
    if (::write(wake_, &one, sizeof(one)) < 0) spdlog::warn("the watchdog does not hear that it is to end");
    thread_.join();
    ::close(wake_);
  }

 private:
  void run() {
    for (auto& peer : star_.peers) peer.heard = Clock::now();
    for (auto last_beat = Clock::time_point();;) {
      const auto awake = Clock::now();
      const auto slept = [&] { return seconds_since(awake) > limit_seconds_ / 2; };
      if (seconds_since(last_beat) >= beat_seconds_) {
        last_beat = Clock::now();
        const auto report = own_report();
        if (!slept()) beat(report);
      }
      if (wait(std::min(beat_seconds_ - seconds_since(last_beat), seconds_until_death()))) break;
      for (auto& peer : star_.peers) hear(peer);
      const auto reports = all_reports();
      const auto verdict = judge(reports);
      if (slept())
        forgive();
      else if (verdict)
        end(*verdict, reports);
    }
    for (auto& peer : star_.peers) peer.socket.send(kGoodbye);
  }

  RankReport own_report() const { return report_of(current_activity(), rank_, host_, limit_seconds_); }

  void beat(const RankReport& report) {
    const auto line = json_text(to_json(report));
    for (auto& peer : star_.peers) peer.socket.send(line);
  }

  /// The whole job may have been suspended: nobody could say anything, and nothing was done.
  void forgive() {
    for (auto& peer : star_.peers) {
      peer.heard = Clock::now();
      if (peer.closed) peer.closed = peer.heard;
    }
    forget_pause();
  }

  /// Until the first of those that are gone is taken for dead. It is to be said in time: when mpirun loses a host, it
  /// kills the job's other ranks a second after it has asked them to end (odls_base_sigkill_timeout).
  double seconds_until_death() const {
    double seconds = limit_seconds_;
    for (const auto& peer : star_.peers)
      if (peer.closed && !peer.left) seconds = std::min(seconds, kDeathSeconds - seconds_since(*peer.closed));
    return seconds;
  }

  /// @return whether this is to end
  bool wait(double seconds) {
    std::vector<pollfd> wanted = {{wake_, POLLIN, 0}};
    for (const auto& peer : star_.peers)
      if (peer.socket.is_open()) wanted.push_back({peer.socket.descriptor(), POLLIN, 0});
    ::poll(wanted.data(), wanted.size(), static_cast<int>(1000 * std::max(seconds, 0.0)) + 1);
    return (wanted[0].revents & POLLIN) != 0;
  }

  void hear(Peer& peer) {
    if (!peer.socket.is_open()) return;
    for (const auto& line : peer.socket.receive()) {
      peer.heard = Clock::now();
      if (line == kGoodbye) {
        peer.left = true;
        continue;
      }
      const auto message = json::parse(line);
      if (message.contains("why"))
        end({message.at("missing").get<std::vector<int>>(), message.at("why").get<std::string>()}, {});
      peer.report = report_from(message);
    }
    if (!peer.socket.is_open()) peer.closed = Clock::now();
  }

  /// Of the others that have not left, and its own, by rank.
  std::vector<RankReport> all_reports() const {
    std::vector<RankReport> reports;
    for (const auto& peer : star_.peers) {
      if (peer.left) continue;
      auto report = peer.report;
      // Rank 0 may be about to say who is missing; it is missing itself only if it is silent for longer than that
      // takes.
      report.silent_seconds = seconds_since(peer.heard) - (rank_ == 0 ? 0 : 2 * beat_seconds_);
      // Whoever ends a job kills its ranks one after the other: none of them is the reason.
      report.died = peer.closed && seconds_since(*peer.closed) > kDeathSeconds;
      reports.push_back(report);
    }
    if (!reports.empty()) reports.insert(rank_ == 0 ? reports.begin() : reports.end(), own_report());
    return reports;
  }

  std::optional<Verdict> judge(const std::vector<RankReport>& reports) const {
    if (reports.empty()) return std::nullopt;
    const auto absent = judge_presence(reports, limit_seconds_);
    return absent || rank_ != 0 ? absent : judge_work(reports);
  }

  [[noreturn]] void end(const Verdict& verdict, const std::vector<RankReport>& reports) {
    std::future<void> told;
    try {
      told = std::async(std::launch::async, [&] { on_verdict_(verdict, reports); });
      const auto start = Clock::now();
      while (told.wait_for(std::chrono::duration<double>(beat_seconds_)) == std::future_status::timeout &&
             seconds_since(start) < std::min(kVerdictSeconds, 2 * limit_seconds_))
        beat(own_report());               // or the others would miss this rank too
    } catch (const std::system_error&) {  // no more thread is to be had
      say_error(verdict.why + "\n");
    }
    // Only now: a rank that ends has mpirun kill the others, this one with them.
    for (auto& peer : star_.peers)
      peer.socket.send(json_text(json{{"missing", verdict.missing}, {"why", verdict.why}}));
    std::_Exit(static_cast<int>(ExitCode::kPeer));
  }

  double limit_seconds_, beat_seconds_;
  Star star_;
  int rank_;
  std::string host_ = host_name();
  OnVerdict on_verdict_;
  int wake_;
  std::thread thread_;
};

Watchdog::Watchdog(double limit_seconds, Communicator& communicator, OnVerdict on_verdict) {
  if (limit_seconds == 0 || communicator.world_size() == 1) return;
  auto star = make_star(communicator);
  if (star.complete)
    thread_ = std::make_unique<Thread>(limit_seconds, std::move(star), communicator.rank(), std::move(on_verdict));
  else
    spdlog::warn("no watchdog: not all ranks reach rank 0 by TCP, so a rank that hangs will not be noticed");
}

Watchdog::~Watchdog() = default;

}  // namespace fer
