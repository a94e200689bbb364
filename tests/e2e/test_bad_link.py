"""The link in every bad state: each side survives, says why, and comes back as soon as it can."""

import contextlib
import hashlib
import os
import re
import select
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import payload
import pki
from bad_clients import REQUEST, client_hello
from fleet import KEY_STORE_NAME, PROXY_IDENTITY, Fleet, Tenant, wait_until
from step_client import ALERTS, TIMEOUT, StepClient, client_context, connect, plaintext_alerts, read_to_end

NAME = "www.baton.test"
HELLO, PING, PONG, LINK_ERROR = 1, 2, 3, 5
OPEN, CLIENT_BYTES, OUTCOME = 16, 17, 19
SERVER_BYTES, HANDOFF = 32, 33
LINK_ERRORS = {"hello_expected": 1, "serialization_version": 3, "frame_too_large": 4, "unknown_frame_type": 5,
               "malformed_frame": 6, "unexpected_frame": 7, "unknown_handshake": 8, "bad_count": 10, "refused": 12, "timeout": 13}
FIRST_RETRY = 0.025  # s, the shortest first pause of the proxy's back-off, which doubles


def frame(kind: int, body: bytes = b"", handshake: int = 0) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + struct.pack("!I", handshake) + body


def hello(magic: int = 0x42544E4C, version: int = 1, reads: int = 1) -> bytes:
    software = b"a test"
    fixed = struct.pack("!IHHQIIB", magic, version, reads, 1, 65536, 4096, len(software))
    return frame(HELLO, fixed + software)


def open_frame(handshake: int, first_bytes: bytes) -> bytes:
    fixed = bytes(16) + b"\0\0" + b"\x05https" + bytes(16) + struct.pack("!IB", 0, 0)
    return frame(OPEN, fixed + first_bytes, handshake)


def frames(stream: bytes) -> list[tuple[int, bytes]]:
    """Type and payload of each whole frame."""
    found = []
    while len(stream) >= 8 and len(stream) - 8 >= (size := int.from_bytes(stream[1:4], "big")):
        found.append((stream[0], stream[8:8 + size]))
        stream = stream[8 + size:]
    return found


def link_error(stream: bytes) -> int | None:
    """The code of the LINK_ERROR that ends it."""
    last = frames(stream)[-1:]
    return int.from_bytes(last[0][1][:2], "big") if last and last[0][0] == LINK_ERROR else None


def read_to_link_error(link: ssl.SSLSocket) -> int | None:
    """Read like a peer that ends the link once it has got the LINK_ERROR."""
    stream = b""
    while link_error(stream) is None and (data := link.recv(1 << 16)):
        stream += data
    return link_error(stream)


def get(fleet: Fleet) -> None:
    """A client gets what it asks for."""
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as client:
        client.establish().send(REQUEST)
        client.read_until(b"\r\n\r\n")
        assert client.read_exactly(1000) == b"".join(payload.chunks(1000))
        client.socket.sendall(client.close_notify())


def is_refused(fleet: Fleet, reason: str, said: str = "") -> None:
    """A client gets an alert, and the proxy's log says why."""
    with connect(fleet.port) as sock:
        sock.sendall(client_hello(NAME))
        assert plaintext_alerts(read_to_end(sock)) == [ALERTS["internal_error"]]
        event = fleet.proxy.wait_event("handshake_failed", client=f"127.0.0.1:{sock.getsockname()[1]}")
        assert (event["reason"], event["alert"]) == (reason, "internal_error")
        assert said in event["detail"]


# --- the key store comes and goes ---

@pytest.mark.parametrize("unix_link", [False, True])
def test_key_store_that_comes_later(tmp_path, unix_link):
    fleet = Fleet(tmp_path, [Tenant([NAME])], unix_link=unix_link)
    with fleet.not_started():
        fleet.proxy.start().wait_event("started")
        fleet.proxy.wait_event("link_failed", count=4)
        is_refused(fleet, "no_key_store", "no link to a key store")
        check_back_off([seconds(event) for event in fleet.proxy.events("link_failed")][:4])
        fleet.keystore.start()
        fleet.proxy.wait_event("link_up", level="warning")  # as the failures before it
        get(fleet)


