// Seals of programs that share a key ring in a file (baton keyring create FILE).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>

#include "baton/seal.h"
#include "need.h"

namespace example {

// Read once, at the start of the program, where an error may end it.
struct KeyRingFile {
  explicit KeyRingFile(std::string name) : path(std::move(name)), text(read_secret(path)) {}
  std::string path;
  baton::SecretBuffer text;
};

// For envelopes that the process `opener` may open, and no other: each remembers only what it has opened
// itself, so two that open the same ones would let a connection live twice.
inline baton::Seal seal_for(pid_t opener, const std::string& purpose, const KeyRingFile& file) {
  auto keys = need(baton::KeyRing::parse_unprotected(file.text, file.path));
  return need(baton::Seal::create(std::move(keys), std::make_shared<baton::MemoryClaimStore>(),
                                  {"process " + std::to_string(opener), purpose, std::chrono::seconds(10)}));
}

}  // namespace example
