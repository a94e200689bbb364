// Messages between processes on one machine: bytes, and with them a socket that the receiver then has, too.
#pragma once

#include <array>
#include <optional>

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
  return ::sendmsg(channel.fd(), &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// Waits. None: the other side is gone. No message is empty.
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
  if (count <= 0) return std::nullopt;
  for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(at), sizeof fd);
    message.socket = Socket(fd);
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return std::nullopt;
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
