#include "command_line/run.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <ostream>

#include "command_line/inspect.h"
#include "command_line/key_uri.h"
#include "command_line/keyring.h"

namespace baton::command_line {
namespace {

constexpr const char* kExitCodes = "Exit codes: 0 ok, 1 it could not be done, 2 error on the command line.";

struct Arguments {
  std::filesystem::path ring;
  std::string key_id;
  bool as_json = false;
  InspectOptions inspect;
  std::filesystem::path certificate;
};

using Command = std::function<Result<void>(const Arguments&, const Environment&)>;

std::string footer(const std::string& example) {
  return fmt::format("Example:\n  {}\n\n{}", example, kExitCodes);
}

// The command line: what was said, and what it asks for.
class Parser {
 public:
  Parser() {
    app_.set_version_flag("--version", fmt::format("baton {}", BATON_VERSION));
    app_.set_help_flag("--help", "Show this text");
    app_.footer(footer("baton keyring create /etc/baton/ring"));
    app_.require_subcommand(1);
    add_keyring();
    add_inspect();
    add_key_uri();
  }

  void parse(int argc, const char* const* argv) { app_.parse(argc, argv); }
  int report(const CLI::ParseError& error, const Environment& environment) const {
    return app_.exit(error, environment.out, environment.error_out);
  }
  Result<void> run(const Environment& environment) const { return command_(arguments_, environment); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  // A command of `group` that ends in `command` when it was said.
  CLI::App* add_command(CLI::App& group, const std::string& name, const std::string& description,
                        const std::string& example, Command command) {
    CLI::App* added = group.add_subcommand(name, description);
    added->footer(footer(example));
    added->callback([this, command = std::move(command)] { command_ = command; });
    names_.push_back(&group == &app_ ? name : group.get_name() + " " + name);
    return added;
  }

  CLI::App* add_keyring_command(CLI::App& group, const std::string& name, const std::string& description,
                                const std::string& example, Command command) {
    CLI::App* added = add_command(group, name, description, example, std::move(command));
    added->add_option("FILE", arguments_.ring, "The key ring")->required()->type_name("");
    return added;
  }

  void add_keyring() {
    CLI::App* group =
        app_.add_subcommand("keyring", "Make and rotate the keys that connections are sealed with");
    group->footer(footer("baton keyring rotate /etc/baton/ring"));
    group->require_subcommand(1);
    add_keyring_command(*group, "create", "Make a new key ring in a file that does not exist yet",
                        "baton keyring create /etc/baton/ring",
                        [](const Arguments& said, const Environment& environment) {
                          return create_key_ring(said.ring, environment);
                        });
    add_keyring_command(*group, "rotate", "Make the next key the current one, and a new next key",
                        "baton keyring rotate /etc/baton/ring",
                        [](const Arguments& said, const Environment& environment) {
                          return rotate_key_ring(said.ring, environment);
                        });
    CLI::App* list = add_keyring_command(
        *group, "list", "Show ids, states and ages of the keys, and no secret",
        "baton keyring list /etc/baton/ring", [](const Arguments& said, const Environment& environment) {
          return list_key_ring(said.ring, said.as_json, environment);
        });
    list->add_flag("--json", arguments_.as_json, "As one JSON object");
    CLI::App* retire = add_keyring_command(*group, "retire", "Remove a previous key for good",
                                           "baton keyring retire /etc/baton/ring 89f3a1c07be24d56",
                                           [](const Arguments& said, const Environment& environment) {
                                             return retire_key(said.ring, said.key_id, environment);
                                           });
    retire->add_option("ID", arguments_.key_id, "The key's id, as list shows it")->required()->type_name("");
  }

  void add_inspect() {
    CLI::App* added =
        add_command(app_, "inspect", "Show what a serialized connection holds, but none of its secrets",
                    "baton inspect connection.sealed --keyring /etc/baton/ring",
                    [](const Arguments& said, const Environment& environment) {
                      return inspect(said.inspect, environment);
                    });
    added->add_option("FILE", arguments_.inspect.file, "The connection, sealed or not; - is standard input")
        ->required()
        ->type_name("");
    added->add_option("--keyring", arguments_.inspect.keyring, "Key ring to open a sealed one with")
        ->type_name("RING");
    added->add_flag("--json", arguments_.inspect.as_json, "As one JSON object");
  }

  void add_key_uri() {
    CLI::App* added = add_command(
        app_, "key-uri", "Write a key file that names the key of a certificate, for the OpenSSL provider",
        "baton key-uri /etc/nginx/www.crt > /etc/nginx/www.key-uri",
        [](const Arguments& said, const Environment& environment) {
          return write_key_uri(said.certificate, environment);
        });
    added->add_option("CERTIFICATE", arguments_.certificate, "The certificate, as the program will read it")
        ->required()
        ->type_name("");
  }

  CLI::App app_{"Key rings, names of keys, and a look into serialized connections.", "baton"};
  Arguments arguments_;
  Command command_;
  std::vector<std::string> names_;
};

Exit do_command(const Parser& parser, const Environment& environment) {
  if (auto done = parser.run(environment); !done) {
    environment.error_out << done.error().message << '\n';
    return Exit::failed;
  }
  if (!environment.out.flush()) {
    environment.error_out << "cannot write to standard output\n";
    return Exit::failed;
  }
  return Exit::ok;
}

}  // namespace

Exit run(int argc, const char* const* argv, const Environment& environment) {
  Parser parser;
  try {
    parser.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Its exit code is 0 for --help and --version.
    return parser.report(error, environment) == 0 ? Exit::ok : Exit::usage_error;
  }
  return do_command(parser, environment);
}

std::vector<std::string> command_names() {
  return Parser().names();
}

}  // namespace baton::command_line
