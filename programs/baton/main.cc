// baton: what an operator does by hand: key rings, names of keys, and a look into serialized connections.
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "command_line/run.h"
#include "common/startup.h"

int main(int argc, char** argv) {
  using namespace baton;
  if (auto prepared = programs::prepare_process(); !prepared) {
    std::cerr << prepared.error().message << '\n';
    return static_cast<int>(command_line::Exit::failed);
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return static_cast<int>(
      command_line::run(argc, argv, command_line::Environment{STDIN_FILENO, std::cout, std::cerr, now}));
}
