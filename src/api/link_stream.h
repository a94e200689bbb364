// What carries a link: the records of a TLS connection, or the bytes as they are.
#pragma once

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "baton/connection.h"

namespace baton {

class LinkStream {
 public:
  // Without a connection the caller protects the bytes.
  explicit LinkStream(std::optional<Connection> tls) : tls_(std::move(tls)) {}

  // Gives `take` what the peer has sent: Result<void>(ByteView). Errors: its own; refused: TLS has failed.
  template <class Take>
  [[nodiscard]] Result<void> receive(ByteView bytes, Take take) {
    if (!tls_) return bytes.empty() ? Result<void>() : take(bytes);
    tls_->feed(bytes);
    for (;;) {
      const Event event = tls_->next();
      if (const auto* failure = std::get_if<Failure>(&event)) {
        return fail(ErrorCode::refused, "link: TLS: " + failure->reason);
      }
      peer_closed_ = std::holds_alternative<PeerClosed>(event);
      const auto* data = std::get_if<ApplicationData>(&event);
      if (data == nullptr) return {};
      Result<void> taken = take(data->bytes);
      tls_->consume(data->bytes.size());
      if (!taken) return taken;
    }
  }

  // The peer has ended its stream as TLS wants it.
  bool peer_closed() const { return peer_closed_; }

  // For the peer. What waits at `end` is sealed little by little, so that its own limits hold (R9). `last`:
  // nothing will follow.
  template <class End>
  ByteView output(End& end, bool last) {
    if (!tls_) return end.output();
    while (tls_->output().size() < kEnoughOutput && !end.output().empty()) {
      const ByteView part = end.output().first(std::min(end.output().size(), kEnoughOutput));
      static_cast<void>(tls_->write(part));  // refused where TLS has ended, and then it can reach nobody
      end.output_sent(part.size());
    }
    if (last && end.output().empty()) static_cast<void>(tls_->close_write());
    return tls_->output();
  }
  template <class End>
  void output_sent(End& end, std::size_t count) {
    if (tls_) return tls_->output_sent(count);
    end.output_sent(count);
  }

 private:
  static constexpr std::size_t kEnoughOutput = 64 * 1024;  // bytes

  std::optional<Connection> tls_;
  bool peer_closed_ = false;
};

// Whether a link may be made of it: TLS 1.3, with a peer whose certificate was verified.
[[nodiscard]] Result<void> check_link_connection(const Connection& connection, Role role);

}  // namespace baton
