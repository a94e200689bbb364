// What is outside of a command, so that tests can give their own.
#pragma once

#include <iosfwd>

#include "baton/types.h"

namespace baton::command_line {

struct Environment {
  int input;  // descriptor of standard input
  std::ostream& out;
  std::ostream& error_out;
  UnixTime now;
};

}  // namespace baton::command_line
