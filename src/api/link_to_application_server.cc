#include "api/inside.h"
#include "api/link_stream.h"
#include "baton/offload.h"
#include "offload/handshake_service.h"
#include "offload/restrict_names.h"

namespace baton {
namespace {

constexpr std::size_t kMostReports = 1024;  // kept for a caller that does not take them (R9)
constexpr const char* kOverrun = "the application server does not read what is sent";
constexpr const char* kNoHello = "the application server sent no HELLO in time";

using offload::LogEventKind;

OffloadOutcome outcome_of(const offload::LogEvent& event) {
  switch (event.kind) {
    case LogEventKind::handed_off:
      return OffloadOutcome::handed_over;
    case LogEventKind::failed:
      return OffloadOutcome::failed;
    case LogEventKind::cancelled:
      return OffloadOutcome::cancelled;
    case LogEventKind::link_lost:
      return OffloadOutcome::link_lost;
    case LogEventKind::ended:
      if (event.outcome == offload::OutcomeKind::established) return OffloadOutcome::established;
      break;
    case LogEventKind::outcome_missing:
      break;
  }
  return OffloadOutcome::not_established;
}

std::string reason_of(const offload::LogEvent& event) {
  if (event.kind == LogEventKind::failed) {
    return std::string(offload::to_string(event.reason)) + ": " + event.text;
  }
  if (event.kind == LogEventKind::outcome_missing) return "the application server has not told";
  if (event.kind != LogEventKind::ended || event.outcome == offload::OutcomeKind::established) return {};
  std::string reason(offload::to_string(event.outcome));
  if (event.outcome == offload::OutcomeKind::alert) reason += ": " + to_string(event.alert);
  return reason;
}

OffloadReport report_of(const offload::LogEvent& event) {
  return {outcome_of(event),         event.client,    event.listener, event.trace_id,
          event.summary.server_name, reason_of(event)};
}

Result<std::shared_ptr<const offload::NameSet>> name_set(const std::vector<std::string>& names) {
  auto set = std::make_shared<offload::NameSet>();
  for (const std::string& name : names) {
    if (auto added = set->add(name); !added) return pass_on(added);
  }
  return set;
}

OffloadReport report_of(const offload::SigningEvent& event) {
  OffloadReport report{OffloadOutcome::signature_refused, event.client, {}, event.trace_id, event.label, {}};
  switch (event.outcome) {
    case offload::SigningOutcome::signed_:
      report.outcome = OffloadOutcome::signature_made;
      break;
    case offload::SigningOutcome::refused:
      report.reason = std::string(to_string(event.reason)) + ": " + event.text;
      break;
    case offload::SigningOutcome::cancelled:
      report.outcome = OffloadOutcome::cancelled;
      break;
    case offload::SigningOutcome::link_lost:
      report.outcome = OffloadOutcome::link_lost;
      break;
  }
  return report;
}

// The keys of the Config, in the calling thread.
Result<offload::SigningConfig> signing_config(const Config::Endpoint& endpoint,
                                              const KeyStoreOptions& options,
                                              std::shared_ptr<const offload::NameSet> allowed) {
  auto keys = handshake::signing_keys(*endpoint.tenant);
  if (!keys) return pass_on(keys);
  offload::SigningKinds kinds;
  for (const SigningKind kind : options.signing_kinds) kinds.add(kind);
  offload::SigningConfig signing;
  signing.timeout = std::min(options.handshake_timeout, offload::kLongestTimeout);
  signing.slow_keys_wait = false;
  signing.grant = [keys = std::move(*keys), allowed = std::move(allowed),
                   kinds](const KeyDigest& digest) -> tl::expected<offload::SigningGrant, std::string> {
    for (const auto& key : keys) {
      if (key->digest() != digest) continue;
      if (allowed->covers_all(key->names())) return offload::SigningGrant{key, kinds, {}};
      return tl::unexpected<std::string>("KeyStoreOptions::names lacks a name of this key's certificate");
    }
    return tl::unexpected<std::string>("this key store has no such key");
  };
  return signing;
}

Result<offload::ServiceConfig> service_config(const Config& config, const KeyStoreOptions& options) {
  if (config.role() != Role::server || config.endpoint() == nullptr) {
    return fail(ErrorCode::invalid_argument, "a key store needs a configuration of Config::server");
  }
  if (options.hands_over && config.serialization_version() == SerializationVersion::none) {
    return fail(ErrorCode::invalid_argument,
                "a key store hands connections over: set_serialization_version() first");
  }
  if (options.handshake_timeout <= std::chrono::milliseconds(0)) {
    return fail(ErrorCode::invalid_argument, "KeyStoreOptions::handshake_timeout is no time at all");
  }
  auto names = name_set(options.names);
  if (!names) return pass_on(names);
  offload::ServiceConfig service;
  service.endpoint = config.endpoint()->server;
  service.selector_for = [allowed = *names, tenant = config.endpoint()->tenant](const offload::Open&) {
    return offload::restrict_names(
        allowed, [tenant](const handshake::ClientHelloInfo&) { return handshake::TenantChoice(tenant); });
  };
  service.version = config.serialization_version();
  service.limits.handshake_timeout = std::min(options.handshake_timeout, offload::kLongestTimeout);
  service.link.max_in_flight = options.link.max_in_flight;
  service.hello.software = options.link.software;
  if (!options.hands_over) service.hello.capabilities &= ~offload::kSerializationOffload;
  if (options.signs) {
    auto signing = signing_config(*config.endpoint(), options, *names);
    if (!signing) return pass_on(signing);
    service.signing = std::move(*signing);
  }
  if (!options.early_handoff) service.hello.capabilities &= ~offload::kEarlyHandoff;
  return service;
}

}  // namespace

struct LinkToApplicationServer::Inside {
  Inside(std::optional<Connection> tls, offload::ServiceConfig config, Time now)
      : stream(std::move(tls)),
        service(std::move(config)),
        hello_deadline(now + offload::kHelloTimeout),
        last_time(now) {}

