// What the key store's configuration says of the two kinds of offload. Private to the configuration.
#pragma once

#include "keystore/config.h"

namespace baton::keystore {

// What stands under `offload` of a table.
OffloadModes read_offload(programs::TableReader& table);

// `signing_kinds` of a table.
offload::SigningKinds read_signing_kinds(programs::TableReader& table);

// Refuses a key that has no effect unless `signing`: it would be taken for one that has. `where` says what
// lacks it.
void refuse_without_signing(programs::TableReader& table, std::string_view key, bool signing,
                            std::string_view where);

}  // namespace baton::keystore
