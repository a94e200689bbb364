// Signals as readable descriptors, and new processes.
#pragma once

#include <sys/signalfd.h>

#include <csignal>
#include <string>

#include "sockets.h"

namespace example {

// Becomes readable when the signal comes, which then does nothing else.
inline Socket signal_descriptor(int signal) {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, signal);
  need(::sigprocmask(SIG_BLOCK, &signals, nullptr), "sigprocmask");
  return Socket(need(::signalfd(-1, &signals, SFD_CLOEXEC), "signalfd"));
}

inline void take_signal(const Socket& signals) {
  signalfd_siginfo signal{};
  need(static_cast<int>(::read(signals.fd(), &signal, sizeof signal)), "signalfd");
}

// Starts the program in arguments[0] with the first three arguments, and one more: the descriptor of its end
// of the channel that is returned. When it has failed, the channel is closed. None: it cannot be started.
inline Socket start_program(char** arguments) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
    warn(std::string("no new process: ") + std::strerror(errno));
    return Socket();
  }
  Socket ours(ends[0]);
  const Socket theirs(ends[1]);
  std::signal(SIGCHLD, SIG_IGN);  // nobody waits for the new process
  const pid_t child = ::fork();
  if (child < 0) warn(std::string("no new process: ") + std::strerror(errno));
  if (child == 0) {
    ::fcntl(theirs.fd(), F_SETFD, 0);  // all other descriptors are closed by exec
    const std::string channel = std::to_string(theirs.fd());
    ::execlp(arguments[0], arguments[0], arguments[1], arguments[2], arguments[3], channel.c_str(), nullptr);
    ::_exit(127);
  }
  return ours;
}

}  // namespace example
