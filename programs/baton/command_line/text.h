// Text for people.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/types.h"

namespace baton::command_line {

// Text that comes from a file, in quotes and in printable ASCII only: \" \\ and \xNN stand for the rest. So
// it cannot send commands to a terminal or pretend to be a line of ours.
std::string quoted(std::string_view text);

// ISO 8601, in UTC: "2024-05-01T12:00:00Z". Of a time in the years 1970 to 9999.
std::string iso_time(UnixTime time);

// "1 byte", "2 bytes".
std::string byte_count(std::size_t count);

// Cells in columns that are as wide as their widest cell; two spaces between them, none at the end of a line.
using TableRow = std::vector<std::string>;
std::string align(const std::vector<TableRow>& rows);

}  // namespace baton::command_line