def seconds(event: dict) -> float:
    """The time of a log line within its hour."""
    minutes, rest = re.search(r":(\d\d):([\d.]+)Z", event["time"]).groups()
    return int(minutes) * 60 + float(rest)


def check_back_off(times: list[float]) -> None:
    """The pauses are not shorter than a back-off's; how much longer they are is the machine's affair."""
    pauses = [(later - earlier) % 3600 for earlier, later in zip(times, times[1:])]
    assert pauses and all(pause >= FIRST_RETRY * 2**i for i, pause in enumerate(pauses)), pauses


@pytest.mark.parametrize("client_has_received", [False, True])
def test_key_store_that_is_killed_in_mid_handshake(tmp_path, client_has_received):
    with Fleet(tmp_path, [Tenant([NAME])]) as fleet:
        # In TLS 1.3 nothing but the first answer is needed of it: see test_early_handoff.py.
        with StepClient(fleet.port, NAME, client_context(fleet.ca_file, "1.2")) as client:
            if client_has_received:
                client.say_hello()
            else:
                client.socket.sendall(client.flight()[:50])
                get(fleet)  # by then the handshake that came before has begun
            fleet.keystore.kill()
            rest = read_to_end(client.socket)
            # Once the server's flight has begun, no alert of the proxy's could be believed.
            assert plaintext_alerts(rest) == ([] if client_has_received else [ALERTS["internal_error"]])
            event = fleet.proxy.wait_event("handshake_failed", client=f"127.0.0.1:{client.local_port}")
            assert event["reason"] == "link_lost"
        fleet.proxy.wait_event("link_down")
        fleet.keystore.start()
        fleet.proxy.wait_event("link_up", count=2)
        get(fleet)


def test_download_outlives_the_key_store(tmp_path):
    size = 60_000_000
    with Fleet(tmp_path, [Tenant([NAME])]) as fleet, \
            StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as client:
        client.establish().send(f"GET /bytes/{size} HTTP/1.1\r\nConnection: close\r\nHost: any\r\n\r\n".encode())
        client.read_until(b"\r\n\r\n")
        digest = hashlib.sha256(client.read_exactly(100_000))
        fleet.keystore.kill()
        fleet.proxy.wait_event("link_down")
        while data := client.read():
            digest.update(data)
        assert digest.hexdigest() == payload.expected_sha256(size)
        client.socket.sendall(client.close_notify())
        assert fleet.proxy.wait_event("closed")["reason"] == "closed"


# --- certificates and identities ---

def change(path: Path, old: str, new: str) -> None:
    """Change a configuration file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def other_ca(fleet: Fleet) -> pki.Authority:
    return pki.make_ca(fleet.directory, "other-ca")


def proxy_trusts_another_ca(fleet: Fleet) -> None:
    shutil.copy(other_ca(fleet).cert_file, fleet.proxy_dir / fleet.link_ca.cert_file.name)


def proxy_expects_another_name(fleet: Fleet) -> None:
    change(fleet.proxy.config, KEY_STORE_NAME, "elsewhere.internal")


def give_proxy(fleet: Fleet, ca: pki.Authority, name: str, usage: str = "client") -> None:
    """Another link certificate in place of the proxy's own."""
    leaf = pki.make_leaf(fleet.directory, ca, "ecdsa", [name], usage=usage, file_stem="other-leaf")
    stem = fleet.proxy_dir / f"{PROXY_IDENTITY}-ecdsa-client"
    shutil.copy(leaf.chain_file, f"{stem}.chain.pem")
    shutil.copy(leaf.key_file, f"{stem}.key")
    os.chmod(f"{stem}.key", 0o600)


