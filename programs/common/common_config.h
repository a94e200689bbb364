// The parts of a configuration file that both programs have.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/config_table.h"
#include "common/log.h"

namespace baton::programs {

// `threads` of the file: event loops. 0: one per core.
unsigned read_threads(TableReader& root);

// How many threads that means on this machine, at least 1.
unsigned resolve_threads(unsigned configured);

// [log] of the file. `level` is the least important level that is logged without the key.
LogConfig read_log(TableReader& root, std::string_view level = "info");
// Whether the log can be written; nothing is made.
void check_log_file(const LogConfig& log, ConfigErrors& errors);

// This side's certificate and key on the link, and the authorities that it trusts for the other side's.
struct LinkTlsFiles {
  NamedFile certificate;  // chain, PEM, leaf first
  NamedFile private_key;  // PEM
  NamedFile ca;           // PEM
};

// Why a key of TLS is refused beside a Unix socket.
inline constexpr std::string_view kNotOnUnixSocket =
    "is for a link over TCP; this one has a Unix socket only: leave the key out";

// What a link goes over; `unknown` when its addresses are wrong, which is reported already.
enum class LinkTransport { tcp, unix_socket, unknown };

// `certificate`, `private_key` and `ca_key` of a table. All are required over TCP (which needs mutual TLS),
// and refused over a Unix socket (which has peer credentials in place of it). Present when all three are.
std::optional<LinkTlsFiles> read_link_tls(TableReader& table, std::string_view ca_key,
                                          LinkTransport transport);

// Finds what may be written once only, and names both lines.
class Duplicates {
 public:
  // Notes an error at `place` when `value` was seen before.
  void check(TableReader& table, const std::string& value, const Place& place);

 private:
  std::map<std::string, std::uint32_t> first_lines_;
};

}  // namespace baton::programs
