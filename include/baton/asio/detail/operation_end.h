// How composed operations end and are cancelled.
#pragma once

#include "baton/asio/asio_namespace.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

// A cancelled operation has had no effect.
template <class Self>
void allow_total_cancellation([[maybe_unused]] Self& self) {
#if BATON_ASIO_CANCELS_OPERATIONS
  self.reset_cancellation_state(net::enable_total_cancellation());
#endif
}

// A cancelled operation has had an effect that its result tells.
template <class Self>
void allow_partial_cancellation([[maybe_unused]] Self& self) {
#if BATON_ASIO_CANCELS_OPERATIONS
  self.reset_cancellation_state(net::enable_partial_cancellation());
#endif
}

// An operation may be cancelled while none of its steps is pending: then the next one must not begin.
template <class Self>
bool was_cancelled([[maybe_unused]] const Self& self) {
#if BATON_ASIO_CANCELS_OPERATIONS
  return self.get_cancellation_state().cancelled() != net::cancellation_type::none;
#else
  return false;
#endif
}

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
