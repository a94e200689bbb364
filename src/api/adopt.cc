#include "baton/adopt.h"

#include "api/inside.h"
#include "base/error.h"
#include "handshake/adoption.h"
#include "handshake/attach.h"

namespace baton {

Result<void> attach(ssl_ctx_st* context, AttachOptions options) {
  if (!options.clock) options.clock = system_time;
  return handshake::attach(context, std::move(options));
}

Result<void> watch(ssl_st* ssl) {
  return handshake::watch(ssl);
}

AdoptionReadiness adoption_readiness(const ssl_st* ssl) {
  return handshake::adoption_readiness(ssl);
}

Result<Connection> adopt(ssl_st* ssl, const Config& config) {
  auto state = handshake::adopt(ssl, config.role());
  if (!state) return pass_on(state);
  return make_connection(std::move(*state), ConnectionSettings(config));
}

}  // namespace baton
