// Messages between processes on one machine: bytes, and with them a socket that the receiver then has, too.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "baton/secret.h"
#include "sockets.h"

namespace example {

inline constexpr std::size_t kMaxMessage = std::size_t{128} * 1024;

// A key ring may be in it, so it wipes itself.
struct Message {
  baton::SecretBuffer bytes;
  Socket socket;
};

// Over a SOCK_SEQPACKET socket: it arrives whole or not at all. False: the other side is gone, or it is too
// large.
inline bool send_message(const Socket& channel, baton::ByteView bytes, const Socket& passed = Socket()) {
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  if (passed) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    const int fd = passed.fd();
    std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  }
  return bytes.size() <= kMaxMessage && ::sendmsg(channel.fd(), &header, MSG_NOSIGNAL) >= 0;
}

// The descriptors that came with a message, which are ours now, wanted or not.
inline std::vector<Socket> sockets_of(msghdr& header) {
  std::vector<Socket> sockets;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    // For alignment there is room for a second one: then the kernel has installed two.
    const std::size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
      sockets.emplace_back(fd);
    }
  }
  return sockets;
}

// Waits. None: the other side is gone, or no program of ours. No message is empty. One whose socket found no
// descriptor free comes without it.
inline std::optional<Message> receive_message(const Socket& channel) {
  Message message{baton::SecretBuffer(kMaxMessage), Socket()};
  iovec part{message.bytes.data(), message.bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t count = ::recvmsg(channel.fd(), &header, MSG_CMSG_CLOEXEC);
  if (count < 0) return std::nullopt;
  std::vector<Socket> sockets = sockets_of(header);  // also of an empty message
  // Of those that it had no descriptor for the kernel says only that there were some.
  const bool some_missing = (header.msg_flags & MSG_CTRUNC) != 0;
  const bool too_many = sockets.size() + (some_missing ? 1 : 0) > 1;
  if (count == 0 || too_many || (header.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  if (!sockets.empty()) message.socket = std::move(sockets.front());
  message.bytes.resize(static_cast<std::size_t>(count));
  return message;
}

// Who is at the other end of a Unix socket: the process that connected, as the kernel knows it.
inline ucred peer_of(const Socket& channel) {
  ucred peer{};
  socklen_t size = sizeof peer;
  need(::getsockopt(channel.fd(), SOL_SOCKET, SO_PEERCRED, &peer, &size), "SO_PEERCRED");
  return peer;
}

}  // namespace example
