#include "capi/guard.h"
#include "capi/handles.h"

const uint8_t* baton_bytes_data(const baton_bytes* bytes) {
  return bytes != nullptr ? bytes->value.data() : nullptr;
}

size_t baton_bytes_size(const baton_bytes* bytes) {
  return bytes != nullptr ? bytes->value.size() : 0;
}

void baton_bytes_free(baton_bytes* bytes) {
  delete bytes;
}