  Result<void> receive(ByteView bytes, Time now);
  Result<void> ping();
  void expire(Time now);
  void end(std::string_view reason, Time now);
  void after_call();
  void take_events();
  bool ended() const { return !end_reason.empty(); }
  bool awaits_hello() const { return !ended() && !service.link().ready(); }
  // The link has ended itself: output_overflow.
  bool is_overrun() const { return !ended() && service.link().closed(); }
  std::optional<Time> next_deadline() const;
  // After our own GO_AWAY the application server ends the link: only it knows that no OPEN is on its way.
  bool finished() const { return ended() || (peer_goes_away && service.link().in_flight() == 0); }

  LinkStream stream;
  offload::HandshakeService service;
  std::deque<OffloadReport> reports;
  std::string end_reason;
  bool peer_goes_away = false;
  Time hello_deadline;
  Time last_time;  // of any call
};

Result<void> LinkToApplicationServer::Inside::receive(ByteView bytes, Time now) {
  if (ended()) return fail(ErrorCode::refused, "link: it has ended: " + end_reason);
  last_time = now;
  Result<void> received =
      stream.receive(bytes, [this, now](ByteView part) { return service.receive(part, now); });
  take_events();
  if (received && is_overrun()) received = fail(ErrorCode::limit_exceeded, kOverrun);
  if (!received) {
    end(received.error().message, now);
  } else if (stream.peer_closed()) {
    end("the application server closed the link", now);
  }
  return received;
}

Result<void> LinkToApplicationServer::Inside::ping() {
  if (ended()) return fail(ErrorCode::refused, "link: it has ended: " + end_reason);
  const auto number = service.ping();
  after_call();
  if (!number) return tl::unexpected(number.error());
  return {};
}

void LinkToApplicationServer::Inside::expire(Time now) {
  last_time = now;
  if (awaits_hello() && now >= hello_deadline) {
    service.end_link(offload::LinkErrorCode::timeout, kNoHello, now);
    end(kNoHello, now);
  }
  service.expire(now);
  after_call();
}

std::optional<LinkToApplicationServer::Time> LinkToApplicationServer::Inside::next_deadline() const {
  const auto deadline = service.next_deadline();
  return awaits_hello() ? std::min(deadline.value_or(hello_deadline), hello_deadline) : deadline;
}

void LinkToApplicationServer::Inside::end(std::string_view reason, Time now) {
  if (ended()) return;
  end_reason = reason.empty() ? "the link was closed" : reason;
  last_time = now;
  service.lose_link(now);
  take_events();
}

void LinkToApplicationServer::Inside::after_call() {
  take_events();
  if (is_overrun()) end(kOverrun, last_time);
}

void LinkToApplicationServer::Inside::take_events() {
  while (auto event = service.next_log_event()) {
    if (reports.size() == kMostReports) reports.pop_front();
    reports.push_back(report_of(*event));
  }
  while (auto event = service.next_signing_event()) {
    if (reports.size() == kMostReports) reports.pop_front();
    reports.push_back(report_of(*event));
  }
  while (auto news = service.next_news()) {
    if (std::holds_alternative<offload::GoAway>(*news)) peer_goes_away = true;
    if (const auto* error = std::get_if<offload::LinkError>(&*news)) {
      end_reason = "the application server ended the link: " + error->text;
    }
  }
}

LinkToApplicationServer::LinkToApplicationServer(std::unique_ptr<Inside> inside)
    : inside_(std::move(inside)) {}
LinkToApplicationServer::LinkToApplicationServer(LinkToApplicationServer&&) noexcept = default;
LinkToApplicationServer& LinkToApplicationServer::operator=(LinkToApplicationServer&&) noexcept = default;
LinkToApplicationServer::~LinkToApplicationServer() = default;

Result<LinkToApplicationServer> LinkToApplicationServer::over(Connection connection, const Config& config,
                                                              const KeyStoreOptions& options, Time now) {
  if (auto checked = check_link_connection(connection, Role::server); !checked) return pass_on(checked);
  auto service = service_config(config, options);
  if (!service) return pass_on(service);
  LinkToApplicationServer link(std::make_unique<Inside>(std::move(connection), std::move(*service), now));
  // What came with the end of its handshake. An error shows in end_reason().
  static_cast<void>(link.receive({}, now));
  return link;
}

Result<LinkToApplicationServer> LinkToApplicationServer::over_unprotected(const Config& config,
                                                                          const KeyStoreOptions& options,
                                                                          Time now) {
  auto service = service_config(config, options);
  if (!service) return pass_on(service);
  return LinkToApplicationServer(std::make_unique<Inside>(std::nullopt, std::move(*service), now));
}

Result<void> LinkToApplicationServer::receive(ByteView bytes, Time now) {
  if (!inside_) return fail(ErrorCode::consumed, "the link was moved");
  return inside_->receive(bytes, now);
}

bool LinkToApplicationServer::wants_input() const {
  return inside_ && !inside_->ended() && inside_->service.wants_input();
}

ByteView LinkToApplicationServer::output() {
  return inside_ ? inside_->stream.output(inside_->service, inside_->finished()) : ByteView();
}

void LinkToApplicationServer::output_sent(std::size_t count) {
  if (inside_) inside_->stream.output_sent(inside_->service, count);
}

void LinkToApplicationServer::expire(Time now) {
  if (inside_) inside_->expire(now);
}

std::optional<LinkToApplicationServer::Time> LinkToApplicationServer::next_deadline() const {
  return inside_ ? inside_->next_deadline() : std::nullopt;
}

bool LinkToApplicationServer::ready() const {
  return inside_ && inside_->service.link().ready() && !inside_->ended();
}

bool LinkToApplicationServer::going_away() const {
  return inside_ && inside_->service.link().going_away();
}

void LinkToApplicationServer::go_away(std::string_view reason) {
  if (!inside_) return;
  inside_->service.go_away(reason);
  inside_->after_call();
}

bool LinkToApplicationServer::finished() const {
  return !inside_ || inside_->finished();
}

const std::string& LinkToApplicationServer::end_reason() const {
  static const std::string kMoved = "the link was moved";
  return inside_ ? inside_->end_reason : kMoved;
}

std::size_t LinkToApplicationServer::in_flight() const {
  return inside_ && !inside_->ended() ? inside_->service.link().in_flight() : 0;
}

Result<void> LinkToApplicationServer::ping() {
  if (!inside_) return fail(ErrorCode::refused, "the link was moved");
  return inside_->ping();
}

std::size_t LinkToApplicationServer::unanswered_pings() const {
  return inside_ ? inside_->service.link().unanswered_pings() : 0;
}

std::optional<OffloadReport> LinkToApplicationServer::next_report() {
  if (!inside_ || inside_->reports.empty()) return std::nullopt;
  std::optional<OffloadReport> report(std::move(inside_->reports.front()));
  inside_->reports.pop_front();
  return report;
}

void LinkToApplicationServer::end(std::string_view reason, Time now) {
  if (inside_) inside_->end(reason, now);
}

}  // namespace baton
