#include "handshake/suspending_signer.h"

#include <utility>

#include "handshake/fiber.h"

namespace baton::handshake {
namespace {

thread_local SignatureExchange* current = nullptr;

class SuspendingSigner final : public remote_key::RemoteSigner {
 public:
  Result<Bytes> sign(const KeyDigest& key, SigningKind kind, std::uint16_t scheme, ByteView input) override {
    SignatureExchange* const exchange = current;
    if (exchange == nullptr) return fail(ErrorCode::refused, "this key signs in a handshake only");
    if (exchange->abandoned) return fail(ErrorCode::refused, "the handshake has ended");
    exchange->needed = SignatureNeeded{key, kind, scheme, {input.begin(), input.end()}};
    exchange->answer.reset();
    Fiber::suspend();
    exchange->needed.reset();
    return std::move(*std::exchange(exchange->answer, std::nullopt));
  }
};

}  // namespace

std::shared_ptr<remote_key::RemoteSigner> suspending_signer() {
  static const auto kSigner = std::make_shared<SuspendingSigner>();
  return kSigner;
}

SigningScope::SigningScope(SignatureExchange& exchange) : outer_(std::exchange(current, &exchange)) {}

SigningScope::~SigningScope() {
  current = outer_;
}

}  // namespace baton::handshake
