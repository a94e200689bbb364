// A peer in a process of its own, so that its copies of the secrets are not in ours.
#pragma once

#include <sys/types.h>

#include "baton/connection.h"
#include "settings.h"

namespace baton::test {

// libssl at the other end of a socket. It ends with the object.
class PeerProcess {
 public:
  PeerProcess(Role role, const tls::CipherSuite& suite);
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess();

  // Shakes hands with it as `config` says, and has one message echoed.
  Connection connect(const Config& config);

 private:
  void send(ByteView bytes);
  // What comes next; empty when the process has ended.
  Bytes receive();
  void expect_echo(Connection& connection);

  int socket_ = -1;
  pid_t process_ = -1;
};

}  // namespace baton::test
