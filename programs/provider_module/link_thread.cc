#include "provider_module/link_thread.h"

#include <asio/post.hpp>

#include "net/no_signals.h"
#include "net/signal.h"
#include "net/spawn.h"

namespace baton::provider_module {

using std::chrono::steady_clock;

LinkThread::LinkThread(const Config& config, const links::LinkTls& tls)
    : config_(config),
      picker_(links::KeyStores::make_picker(config.links)),
      key_stores_(context_.get_executor(), config.links, tls, picker_, "baton-provider", counters_) {
  const net::NoSignals for_the_thread;
  thread_ = std::thread([this] {
    key_stores_.start();
    context_.run();
  });
}

LinkThread::~LinkThread() {
  context_.stop();
  thread_.join();
  for (const auto& answer : asked_) answer->give(std::nullopt);
}

void LinkThread::ask(offload::Sign request, std::shared_ptr<provider::Answer> answer) {
  {
    const std::lock_guard lock(mutex_);
    asked_.insert(answer);  // here, since the thread may end before it comes to it
  }
  asio::post(context_, [this, request = std::move(request), answer = std::move(answer)]() mutable {
    net::spawn(context_.get_executor(), serve(std::move(request), std::move(answer)));
  });
}

net::Task<> LinkThread::serve(offload::Sign request, std::shared_ptr<provider::Answer> answer) {
  net::Signal news(context_.get_executor());
  const auto ends_at = steady_clock::now() + config_.signature_timeout;
  const offload::TraceId trace_id = request.trace_id;
  offload::SignatureOffload signature(std::move(request), ends_at, key_stores_, picker_, config_.links.policy,
                                      [&news] { news.notify(); });
  std::optional<offload::SignatureOffload::Answer> result;
  while (!result && steady_clock::now() < ends_at) {
    result = signature.next(steady_clock::now());
    key_stores_.note(signature.take_failed_attempts(), trace_id);
    if (!result) co_await news.wait_until(std::min(ends_at, signature.next_deadline().value_or(ends_at)));
  }
  {
    const std::lock_guard lock(mutex_);
    asked_.erase(answer);
  }
  if (!result) {
    signature.set_cancel_reason(offload::CancelReason::timeout);
    answer->give(fail(ErrorCode::limit_exceeded, "no key store has signed within limits.signature_timeout"));
  } else if (*result) {
    answer->give(Result<Bytes>(std::move(**result)));
  } else {
    answer->give(fail(ErrorCode::refused,
                      std::string(to_string(result->error().reason)) + ": " + result->error().text));
  }
}

}  // namespace baton::provider_module
