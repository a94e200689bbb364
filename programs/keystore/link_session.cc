#include "keystore/link_session.h"

#include <algorithm>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/post.hpp>

#include "common/log.h"
#include "keystore/handshake_log.h"
#include "keystore/signing_log.h"
#include "net/link_pump.h"
#include "net/plain_stream.h"
#include "net/secure.h"
#include "net/timeout.h"
#include "offload/restrict_names.h"

namespace baton::keystore {
namespace {

using namespace std::chrono_literals;
using programs::log_event;
using programs::LogLevel;
using std::chrono::steady_clock;

constexpr auto kAuthenticationTimeout = 5000ms;  // TLS on the link; then HELLO has offload::kHelloTimeout
constexpr auto kHastyAuthenticationTimeout = 1000ms;
constexpr auto kWatchInterval = 1000ms;
constexpr auto kFarewellTime = 1000ms;  // for the peer to read our last frame and close

}  // namespace

LinkSession::LinkSession(KeyStoreShared& shared, net::Socket socket, Newcomers::Place newcomer)
    : shared_(shared),
      executor_(socket.get_executor()),
      socket_(std::move(socket)),
      newcomer_(std::move(newcomer)),
      wake_(executor_),
      room_(executor_),
      deadlines_(executor_) {
  std::error_code error;
  const auto remote = socket_.remote_endpoint(error);
  address_ = error ? "unknown" : net::describe(remote);
}

net::Task<> LinkSession::run() {
  using namespace asio::experimental::awaitable_operators;
  const auto self = shared_from_this();
  auto authorized = co_await enter();
  if (!authorized) {
    shared_.counters.get("links_refused").add();
    if (shared_.refused_links.admit(steady_clock::now())) {
      log_event(LogLevel::warning, "link_refused",
                {{"peer", address_}, {"reason", authorized.error().message}});
    }
    co_return co_await refuse(authorized.error().message);
  }
  application_server_ = *authorized;
  service_.emplace(service_config(*application_server_));
  if (draining_) service_->go_away("shutting down");
  last_received_ = steady_clock::now();
  auto first = co_await (receive() || send() || watch_deadlines() || watch_peer());
  const Result<void> end = std::visit([](auto result) { return result; }, std::move(first));
  if (end && service_->link().closed()) co_await say_farewell();
  closed_ = true;
  stream_->close();
  service_->lose_link(steady_clock::now());
  after_service_call();
  log_event(LogLevel::info, "link_down",
            {{"application_server", application_server_->name},
             {"peer", address_},
             {"reason", end ? (end_reason_.empty() ? "closed" : end_reason_) : end.error().message}});
}

// Tells a peer that has shown who it is why it may not come in. One that has not was told by TLS.
net::Task<> LinkSession::refuse(const std::string& why) {
  static const Authorized kNobody{0, "", std::make_shared<const offload::NameSet>()};
  if (!stream_) co_return;
  service_.emplace(service_config(kNobody));
  service_->end_link(offload::LinkErrorCode::refused, why, steady_clock::now());
  static_cast<void>(co_await net::with_timeout(send(), kAuthenticationTimeout, "refusing a link"));
  co_await say_farewell();
  stream_->close();
}

// Closing while bytes of the peer are unread resets the connection, and our last frame may be lost with it.
net::Task<> LinkSession::say_farewell() {
  const auto read_to_end = [](net::Stream& stream) -> net::Task<Result<void>> {
    SecretBuffer ignored(net::kLinkChunk);
    for (;;) {
      const auto count = co_await stream.read_some(ignored);
      if (!count || *count == 0) co_return Result<void>{};
    }
  };
  static_cast<void>(co_await net::with_timeout(read_to_end(*stream_), kFarewellTime, "closing a link"));
}

net::Task<Result<const Authorized*>> LinkSession::enter() {
  auto authorized = co_await authenticate();
  if (!authorized) co_return authorized;
  place_ = shared_.links.take((*authorized)->index);
  if (!place_) {
    authorized = fail(ErrorCode::limit_exceeded,
                      "there are limits.max_links, or this application server has its part of them");
  }
  if (place_) newcomer_.reset();
  co_return authorized;
}

net::Task<Result<const Authorized*>> LinkSession::authenticate() {
  const bool is_unix = address_ == "unix" || socket_.local_endpoint().protocol().family() == AF_UNIX;
  if (!is_unix) co_return co_await authenticate_certificate();
  auto authorized = authenticate_user();
  stream_ = std::make_unique<net::PlainStream>(std::move(socket_));
  co_return authorized;
}

net::Task<Result<const Authorized*>> LinkSession::authenticate_certificate() {
  auto handshake =
      shared_.link_endpoint->accept([tenant = shared_.link_tenant](const handshake::ClientHelloInfo&) {
        return handshake::TenantChoice(tenant);
      });
  if (!handshake) co_return pass_on(handshake);
  auto secured = co_await net::secure(
      std::move(socket_), std::move(*handshake),
      shared_.newcomers.is_crowded() ? kHastyAuthenticationTimeout : kAuthenticationTimeout);
  if (!secured) co_return pass_on(secured);
  stream_ = std::move(secured->stream);
  if (const Authorized* authorized = find_certificate(secured->summary.peer_names)) co_return authorized;
  std::string names;
  for (const std::string& name : secured->summary.peer_names) names += (names.empty() ? "" : ", ") + name;
  co_return fail(ErrorCode::refused,
                 "no [[application_server]] has the identity of this certificate (" + names + ")");
}

const Authorized* LinkSession::find_certificate(const std::vector<std::string>& names) const {
  for (std::size_t i = 0; i < shared_.application_servers.size(); ++i) {
    const auto* identity = std::get_if<CertificateIdentity>(&shared_.config.application_servers[i].identity);
    if (identity != nullptr && std::ranges::find(names, identity->name) != names.end()) {
      return &shared_.application_servers[i];
    }
  }
  return nullptr;
}

Result<const Authorized*> LinkSession::authenticate_user() {
  const auto user = net::peer_user(socket_);
  if (!user) return tl::unexpected(user.error());
  for (std::size_t i = 0; i < shared_.application_servers.size(); ++i) {
    const auto* identity = std::get_if<UnixIdentity>(&shared_.config.application_servers[i].identity);
    if (identity != nullptr && identity->uid == *user) return &shared_.application_servers[i];
  }
  return fail(ErrorCode::refused, "no [[application_server]] has uid " + std::to_string(*user));
}

offload::ServiceConfig LinkSession::service_config(const Authorized& application_server) const {
  const OffloadModes modes = shared_.config.application_servers[application_server.index].offload;
  offload::ServiceConfig config;
  config.endpoint = shared_.endpoint;
  config.selector_for = [names = application_server.names, tenants = shared_.tenants](const offload::Open&) {
    return offload::restrict_names(names, [tenants, names](const handshake::ClientHelloInfo& hello) {
      return tenants->choose(hello, *names);
    });
  };
  config.admission = [&admission = shared_.admission, index = application_server.index](
                         const offload::Open& open, offload::TimePoint now) {
    return admission.admit(index, open, now);
  };
  config.clock = steady_clock::now;
  config.version = shared_.config.serialization_version;
  config.limits.handshake_timeout = shared_.config.limits.handshake_timeout;
  config.link.max_in_flight = shared_.config.link.max_handshakes_per_link;
  config.signing = signing_config(application_server);
  if (!modes.serialization) config.hello.capabilities &= ~offload::kSerializationOffload;
  if (!modes.signing) config.hello.capabilities &= ~offload::kSigning;
  if (!shared_.config.early_handoff) config.hello.capabilities &= ~offload::kEarlyHandoff;
  config.hello.software = "baton-keystore " BATON_VERSION;
  return config;
}

offload::SigningConfig LinkSession::signing_config(const Authorized& application_server) const {
  const std::size_t index = application_server.index;
  offload::SigningConfig config;
  config.grant = [keys = shared_.signing_keys, names = application_server.names,
                  kinds = shared_.config.application_servers[index].signing_kinds](const KeyDigest& key) {
    return keys->grant(key, *names, kinds);
  };
  config.admission = [&admission = shared_.admission, index](const offload::Sign& sign,
                                                             offload::TimePoint now) {
    return admission.admit_signature(index, sign, now);
  };
  config.timeout = shared_.config.limits.handshake_timeout;
  return config;
}

net::Task<Result<void>> LinkSession::receive() {
  SecretBuffer buffer(net::kLinkChunk);
  for (;;) {
    while (!service_->wants_input()) co_await room_.wait();
    auto count = co_await stream_->read_some(buffer);
    if (!count) co_return pass_on(count);
    if (*count == 0) co_return Result<void>{};
    last_received_ = steady_clock::now();
    auto received = service_->receive(ByteView(buffer).first(*count), last_received_);
    after_service_call();
    if (!received) {
      end_reason_ = received.error().message;
      shared_.counters.get("link_protocol_errors").add();
      log_event(LogLevel::warning, "link_protocol_error",
                {{"application_server", application_server_->name}, {"reason", received.error().message}});
      // The sender ends the link once the LINK_ERROR is out.
      co_await net::sleep_for(kAuthenticationTimeout);
      co_return received;
    }
  }
}

net::Task<Result<void>> LinkSession::send() {
  // room_ wakes the receiver that waits for output to go down.
  struct Announcing {
    offload::HandshakeService& service;
    net::Signal& room;
    ByteView output() const { return service.output(); }
    void output_sent(std::size_t count) {
      service.output_sent(count);
      room.notify();
    }
  } end{*service_, room_};
  co_return co_await net::send_link_output(end, *stream_, wake_, [this] { return finished(); });
}

// After our own GO_AWAY the application server closes the link: only it knows that no OPEN is on its way. The
// event loop does not wait for it longer than for a handshake.
bool LinkSession::finished() const {
  return closed_ || service_->link().closed() || (peer_goes_away_ && service_->held() == 0);
}

net::Task<Result<void>> LinkSession::watch_deadlines() {
  using namespace asio::experimental::awaitable_operators;
  for (;;) {
    if (const auto deadline = service_->next_deadline()) {
      co_await (deadlines_.wait() || net::sleep_for(*deadline - steady_clock::now()));
    } else {
      co_await deadlines_.wait();
    }
    service_->expire(steady_clock::now());
    publish();
  }
}

net::Task<Result<void>> LinkSession::watch_peer() {
  const auto started = steady_clock::now();
  for (;;) {
    co_await net::sleep_for(kWatchInterval);
    const auto now = steady_clock::now();
    const bool no_hello = !service_->link().ready() && now - started > offload::kHelloTimeout;
    if (!no_hello && now - last_received_ < shared_.config.limits.link_idle_timeout) continue;
    const char* reason = no_hello ? "no HELLO came in time" : "nothing was received for too long";
    end_reason_ = reason;
    service_->end_link(offload::LinkErrorCode::timeout, reason, now);
    after_service_call();
    co_await net::sleep_for(kWatchInterval);
    co_return fail(ErrorCode::limit_exceeded, reason);
  }
}

// What is to be done after anything that the service was asked to do.
void LinkSession::after_service_call() {
  publish();
  deadlines_.notify();
}

void LinkSession::publish() {
  hand_to_workers();
  while (auto event = service_->next_log_event())
    record(*event, application_server_->name, shared_.counters, shared_.refusals[application_server_->index]);
  while (auto event = service_->next_signing_event())
    record(*event, application_server_->name, shared_.counters, shared_.refusals[application_server_->index]);
  log_news();
  wake_.notify();
}

void LinkSession::hand_to_workers() {
  while (auto step = service_->take_pending()) {
    auto work = [self = shared_from_this(), step = *step]() mutable {
      step.run();
      asio::post(self->executor_, [self, step] {
        self->service_->finish(step, steady_clock::now());
        self->after_service_call();
      });
    };
    if (shared_.workers.submit(application_server_->index, std::move(work))) continue;
    shared_.counters.get("worker_queue_full").add();
    service_->finish(*step, steady_clock::now());
  }
}

void LinkSession::log_news() {
  while (auto news = service_->next_news()) {
    if (const auto* hello = std::get_if<offload::Hello>(&*news)) {
      shared_.counters.get("links").add();
      // `none`: it only signs.
      const auto written =
          offload::written_version(shared_.config.serialization_version, hello->newest_readable)
              .value_or(serialization::SerializationVersion::none);
      log_event(LogLevel::info, "link_up",
                {{"application_server", application_server_->name},
                 {"peer", address_},
                 {"software", hello->software},
                 {"reads_serialization_version", hello->newest_readable},
                 {"serialization_version", static_cast<std::uint16_t>(written)}});
    } else if (std::holds_alternative<offload::GoAway>(*news)) {
      peer_goes_away_ = true;
    } else if (const auto* error = std::get_if<offload::LinkError>(&*news)) {
      end_reason_ = "the application server ended the link: " + error->text;
      log_event(LogLevel::warning, "link_error_received",
                {{"application_server", application_server_->name}, {"reason", error->text}});
    }
  }
}

void LinkSession::drain() {
  draining_ = true;
  if (!service_) return;
  service_->go_away("shutting down");
  after_service_call();
}

void LinkSession::close() {
  closed_ = true;
  if (stream_) stream_->close();
  wake_.notify();
}

}  // namespace baton::keystore
