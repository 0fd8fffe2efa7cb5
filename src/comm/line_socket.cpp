#include "comm/line_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace fer {
namespace {

bool ready_within(int descriptor, short events, double seconds) {
  pollfd wanted{descriptor, events, 0};
  return ::poll(&wanted, 1, static_cast<int>(1000 * std::max(seconds, 0.0))) > 0;
}

void check_system(int status, const char* what) {
  if (status < 0) fail(std::string(what) + ": " + std::strerror(errno));
}

sockaddr_in ipv4(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

LineSocket::LineSocket(int descriptor) : descriptor_(descriptor) {
  ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

LineSocket::LineSocket(LineSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      broken_(other.broken_),
      received_(std::move(other.received_)) {}

LineSocket& LineSocket::operator=(LineSocket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(broken_, other.broken_);
  std::swap(received_, other.received_);
  return *this;
}

LineSocket::~LineSocket() {
  close();
}

void LineSocket::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void LineSocket::send(const std::string& line) {
  if (!is_open() || broken_) return;
  const auto text = line + "\n";
  const auto sent = ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  broken_ = sent != static_cast<ssize_t>(text.size());
}

std::vector<std::string> LineSocket::receive() {
  std::array<char, 4096> block;
  while (is_open()) {
    const auto count = ::recv(descriptor_, block.data(), block.size(), MSG_DONTWAIT);
    if (count > 0) {
      received_.append(block.data(), static_cast<std::size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) close();
    break;
  }
  std::vector<std::string> lines;
  for (auto end = received_.find('\n'); end != std::string::npos; end = received_.find('\n')) {
    lines.push_back(received_.substr(0, end));
    received_.erase(0, end + 1);
  }
  return lines;
}

std::optional<std::string> LineSocket::receive_within(double seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (is_open()) {
    const double left = std::chrono::duration<double>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0 || !ready_within(descriptor_, POLLIN, left)) break;
    if (const auto lines = receive(); !lines.empty()) return lines.front();
  }
  return std::nullopt;
}

LineListener::LineListener() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  check_system(descriptor_, "cannot make a socket");
  auto address = ipv4(/*port=*/0);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  check_system(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
               "cannot bind a socket");
  check_system(::listen(descriptor_, SOMAXCONN), "cannot listen at a socket");
  socklen_t size = sizeof(address);
  check_system(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size), "a socket has no name");
  port_ = ntohs(address.sin_port);
}

LineListener::~LineListener() {
  ::close(descriptor_);
}

std::optional<LineSocket> LineListener::accept_within(double seconds) {
  if (!ready_within(descriptor_, POLLIN, seconds)) return std::nullopt;
  const int connection = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
  return connection < 0 ? std::nullopt : std::optional<LineSocket>(connection);
}

std::vector<std::string> own_addresses() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {"127.0.0.1"};
  std::vector<std::string> addresses;
  for (const auto* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text;
    const auto& address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    addresses.emplace_back(::inet_ntop(AF_INET, &address, text.data(), text.size()));
  }
  ::freeifaddrs(all);
  std::ranges::stable_partition(addresses, [](const auto& text) { return !text.starts_with("127."); });
  return addresses;
}

std::optional<LineSocket> connect_within(const std::string& host, int port, double seconds) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return std::nullopt;
  LineSocket connection(descriptor);
  auto address = ipv4(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno != EINPROGRESS || !ready_within(descriptor, POLLOUT, seconds)) return std::nullopt;
    int failure = 0;
    socklen_t size = sizeof(failure);
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0) return std::nullopt;
  }
  return connection;
}

}  // namespace fer
