// The links of a provider, seen by the program that it is in: its signals, its children, its end.
#include "provider_module/link_signer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <set>
#include <thread>

#include "offload/link_server.h"
#include "programs/temporary_folder.h"

namespace {

constexpr const char* kSlowName = "name-servers-are-silent.example";
std::atomic<bool> name_servers_answered = false;

}  // namespace

// The one that the programs under test call.
extern "C" int getaddrinfo(const char* name, const char* /*service*/, const addrinfo* /*hints*/,
                           addrinfo** /*result*/) {
  if (name != nullptr && std::string_view(name) == kSlowName) {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    name_servers_answered = true;
  }
  return EAI_NONAME;
}

namespace baton::provider_module {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

Config config_of(const net::Endpoint& key_store) {
  Config config;
  config.links.key_stores.push_back({key_store, "keystore.internal"});
  config.links.lifetime = 1h;
  config.links.policy.wait_for_link = 200ms;
  config.links.policy.answer_timeout = 100ms;
  config.links.policy.wait_while_away = false;
  config.signature_timeout = 200ms;
  return config;
}

const net::Endpoint kNowhere = net::UnixEndpoint{"/nowhere/k.sock"};

Result<Bytes> sign(LinkSigner& signer) {
  return signer.sign({}, SigningKind::tls13_server, 0x0403, as_bytes("input"));
}

// What was asked of a thread that ends, even before it came to it, is known to have no answer.
TEST(LinkThread, GivesEveryAnswerBack) {
  const Config config = config_of(kNowhere);
  for (int i = 0; i < 50; ++i) {
    const auto answer = std::make_shared<provider::Answer>();
    std::make_unique<LinkThread>(config, links::LinkTls{nullptr})->ask({}, answer);
    std::promise<void> given;
    auto future = given.get_future();
    std::thread([answer, given = std::move(given)]() mutable {
      answer->wait();
      given.set_value();
    }).detach();
    ASSERT_EQ(future.wait_for(5s), std::future_status::ready) << "attempt " << i;
  }
}

TEST(LinkSigner, LeavesTheSignalsAloneWhereNoThreadCanBeHad) {
  LinkSigner signer(config_of(kNowhere), {nullptr});
  pthread_attr_t usual;
  pthread_attr_t endless;
  pthread_getattr_default_np(&usual);
  pthread_attr_init(&endless);
  pthread_attr_setstacksize(&endless, std::size_t{1} << 46);
  pthread_setattr_default_np(&endless);
  const auto signature = sign(signer);
  pthread_setattr_default_np(&usual);
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::io);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  EXPECT_EQ(sigismember(&blocked, SIGTERM), 0);
}

TEST(LinkSigner, DoesNotKeepAProgramFromForking) {
  LinkSigner signer(config_of(net::TcpEndpoint{kSlowName, 1}), {nullptr});
  EXPECT_FALSE(sign(signer));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  EXPECT_FALSE(name_servers_answered) << "fork() waits for name servers";
  waitpid(child, nullptr, 0);
}

// Descriptors that a program hands on when it starts another one.
std::set<int> inherited() {
  std::set<int> all;
  for (int i = 0; i < 1024; ++i) {
    const int flags = fcntl(i, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) all.insert(i);
  }
  return all;
}

int listen_at(const std::filesystem::path& path) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener, 1), 0);
  return listener;
}

void send_output(int link, offload::LinkServer& server) {
  const ByteView output = server.output();
  const ssize_t count = send(link, output.data(), output.size(), MSG_NOSIGNAL);
  EXPECT_TRUE(count == static_cast<ssize_t>(output.size()) || errno == EPIPE) << "the other side may leave";
  server.output_sent(output.size());
}

// A key store that says HELLO and hangs up, as one may that refuses an identity.
TEST(LinkSigner, DoesNotWaitForLinksThatEndAtOnce) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "k.sock";
  const int listener = listen_at(path);
  std::thread hangs_up([listener] {
    for (int link = 0; (link = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(link)) {
      offload::LinkServer server({}, {}, serialization::SerializationVersion::none);
      send_output(link, server);
      std::this_thread::sleep_for(20ms);  // it is a link meanwhile
    }
  });
  LinkSigner signer(config_of(net::UnixEndpoint{path}), {nullptr});
  EXPECT_FALSE(sign(signer));
  for (int i = 0; i < 20; ++i) {
    const auto signature = sign(signer);
    ASSERT_FALSE(signature);
    EXPECT_THAT(signature.error().message, Not(HasSubstr("within limits.signature_timeout")));
  }
  shutdown(listener, SHUT_RDWR);
  hangs_up.join();
  close(listener);
}