def proxy_has_an_untrusted_certificate(fleet: Fleet) -> None:
    give_proxy(fleet, other_ca(fleet), PROXY_IDENTITY)


def proxy_has_a_server_certificate(fleet: Fleet) -> None:
    give_proxy(fleet, fleet.link_ca, PROXY_IDENTITY, usage="server")


def proxy_is_unknown(fleet: Fleet) -> None:
    give_proxy(fleet, fleet.link_ca, "app2.internal")


BAD_IDENTITIES = [
    # change, event of the proxy, what it says, what the key store says
    (proxy_trusts_another_ca, "link_failed", "certificate verify failed", "alert unknown_ca"),
    (proxy_expects_another_name, "link_failed", "hostname mismatch", "alert bad_certificate"),
    (proxy_has_an_untrusted_certificate, "link_down", "unknown_ca", "certificate verify failed"),
    (proxy_has_a_server_certificate, "link_down", "unsupported_certificate", "certificate verify failed"),
    (proxy_is_unknown, "link_down", "has the identity of this certificate (app2.internal)",
     "no [[application_server]] has the identity of this certificate (app2.internal)"),
]


@pytest.mark.parametrize("spoil, event, proxy_says, keystore_says", BAD_IDENTITIES,
                         ids=[case[0].__name__ for case in BAD_IDENTITIES])
def test_link_identity_that_is_refused(tmp_path, spoil, event, proxy_says, keystore_says):
    fleet = Fleet(tmp_path, [Tenant([NAME])])
    spoil(fleet)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        fleet.proxy.start().wait_event("started")
        fleet.proxy.wait_event(event, count=4)
        for one in fleet.proxy.events(event):
            assert proxy_says in one["reason"]
        check_back_off([seconds(one) for one in fleet.proxy.events(event)][:4])
        assert keystore_says in fleet.keystore.wait_event("link_refused")["reason"]
        is_refused(fleet, "no_key_store")
        assert fleet.proxy.events("link_up") == fleet.keystore.events("link_up") == []
        assert fleet.proxy.stop() == fleet.keystore.stop() == 0


def test_user_that_is_not_listed():
    """A Unix socket that anybody could open, and a user that the key store does not know."""
    nobody = 65534
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        fleet = Fleet(Path(directory), [Tenant([NAME])], unix_link=True, proxy_user=nobody)
        with fleet.not_started():
            fleet.keystore.start().wait_event("started")
            fleet.proxy.start()
            assert "Permission denied" in fleet.proxy.wait_event("link_failed")["reason"]
            os.chmod(fleet.directory / "link.sock", 0o666)
            assert f"uid {nobody}" in fleet.keystore.wait_event("link_refused")["reason"]
            assert f"uid {nobody}" in fleet.proxy.wait_event("link_down")["reason"]
            is_refused(fleet, "no_key_store")
            assert fleet.proxy.events("link_up") == []


# --- a bad application server ---

@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), [Tenant([NAME])]) as fleet:
        yield fleet
        assert len(fleet.proxy.events("link_up")) == 1  # nobody else's link was touched
        assert fleet.proxy.stop() == 0
        assert fleet.keystore.stop() == 0


def link_context(fleet: Fleet, with_certificate: bool = True) -> ssl.SSLContext:
    context = client_context(fleet.link_ca.cert_file)
    if with_certificate:
        stem = fleet.proxy_dir / f"{PROXY_IDENTITY}-ecdsa-client"
        context.load_cert_chain(f"{stem}.chain.pem", f"{stem}.key")
    return context


@contextlib.contextmanager
def fake_application_server(fleet: Fleet) -> Iterator[ssl.SSLSocket]:
    with connect(fleet.link_port) as sock, \
            link_context(fleet).wrap_socket(sock, server_hostname=KEY_STORE_NAME) as link:
        yield link


