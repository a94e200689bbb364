// The operations of a stream that wait. Nothing else is in flight meanwhile, so no bytes are copied.
#pragma once

#include "baton/asio/detail/handshake_op.h"
#include "baton/asio/detail/take_plaintext.h"
#include "baton/asio/detail/write_op.h"

namespace baton::asio {
inline namespace BATON_ASIO_FLAVOUR {
namespace detail {

template <class Layer>
void send_output_now(stream_core<Layer>& core, error_code& ec) {
  for (ByteView output; output = core.connection->output(), !output.empty();) {
    const std::size_t sent = (*core.next).write_some(net::buffer(output.data(), output.size()), ec);
    core.connection->output_sent(sent);  // beside an error, too: see check_sent()
    if (ec) return;
  }
}

template <class Layer, class MutableBuffers>
std::size_t read_now(stream_core<Layer>& core, const MutableBuffers& buffers, error_code& ec) {
  ec = {};
  if (core.reading || !core.connection) {
    ec = core.reading ? net::error::in_progress : net::error::not_connected;
    return 0;
  }
  if (net::buffer_size(buffers) == 0) return 0;
  taken_plaintext taken = take_plaintext(*core.connection, buffers);
  while (taken.needs_bytes) {
    const MutableBytes space = core.connection->receive_space(kReadSize);
    const std::size_t count = (*core.next).read_some(net::buffer(space.data(), space.size()), ec);
    core.connection->received(ec ? 0 : count);
    if (ec == net::error::eof) ec = error::stream_truncated;
    if (ec) return 0;
    taken = take_plaintext(*core.connection, buffers);
  }
  error_code ignored;  // the failure counts, not whether the peer could be told
  if (taken.ec && core.failure() && !core.writing) send_output_now(core, ignored);
  ec = taken.ec;
  return taken.count;
}

// A next layer that does not wait may leave output behind, which the next call sends first.
template <class Layer, class Source>
std::size_t write_now(stream_core<Layer>& core, const Source& source, error_code& ec) {
  ec = obstacle_to_writing(core);
  if (ec || source.is_empty()) return 0;
  if (core.connection->output().size() > kMaxLeftOver) send_output_now(core, ec);
  if (ec) return 0;
  const sealed_plaintext sealed = source(*core.connection);
  send_output_now(core, ec);
  if (ec == net::error::would_block && sealed.count > 0) ec = {};
  if (!ec) ec = sealed.ec;
  return sealed.count;
}

template <class Layer>
void write_all_now(Layer& layer, ByteView bytes, error_code& ec) {
  while (!bytes.empty() && !ec)
    bytes = bytes.subspan(layer.write_some(net::buffer(bytes.data(), bytes.size()), ec));
}

template <class Layer>
void handshake_now(stream_core<Layer>& core, error_code& ec) {
  ec = obstacle_to_handshake(core);
  if (ec) return;
  core.handshake_failure.reset();
  auto handshake = Handshake::start(*core.config);
  if (!handshake) {
    ec = make_error_code(handshake.error().code);
    return;
  }
  Bytes received(kHandshakeReadSize);
  HandshakeStep step = handshake->advance({});
  while (step == HandshakeStep::need_bytes) {
    write_all_now(*core.next, handshake->take_output(), ec);
    if (ec) return;
    const std::size_t count = (*core.next).read_some(net::buffer(received), ec);
    if (ec == net::error::eof) ec = error::stream_truncated;
    if (ec) return;
    step = handshake->advance(ByteView(received).first(count));
  }
  error_code ignored;
  if (step == HandshakeStep::failed) write_all_now(*core.next, handshake->take_output(), ignored);
  ec = finish_handshake(core, std::move(*handshake), step);
  if (!ec) send_output_now(core, ec);
}

}  // namespace detail
}  // namespace BATON_ASIO_FLAVOUR
}  // namespace baton::asio
