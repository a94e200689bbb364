#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"

namespace baton::capi {
namespace {

// What both roles have.
template <class Settings>
Settings common_of(const baton_settings& from) {
  Settings settings;
  settings.min_version = from.min_version;
  settings.max_version = from.max_version;
  settings.cipher_suites = from.cipher_suites;
  settings.groups = from.groups;
  settings.alpn = from.alpn;
  settings.keep = from.keep;
  return settings;
}

Result<Config> make_server(const baton_settings& from) {
  auto settings = common_of<ServerSettings>(from);
  settings.credentials = from.credentials;
  settings.client_ca_pem = from.ca_pem;
  settings.ticket_keys = from.ticket_keys;
  return Config::server(std::move(settings));
}

Result<Config> make_client(const baton_settings& from) {
  auto settings = common_of<ClientSettings>(from);
  settings.server_name = from.server_name;
  settings.ca_pem = from.ca_pem;
  if (!from.credentials.empty()) settings.credential = from.credentials.front();
  return Config::client(std::move(settings));
}

// Changes one thing of a configuration.
template <class Change>
baton_status change(baton_config* config, Change change_it) noexcept {
  return guarded({needed(config, "config")}, [&]() -> Result<void> {
    change_it(config->value);
    return {};
  });
}

}  // namespace
}  // namespace baton::capi

using namespace baton;
using namespace baton::capi;

baton_status baton_config_new(const baton_settings* settings, baton_config** config) {
  return guarded({needed(settings, "settings"), needed(config, "config")}, [&] {
    return give(config, settings->role == Role::server ? make_server(*settings) : make_client(*settings));
  });
}

baton_status baton_config_continuing(int role, baton_config** config) {
  return guarded({needed(config, "config")},
                 [&] { return give(config, role_of(role).map(&Config::continuing)); });
}

void baton_config_free(baton_config* config) {
  delete config;
}

baton_status baton_config_set_serialization_version(baton_config* config, int version) {
  return guarded({needed(config, "config")}, [&]() -> Result<void> {
    const auto newest = static_cast<int>(newest_readable_version());
    if (version < 0 || version > newest) {
      return fail(ErrorCode::unsupported_version, "serialization version " + std::to_string(version) +
                                                      " is not known, newest is " + std::to_string(newest));
    }
    config->value.set_serialization_version(static_cast<SerializationVersion>(version));
    return {};
  });
}

baton_status baton_config_set_rekey_before_serialize(baton_config* config, int on) {
  return change(config, [&](Config& value) { value.set_rekey_before_serialize(on != 0); });
}

baton_status baton_config_set_s2n_v1(baton_config* config, int on) {
  return change(config, [&](Config& value) { value.set_s2n_v1(on != 0); });
}

baton_status baton_config_set_keep_imported_master_secret(baton_config* config, int on) {
  return change(config, [&](Config& value) { value.set_keep_imported_master_secret(on != 0); });
}

baton_status baton_config_set_padding_block(baton_config* config, uint16_t bytes) {
  return change(config, [&](Config& value) { value.set_padding_block(bytes); });
}

baton_status baton_config_set_small_records_up_to(baton_config* config, uint32_t bytes) {
  return change(config, [&](Config& value) { value.set_small_records_up_to(bytes); });
}

baton_status baton_config_set_import_policy(baton_config* config, int min_version, int64_t max_age,
                                            size_t max_size) {
  return guarded({needed(config, "config")}, [&]() -> Result<void> {
    auto least = protocol_version_of(min_version);
    if (!least) return pass_on(least);
    ImportPolicy policy = config->value.import_policy();
    policy.min_version = *least;
    policy.max_age =
        max_age < 0 ? std::nullopt : std::optional<std::chrono::seconds>(std::chrono::seconds(max_age));
    policy.max_size = max_size == 0 ? kMaxSerializedSize : max_size;
    config->value.set_import_policy(std::move(policy));
    return {};
  });
}

baton_status baton_config_import_cipher_suite(baton_config* config, const char* name) {
  return guarded({needed(config, "config"), needed(name, "name")}, [&]() -> Result<void> {
    ImportPolicy policy = config->value.import_policy();
    policy.cipher_suites.emplace_back(name);
    config->value.set_import_policy(std::move(policy));
    return {};
  });
}

baton_status baton_config_set_clock(baton_config* config, baton_clock clock, void* argument) {
  return change(config, [&](Config& value) {
    if (clock == nullptr) {
      value.set_clock({});
    } else {
      value.set_clock([clock, argument] { return time_of(clock(argument)); });
    }
  });
}