def peer_of(sock: socket.socket) -> str:
    return f"127.0.0.1:{sock.getsockname()[1]}"


BAD_FRAMES = {
    # what an application server sends: the LINK_ERROR that it gets
    "ping_first": (frame(PING, bytes(8)), "hello_expected"),
    "http": (b"GET / HTTP/1.1\r\nHost: any\r\n\r\n", "hello_expected"),
    "garbage": (bytes(range(255, 0, -1)) * 100, "hello_expected"),
    "big_hello": (frame(HELLO, bytes(1025)), "frame_too_large"),
    "wrong_magic": (hello(magic=1), "malformed_frame"),
    "no_version": (hello(version=0), "malformed_frame"),
    "reads_nothing": (hello(reads=0), "serialization_version"),
    "big_frame": (hello() + b"\x10\xff\xff\xff\0\0\0\1", "frame_too_large"),
    "unknown_type": (hello() + frame(99), "unknown_frame_type"),
    "two_hellos": (hello() + hello(), "unexpected_frame"),
    "cut_open": (hello() + frame(OPEN, bytes(10), 1), "malformed_frame"),
    "open_of_the_link": (hello() + open_frame(0, b""), "malformed_frame"),
    "bytes_for_nobody": (hello() + frame(CLIENT_BYTES, b"x", 7), "unknown_handshake"),
    "outcome_for_nobody": (hello() + frame(OUTCOME, b"\1\0\0", 7), "unknown_handshake"),
    "id_again": (hello() + open_frame(3, b"") + open_frame(3, b""), "unknown_handshake"),
    "early_outcome": (hello() + open_frame(3, b"") + frame(OUTCOME, b"\1\0\0", 3), "unexpected_frame"),
    "handoff_of_its_own": (hello() + frame(HANDOFF, bytes(20), 1), "unexpected_frame"),
    "server_bytes_of_its_own": (hello() + frame(SERVER_BYTES, bytes(8), 1), "unexpected_frame"),
    "pong_for_nothing": (hello() + frame(PONG, bytes(8)), "unexpected_frame"),
}


@pytest.mark.parametrize("kind", BAD_FRAMES)
def test_bad_frames_to_the_key_store(fleet, kind):
    sent, code = BAD_FRAMES[kind]
    with fake_application_server(fleet) as link:
        link.sendall(sent)
        get(fleet)
        assert read_to_link_error(link) == LINK_ERRORS[code]
        peer = peer_of(link)
    assert code in fleet.keystore.wait_event("link_down", peer=peer)["reason"]
    assert any(code in event["reason"] for event in fleet.keystore.events("link_protocol_error"))
    get(fleet)


def test_handshakes_of_a_link_that_misbehaves_end_with_it(fleet):
    with fake_application_server(fleet) as link:
        link.sendall(hello() + open_frame(1, client_hello(NAME)) + open_frame(2, client_hello(NAME)[:20]))
        link.sendall(frame(99))
        assert read_to_link_error(link) == LINK_ERRORS["unknown_frame_type"]
    fleet.keystore.wait_event("handshake_link_lost", count=2)
    get(fleet)


def test_application_server_that_says_nothing(fleet):
    with fake_application_server(fleet) as link:
        get(fleet)
        assert read_to_link_error(link) == LINK_ERRORS["timeout"]
        peer = peer_of(link)
    assert "no HELLO came in time" in fleet.keystore.wait_event("link_down", peer=peer)["reason"]


@pytest.mark.parametrize("first_bytes, said", [
    (b"\x00\xff\x80garbage" * 50, "unknown content type"), (b"GET / HTTP/1.1\r\n\r\n", "HTTP request"),
    (b"", "closed during the TLS handshake")], ids=["garbage", "http", "nothing"])
