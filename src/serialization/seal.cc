#include "baton/seal.h"

#include "base/error.h"
#include "serialization/envelope.h"

namespace baton {
namespace {

using std::chrono::seconds;
constexpr seconds kMaxSkew = std::chrono::hours(1);

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= serialization::kMaxEnvelopeName;
}

Result<void> check(const SealOptions& options) {
  const auto invalid = [](const char* what) { return fail(ErrorCode::invalid_argument, what); };
  if (!is_name(options.audience)) return invalid("the audience of a seal must have 1 to 255 bytes");
  if (!is_name(options.purpose)) return invalid("the purpose of a seal must have 1 to 255 bytes");
  if (options.lifetime < seconds(1) || options.lifetime > serialization::kMaxEnvelopeLifetime) {
    return invalid("the lifetime of envelopes must be from 1 second to 365 days");
  }
  if (options.max_clock_skew < seconds(0) || options.max_clock_skew > kMaxSkew) {
    return invalid("the clock skew of a seal must be from 0 to 1 hour");
  }
  return {};
}

}  // namespace

Seal::Seal(KeyRing keys, std::shared_ptr<ClaimStore> claims, SealOptions options)
    : keys_(std::make_shared<const KeyRing>(std::move(keys))),
      claims_(std::move(claims)),
      options_(std::make_shared<const SealOptions>(std::move(options))) {}

Result<Seal> Seal::create(KeyRing keys, std::shared_ptr<ClaimStore> claims, SealOptions options) {
  if (!keys.alive()) return fail(ErrorCode::invalid_argument, "the key ring of a seal was moved from");
  if (claims == nullptr) return fail(ErrorCode::invalid_argument, "a seal needs a claim store");
  if (auto valid = check(options); !valid) return pass_on(valid);
  return Seal(std::move(keys), std::move(claims), std::move(options));
}

}  // namespace baton
