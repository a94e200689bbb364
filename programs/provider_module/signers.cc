#include "provider_module/signers.h"

#include <mutex>

#include "common/files.h"
#include "common/log.h"
#include "crypto/kdf.h"
#include "provider_module/link_signer.h"

namespace baton::provider_module {
namespace {

using Fingerprint = std::array<std::uint8_t, 32>;

struct Current {
  std::mutex mutex;
  Fingerprint fingerprint{};
  std::weak_ptr<LinkSigner> signer;
  bool logs = false;
};

// Never destroyed: programs may load keys to their end.
Current& current() {
  static Current& one = *new Current();
  return one;
}

// Each with its size, so that no two sets of files look the same.
Result<Fingerprint> fingerprint_of(const std::filesystem::path& file, std::string_view text,
                                   const std::optional<programs::LinkCredential>& files) {
  SecretBuffer all;
  const auto add = [&all](ByteView part) {
    const std::uint64_t size = part.size();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&size);
    all.insert(all.end(), bytes, bytes + sizeof size);
    all.insert(all.end(), part.begin(), part.end());
  };
  add(as_bytes(file.native()));
  add(as_bytes(text));
  if (files) {
    add(as_bytes(files->credential.chain_pem));
    add(files->credential.key_pem);
    add(as_bytes(files->ca_pem));
  }
  Fingerprint fingerprint{};
  if (auto hashed = crypto::digest(crypto::HashAlgorithm::sha256, all, fingerprint); !hashed) {
    return pass_on(hashed);
  }
  return fingerprint;
}

}  // namespace

Result<std::shared_ptr<remote_key::RemoteSigner>> signer_of(const std::filesystem::path& file) {
  Current& known = current();
  const std::lock_guard lock(known.mutex);
  auto text = programs::read_text_file(file, programs::kMaxConfigFile);
  if (!text) return pass_on(text);
  auto document = programs::ConfigDocument::parse(*text, file);
  auto config = parse_config(document);
  if (!config) return pass_on(config);
  auto files = load_files(*config);
  if (!files) return pass_on(files);
  auto fingerprint = fingerprint_of(file, *text, *files);
  if (!fingerprint) return pass_on(fingerprint);
  if (auto signer = known.signer.lock(); signer && known.fingerprint == *fingerprint) return signer;
  auto tls = links::make_link_tls(config->links, *files);
  if (!tls) return pass_on(tls);
  if (!known.logs) {
    if (auto started = programs::start_log(config->log, "baton-provider"); !started) return pass_on(started);
    known.logs = true;
  }
  auto signer = std::make_shared<LinkSigner>(std::move(*config), std::move(*tls));
  known.signer = signer;
  known.fingerprint = *fingerprint;
  return signer;
}

}  // namespace baton::provider_module
