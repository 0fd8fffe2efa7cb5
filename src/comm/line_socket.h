#pragma once

#include <optional>
#include <string>
#include <vector>

namespace fer {

/// A TCP connection that carries lines of text, and never makes its owner wait but for receive_within().
class LineSocket {
 public:
  LineSocket() = default;
  /// Takes over a connection.
  explicit LineSocket(int descriptor);
  LineSocket(LineSocket&& other) noexcept;
  LineSocket& operator=(LineSocket&& other) noexcept;
  ~LineSocket();

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  void close();

  /// What does not fit into the system's buffer, for the other side does not read, is lost with all that follows.
  void send(const std::string& line);
  /// The lines that have come. After the last of a connection that has ended, this is no longer open.
  std::vector<std::string> receive();
  /// The next line; nothing if none comes in so many seconds.
  std::optional<std::string> receive_within(double seconds);

 private:
  int descriptor_ = -1;
  bool broken_ = false;  // half a line was sent
  std::string received_;
};

/// Waits for connections on a port that the system chooses, of all of this host's interfaces.
class LineListener {
 public:
  /// @throws Error.
  LineListener();
  LineListener(const LineListener&) = delete;
  LineListener& operator=(const LineListener&) = delete;
  ~LineListener();

  int port() const { return port_; }
  /// The next connection; nothing if none comes in so many seconds.
  std::optional<LineSocket> accept_within(double seconds);

 private:
  int descriptor_;
  int port_;
};

/// This host's IPv4 addresses, the loopback's last.
std::vector<std::string> own_addresses();

/// Nothing if there is no connection in so many seconds.
std::optional<LineSocket> connect_within(const std::string& address, int port, double seconds);

}  // namespace fer
