#include "provider_module/config.h"

#include <array>

namespace baton::provider_module {
namespace {

// Who looks for these here has the proxy's file in mind.
constexpr std::array<std::string_view, 2> kOfTheProxy = {"listener", "threads"};
constexpr std::string_view kNoListener =
    "belongs in the proxy's file: here the program that loads the provider accepts the clients";

}  // namespace

Result<Config> parse_config(programs::ConfigDocument& document) {
  if (!document.is_toml()) return document.errors().as_failure();
  programs::TableReader root(document);
  Config config;
  config.file = document.file();
  config.log = programs::read_log(root, "warning");
  config.links = links::read_config(root, links::Purpose::signatures);
  programs::TableReader limits = root.table("limits");
  config.signature_timeout = limits.duration("signature_timeout", {"2s", "10ms", "5m"});
  limits.finish();
  root.finish(kOfTheProxy, kNoListener);
  if (!document.errors().empty()) return document.errors().as_failure();
  // While one waits here, its program serves nobody else.
  config.links.policy.wait_for_link = config.signature_timeout;
  config.links.policy.wait_while_away = false;
  links::bound_answer_timeout(config.links, config.signature_timeout);
  return config;
}

Result<std::optional<programs::LinkCredential>> load_files(const Config& config) {
  std::optional<programs::LinkCredential> credential;
  if (!config.links.tls) return credential;
  programs::ConfigErrors errors(config.file);
  credential = programs::load_link_credential(*config.links.tls, errors);
  if (!errors.empty()) return errors.as_failure();
  return credential;
}

}  // namespace baton::provider_module