def test_link_port_without_tls(fleet, first_bytes, said):
    with connect(fleet.link_port) as sock:
        sock.sendall(first_bytes)
        if not first_bytes:
            sock.shutdown(socket.SHUT_WR)
        read_to_end(sock)
        assert said in fleet.keystore.wait_event("link_refused", peer=peer_of(sock))["reason"]
    get(fleet)


def test_link_without_a_certificate(fleet):
    with connect(fleet.link_port) as sock:
        context = link_context(fleet, with_certificate=False)
        with context.wrap_socket(sock, server_hostname=KEY_STORE_NAME) as link:
            with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
                link.recv(1)
            event = fleet.keystore.wait_event("link_refused", peer=peer_of(link))
            assert "peer did not return a certificate" in event["reason"]
    get(fleet)


def test_link_in_tls_1_2(fleet):
    context = link_context(fleet)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(fleet.link_port) as sock:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            context.wrap_socket(sock, server_hostname=KEY_STORE_NAME)
    get(fleet)


# --- a bad key store ---

Behaviour = Callable[[ssl.SSLSocket], None]


class FakeKeyStore:
    """Context manager: does `behave` on each link that comes, and remembers when each came and what it said."""

    def __init__(self, fleet: Fleet, behave: Behaviour, with_tls: bool = True):
        self._behave = behave
        self.came: list[float] = []
        self.received: list[bytes] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        stem = fleet.keystore_dir / f"{KEY_STORE_NAME}-ecdsa-server"
        self._context.load_cert_chain(f"{stem}.chain.pem", f"{stem}.key")
        self._context.load_verify_locations(fleet.link_ca.cert_file)
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._with_tls = with_tls
        self._listening = socket.create_server(("127.0.0.1", fleet.link_port))
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> "FakeKeyStore":
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:  # a link's thread ends with its link, so the proxy has to be stopped
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            if select.select([self._listening], [], [], 0.05)[0]:
                sock, _ = self._listening.accept()
                self.came.append(time.monotonic())
                self._threads.append(threading.Thread(target=self._serve, args=(sock,)))
                self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(TIMEOUT)
        with sock, contextlib.suppress(OSError):
            link = self._context.wrap_socket(sock, server_side=True) if self._with_tls else sock
            with link:
                self._behave(link)
                self.received.append(read_to_end(link))


@contextlib.contextmanager
def with_fake_key_store(directory: Path, behave: Behaviour, with_tls: bool = True) -> Iterator[tuple]:
    """A proxy at such a key store."""
    fleet = Fleet(directory, [Tenant([NAME])])
    with FakeKeyStore(fleet, behave, with_tls) as fake, fleet.not_started():
        fleet.proxy.start()
        yield fleet, fake
        assert fleet.proxy.stop() == 0


def send(data: bytes) -> Behaviour:
    return lambda link: link.sendall(data)


def answer_first_open(reply: Callable[[], bytes]) -> Behaviour:
    """Say HELLO, and answer the first OPEN."""
    def behave(link: ssl.SSLSocket) -> None:
        link.sendall(hello())
        stream = b""
        while OPEN not in [kind for kind, _ in frames(stream)]:
            piece = link.recv(1 << 16)
            if not piece:
                return
            stream += piece
        link.sendall(reply())
    return behave


def close(link: ssl.SSLSocket) -> None:
    link.shutdown(socket.SHUT_RDWR)


def hello_and_close(link: ssl.SSLSocket) -> None:
    link.sendall(hello())
    link.shutdown(socket.SHUT_RDWR)


