/* What a C program needs besides Baton: errors that end it, and sockets. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "baton/baton.h"

static inline void fail(const char* what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline void need(baton_status status) {
  if (status != BATON_OK) fail(baton_last_error());
}

static inline void write_all(int fd, const uint8_t* bytes, size_t size) {
  for (ssize_t count; size > 0; bytes += count, size -= (size_t)count) {
    if ((count = write(fd, bytes, size)) <= 0) fail("the other side is gone");
  }
}

/* On the loopback address. */
static inline int listen_on(const char* port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(port)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      bind(listener, (struct sockaddr*)&address, sizeof address) < 0 || listen(listener, SOMAXCONN) < 0) {
    perror(port);
    exit(1);
  }
  return listener;
}

/* -1: no descriptor is left, say. After a pause, since the client still waits. */
static inline int accept_from(int listener) {
  const int client = accept(listener, NULL, NULL);
  if (client < 0) poll(NULL, 0, 10);
  return client;
}

/* Until the other side closes. */
static inline size_t read_to_end(int fd, uint8_t* bytes, size_t room) {
  size_t size = 0;
  for (ssize_t count = 1; count > 0; size += (size_t)count) {
    if ((count = read(fd, bytes + size, room - size)) < 0) fail("the other side is gone");
  }
  return size;
}

/* At least a byte. */
static inline size_t read_some(int fd, uint8_t* bytes, size_t room) {
  const ssize_t count = read(fd, bytes, room);
  if (count <= 0) fail("the client is gone");
  return (size_t)count;
}
