#include "baton/adopt.h"

#include "capi/arguments.h"
#include "capi/guard.h"
#include "capi/handles.h"
#include "capi/readiness.h"

using namespace baton;
using namespace baton::capi;

baton_status baton_attach(struct ssl_ctx_st* context, int peer, unsigned keep,
                          baton_ssl_message_callback message_callback) {
  return guarded({needed(context, "context")}, [&]() -> Result<void> {
    auto kept = kept_metadata_of(peer, keep);
    if (!kept) return pass_on(kept);
    AttachOptions options;
    options.keep = *kept;
    options.message_callback = message_callback;
    return attach(context, std::move(options));
  });
}

baton_status baton_watch(struct ssl_st* ssl) {
  return guarded({needed(ssl, "ssl")}, [&] { return watch(ssl); });
}

baton_status baton_adoption_readiness(const struct ssl_st* ssl, baton_readiness* readiness) {
  return guarded({needed(ssl, "ssl")}, [&] {
    AdoptionReadiness ready = adoption_readiness(ssl);
    baton_readiness known{};
    known.unread_ciphertext = ready.unread_ciphertext;
    known.unread_plaintext = ready.unread_plaintext;
    known.unsent_ciphertext = ready.unsent_ciphertext;
    known.key_update_owed = ready.key_update_owed ? 1 : 0;
    return answer(readiness, known, ready);
  });
}

baton_status baton_adopt(struct ssl_st* ssl, const baton_config* config, baton_connection** connection) {
  return guarded({needed(ssl, "ssl"), needed(config, "config"), needed(connection, "connection")},
                 [&] { return give(connection, adopt(ssl, config->value)); });
}
