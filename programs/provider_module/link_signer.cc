#include "provider_module/link_signer.h"

#include <pthread.h>

#include <cstdlib>
#include <mutex>

#include "common/log.h"
#include "crypto/random.h"

namespace baton::provider_module {

// All of the process. It guards their threads, over a fork() too.
class AllSigners {
 public:
  // Never destroyed: programs may sign to their end.
  static AllSigners& get() {
    static AllSigners& all = *new AllSigners();
    return all;
  }

  std::mutex& mutex() { return mutex_; }
  void add(LinkSigner& signer) {
    const std::lock_guard lock(mutex_);
    signers_.insert(&signer);
  }
  void remove(LinkSigner& signer) {
    const std::lock_guard lock(mutex_);
    signers_.erase(&signer);
    signer.thread_.reset();
  }
  // The process ends.
  bool ended() const { return ended_; }

 private:
  AllSigners() {
    pthread_atfork([] { get().before_fork(); }, [] { get().mutex_.unlock(); }, [] { get().mutex_.unlock(); });
    // libcrypto has registered its own end before it loaded this module, so this one comes first.
    static_cast<void>(std::atexit([] { get().end(); }));  // without memory, the end is less clean
  }

  void before_fork() {
    mutex_.lock();
    close_links();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    close_links();
  }
  void close_links() {
    for (LinkSigner* signer : signers_) signer->thread_.reset();
  }

  std::mutex mutex_;
  std::set<LinkSigner*> signers_;
  bool ended_ = false;
};

LinkSigner::LinkSigner(Config config, links::LinkTls tls) : config_(std::move(config)), tls_(std::move(tls)) {
  AllSigners::get().add(*this);
}

LinkSigner::~LinkSigner() {
  AllSigners::get().remove(*this);
}

Result<Bytes> LinkSigner::sign(const KeyDigest& key, SigningKind kind, std::uint16_t scheme, ByteView input) {
  offload::Sign request;
  request.key = key;
  request.kind = kind;
  request.scheme = scheme;
  request.input.assign(input.begin(), input.end());
  if (auto random = crypto::random_bytes(request.trace_id); !random) return pass_on(random);
  // A program that forks again and again while others sign could take every answer away.
  const auto gives_up_at = std::chrono::steady_clock::now() + config_.signature_timeout;
  do {
    auto answer = ask(request);
    if (!answer) return pass_on(answer);
    if (auto value = (*answer)->wait()) return std::move(*value);
  } while (std::chrono::steady_clock::now() < gives_up_at);
  return fail(ErrorCode::io, "the process has forked each time that a signature was asked for");
}

Result<std::shared_ptr<provider::Answer>> LinkSigner::ask(offload::Sign request) {
  AllSigners& all = AllSigners::get();
  const std::lock_guard lock(all.mutex());
  if (all.ended()) return fail(ErrorCode::io, "the process ends");
  try {
    if (!thread_) thread_ = std::make_unique<LinkThread>(config_, tls_);
  } catch (const std::exception& error) {
    const std::string reason = std::string("no thread for the links to key stores: ") + error.what() +
                               "; HAProxy allows it with insecure-fork-wanted";
    programs::log_event(programs::LogLevel::error, "links_not_started", {{"reason", reason}});
    return fail(ErrorCode::io, reason);
  }
  auto answer = std::make_shared<provider::Answer>();
  thread_->ask(std::move(request), answer);
  return answer;
}

}  // namespace baton::provider_module
