#include "handshake/provider/module.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "handshake/provider/module_context.h"
#include "handshake/remote_key/provider_tables.h"

namespace baton::provider {
namespace {

const OSSL_ALGORITHM* query(void* /*context*/, int operation, int* no_cache) {
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_KEYMGMT:
      return remote_key::key_managements();
    case OSSL_OP_SIGNATURE:
      return remote_key::signatures();
    case OSSL_OP_DECODER:
      return decoders();
    case OSSL_OP_STORE:
      return stores();
    default:
      return nullptr;
  }
}

const OSSL_PARAM* gettable(void* /*context*/) {
  static const OSSL_PARAM kTypes[] = {OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, nullptr, 0),
                                      OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, nullptr, 0),
                                      OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, nullptr), OSSL_PARAM_END};
  return kTypes;
}

int get_parameters(void* /*context*/, OSSL_PARAM params[]) {
  OSSL_PARAM* const name = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
  OSSL_PARAM* const version = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
  OSSL_PARAM* const status = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
  return (name == nullptr || OSSL_PARAM_set_utf8_ptr(name, "Baton: keys that key stores have") == 1) &&
         (version == nullptr || OSSL_PARAM_set_utf8_ptr(version, BATON_VERSION) == 1) &&
         (status == nullptr || OSSL_PARAM_set_int(status, 1) == 1);
}

void end_module(void* context) {
  delete static_cast<ModuleContext*>(context);
}

// What OpenSSL's configuration says of this provider: `config = /etc/baton/provider.toml`.
std::filesystem::path configured_file(const OSSL_CORE_HANDLE* handle,
                                      OSSL_FUNC_core_get_params_fn* get_params) {
  char* file = nullptr;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_ptr("config", &file, 0), OSSL_PARAM_construct_end()};
  if (get_params == nullptr || get_params(handle, params) != 1 || file == nullptr) return {};
  return file;
}

}  // namespace

int start_module(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* core, const OSSL_DISPATCH** out,
                 void** context, ModuleOptions options) try {
  static const OSSL_DISPATCH kTable[] = {
      {OSSL_FUNC_PROVIDER_TEARDOWN, remote_key::as_function<end_module>()},
      {OSSL_FUNC_PROVIDER_QUERY_OPERATION, remote_key::as_function<query>()},
      {OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, remote_key::as_function<gettable>()},
      {OSSL_FUNC_PROVIDER_GET_PARAMS, remote_key::as_function<get_parameters>()},
      {0, nullptr}};
  auto made = std::make_unique<ModuleContext>();
  OSSL_FUNC_core_get_params_fn* get_params = nullptr;
  for (; core->function_id != 0; ++core) {
    if (core->function_id == OSSL_FUNC_CORE_GET_PARAMS) get_params = OSSL_FUNC_core_get_params(core);
    if (core->function_id == OSSL_FUNC_BIO_READ_EX) made->read = OSSL_FUNC_BIO_read_ex(core);
    if (core->function_id == OSSL_FUNC_BIO_GETS) made->read_line = OSSL_FUNC_BIO_gets(core);
  }
  if (made->read == nullptr || made->read_line == nullptr) return 0;
  made->config = configured_file(handle, get_params);
  if (made->config.empty()) made->config = options.default_config;
  made->options = std::move(options);
  *out = kTable;
  *context = made.release();
  return 1;
} catch (const std::exception& thrown) {
  remote_key::raise_thrown(thrown);
  return 0;
}

}  // namespace baton::provider