BAD_KEY_STORES = {
    # what a key store does: what the proxy says of it, and the LINK_ERROR that it sends
    "closes": (close, "closed", None),
    "hello_and_close": (hello_and_close, "closed", None),
    "http": (send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "hello_expected", "hello_expected"),
    "garbage": (send(bytes(range(255, 0, -1)) * 100), "hello_expected", "hello_expected"),
    "wrong_magic": (send(hello(magic=1)), "malformed_frame", "malformed_frame"),
    "big_frame": (send(hello() + b"\x21\xff\xff\xff\0\0\0\1"), "frame_too_large", "frame_too_large"),
    "unknown_type": (send(hello() + frame(99)), "unknown_frame_type", "unknown_frame_type"),
    "handoff_for_nobody": (send(hello() + frame(HANDOFF, b"\0" + bytes(8) + bytes(4) + b"state", 1)),
                           "unknown_handshake", "unknown_handshake"),
    "opens": (send(hello() + open_frame(1, b"x")), "unknown_handshake", "unknown_handshake"),
    "link_error": (send(hello() + frame(LINK_ERROR, b"\0\x0cgo home")), "go home", None),
}


@pytest.mark.parametrize("kind", BAD_KEY_STORES)
def test_bad_key_store(tmp_path, kind):
    behave, said, code = BAD_KEY_STORES[kind]
    with with_fake_key_store(tmp_path, behave) as (fleet, fake):
        fleet.proxy.wait_event("link_down", count=4)
        assert all(said in event["reason"] for event in fleet.proxy.events("link_down"))
        check_back_off(fake.came[:4])
        is_refused(fleet, "no_key_store")
    if code:
        assert link_error(fake.received[0]) == LINK_ERRORS[code]


def test_key_store_without_tls(tmp_path):
    with with_fake_key_store(tmp_path, send(b"220 mail ready\r\n"), with_tls=False) as (fleet, fake):
        fleet.proxy.wait_event("link_failed", count=4)
        assert "unknown content type" in fleet.proxy.events("link_failed")[0]["reason"]
        check_back_off(fake.came[:4])
        is_refused(fleet, "no_key_store")


BAD_ANSWERS = {
    # an answer to OPEN of handshake 1: what the proxy says
    "no_state": (frame(HANDOFF, b"\0" + bytes(8) + bytes(4) + b"not a state", 1), "state_refused", ""),
    "count_too_large": (frame(SERVER_BYTES, struct.pack("!Q", 1 << 40), 1), "link_lost", "bad_count"),
    "unknown_kind": (frame(HANDOFF, b"\7" + bytes(8) + bytes(4) + b"x", 1), "link_lost", "malformed_frame"),
    "link_error": (frame(LINK_ERROR, b"\0\x0ebroken inside"), "link_lost", "broken inside"),
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_bad_answer_of_a_key_store(tmp_path, kind):
    answer, reason, said = BAD_ANSWERS[kind]
    with with_fake_key_store(tmp_path, answer_first_open(lambda: answer)) as (fleet, _):
        fleet.proxy.wait_event("link_up")
        with connect(fleet.port) as sock:
            sock.sendall(client_hello(NAME))
            assert plaintext_alerts(read_to_end(sock)) == [ALERTS["internal_error"]]
            event = fleet.proxy.wait_event("handshake_failed", client=peer_of(sock))
            assert event["reason"] == reason
            assert said in event["detail"]


def test_key_store_that_sends_no_hello(tmp_path):
    with with_fake_key_store(tmp_path, lambda link: None) as (fleet, _):
        assert "sent no HELLO" in fleet.proxy.wait_event("link_down")["reason"]
        is_refused(fleet, "no_key_store")


def test_key_store_that_answers_no_pings(tmp_path):
    """A client that waits for its handshake is told when the link is given up."""
    settings = {"limits": {"handshake_timeout": "60s"}}
    fleet = Fleet(tmp_path, [Tenant([NAME])], proxy_settings=settings)
    with FakeKeyStore(fleet, send(hello())) as fake, fleet.not_started():
        fleet.proxy.start().wait_event("link_up")
        is_refused(fleet, "link_lost", "does not answer pings")
        assert "does not answer pings" in fleet.proxy.wait_event("link_down")["reason"]
        wait_until(lambda: len(fake.came) > 1, "the proxy tries again")
        assert fleet.proxy.stop() == 0