// A key store that says HELLO and then hangs, until it wakes up.
class HangingKeyStore {
 public:
  enum class Hangs { wholly, with_signatures };

  explicit HangingKeyStore(const std::filesystem::path& path, Hangs hangs = Hangs::wholly)
      : listener_(listen_at(path)), hangs_(hangs), thread_([this] { run(); }) {}
  HangingKeyStore(const HangingKeyStore&) = delete;
  HangingKeyStore& operator=(const HangingKeyStore&) = delete;
  ~HangingKeyStore() {
    shutdown(listener_, SHUT_RDWR);
    wake_up();
    thread_.join();
    close(listener_);
  }

  void wake_up() {
    awake_ = true;
    awake_.notify_all();
  }

 private:
  void run() {
    for (int link = 0; (link = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(link)) {
      offload::LinkServer server({}, {}, serialization::SerializationVersion::none);
      send_output(link, server);
      if (hangs_ == Hangs::wholly) awake_.wait(false);
      Bytes buffer(10'000);
      ssize_t count = 0;
      while ((count = recv(link, buffer.data(), buffer.size(), 0)) > 0) {
        EXPECT_TRUE(server.receive(MutableBytes(buffer).first(static_cast<std::size_t>(count))));
        answer_all(server);
        send_output(link, server);
      }
    }
  }

  // Pings are answered all the same.
  void answer_all(offload::LinkServer& server) {
    while (const auto event = server.next_event()) {
      const auto* sign = std::get_if<offload::Received<offload::Sign>>(&*event);
      if (!awake_ || sign == nullptr || !server.awaits_signature(sign->id)) continue;
      EXPECT_TRUE(server.signature(sign->id, {1, 2, 3}));
    }
  }

  int listener_;
  Hangs hangs_;
  std::atomic<bool> awake_ = false;
  std::thread thread_;
};

// Signs again and again until the failure is one that says `text`, or, where it is empty, until it succeeds.
testing::AssertionResult signs_until(LinkSigner& signer, std::string_view text) {
  Result<Bytes> signature;
  for (const auto end = steady_clock::now() + 60s; steady_clock::now() < end;) {
    signature = sign(signer);
    if (text.empty() && signature) return testing::AssertionSuccess();
    if (!text.empty() && !signature && signature.error().message.find(text) != std::string::npos) {
      return testing::AssertionSuccess();
    }
    std::this_thread::sleep_for(1ms);
  }
  return testing::AssertionFailure() << (signature ? "it signs" : signature.error().message);
}

// After the first one that times out, others fail at once, and succeed when the key store is back.
TEST(LinkSigner, DoesNotWaitForAKeyStoreThatHangs) {
  const test::TemporaryFolder folder;
  HangingKeyStore key_store(folder.path() / "k.sock");
  {
    LinkSigner signer(config_of(net::UnixEndpoint{folder.path() / "k.sock"}), {nullptr});
    EXPECT_TRUE(signs_until(signer, "within limits.signature_timeout"));
    EXPECT_TRUE(signs_until(signer, "k.sock does not answer"));
    key_store.wake_up();
    EXPECT_TRUE(signs_until(signer, ""));
  }
}

// One that only takes its time with signatures is asked again and again.
TEST(LinkSigner, WaitsForAKeyStoreThatAnswersPings) {
  const test::TemporaryFolder folder;
  HangingKeyStore key_store(folder.path() / "k.sock", HangingKeyStore::Hangs::with_signatures);
  {
    LinkSigner signer(config_of(net::UnixEndpoint{folder.path() / "k.sock"}), {nullptr});
    EXPECT_TRUE(signs_until(signer, "within limits.signature_timeout"));
    for (int i = 0; i < 5; ++i) {
      const auto signature = sign(signer);
      ASSERT_FALSE(signature);
      EXPECT_THAT(signature.error().message, HasSubstr("within limits.signature_timeout"));
    }
    key_store.wake_up();
    EXPECT_TRUE(signs_until(signer, ""));
  }
}

TEST(LinkSigner, HandsNoDescriptorOn) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "k.sock";
  const int listener = listen_at(path);
  const auto before = inherited();
  LinkSigner signer(config_of(net::UnixEndpoint{path}), {nullptr});
  EXPECT_FALSE(sign(signer)) << "the key store never says HELLO";
  const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  EXPECT_GE(accepted, 0) << "the link is there";
  EXPECT_EQ(inherited(), before);
  close(accepted);
  close(listener);
}

}  // namespace
}  // namespace baton::provider_module
