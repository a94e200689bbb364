// [[tenant]] of the key store's configuration. Private to it.
#pragma once

#include "keystore/config.h"

namespace baton::keystore {

using NameParser = Result<std::string> (*)(std::string_view);

// `names` of a table, as `parse` has them.
std::vector<std::string> read_names(programs::TableReader& table, NameParser parse,
                                    programs::Duplicates& duplicates);

std::vector<TenantConfig> read_tenants(programs::TableReader& root);

}  // namespace baton::keystore
