// For Boost.Beast's WebSocket over a stream: how it is torn down. Include it where such a WebSocket is used;
// HTTP needs nothing. Beast is on Boost.Asio, so this is for BATON_ASIO_BOOST, which it defines itself where
// it comes first.
#pragma once

#ifndef BATON_ASIO_BOOST
#ifdef BATON_ASIO_FLAVOUR
#error "Boost.Beast is on Boost.Asio: define BATON_ASIO_BOOST before the first header of baton/asio"
#endif
#define BATON_ASIO_BOOST
#endif

#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "baton/asio/stream.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {

// Sends close_notify and tears the next layer down. Beast finds both by their names.
template <class NextLayer>
void teardown(::boost::beast::role_type role, stream<NextLayer>& stream, error_code& ec) {
  stream.shutdown(ec);
  if (ec) return;
  using ::boost::beast::websocket::teardown;
  teardown(role, stream.next_layer(), ec);
}

namespace detail {

template <class NextLayer>
class teardown_op {
 public:
  teardown_op(::boost::beast::role_type role, stream<NextLayer>& stream) : role_(role), stream_(stream) {}

  template <class Self>
  void operator()(Self& self, error_code ec = {}) {
    const int step = step_++;
    if (ec || step == 2) return self.complete(ec);
    if (step == 0) return stream_.async_shutdown(std::move(self));
    using ::boost::beast::websocket::async_teardown;
    async_teardown(role_, stream_.next_layer(), std::move(self));
  }

 private:
  ::boost::beast::role_type role_;
  stream<NextLayer>& stream_;
  int step_ = 0;
};

}  // namespace detail

// void(error_code). The same, without waiting.
template <class NextLayer, class Handler>
void async_teardown(::boost::beast::role_type role, stream<NextLayer>& stream, Handler&& handler) {
  net::async_compose<Handler, void(error_code)>(detail::teardown_op<NextLayer>(role, stream), handler,
                                                stream);
}

}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
