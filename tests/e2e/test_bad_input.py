"""Every kind of bad client gets the alert that fits, both sides log why, and good clients notice nothing."""

import select
import socket

import pytest

import bad_clients
import payload
from bad_clients import client_hello, in_crumbs, leave, with_suites
from fleet import Fleet, Tenant, suite_tenant, wait_until
from handmade_tls import key_log, sealed_record
from step_client import (ALERT_RECORD, ALERTS, HANDSHAKE_RECORD, StepClient, alert_record, client_context,
                         connect, plaintext_alerts, read_to_end, record)

NAME = "www.baton.test"
CHACHA_NAME = "chacha.baton.test"
FORBIDDEN_NAME = "www.forbidden.test"
BYTE_BUDGET = 32 * 1024
PACE = 0.05  # s between two bytes of a slow client


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    tenants = [Tenant([NAME], settings={"alpn": ["http/1.1"]}), Tenant([FORBIDDEN_NAME]),
               suite_tenant(CHACHA_NAME, "1.3", "TLS_CHACHA20_POLY1305_SHA256")]
    with Fleet(tmp_path_factory.mktemp("fleet"), tenants, allowed_names=["*.baton.test"],
               keystore_settings={"limits": {"handshake_bytes": BYTE_BUDGET}},
               proxy_settings={"limits": {"handshake_timeout": "3s"}}) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0
        assert fleet.keystore.stop() == 0


class Meanwhile:
    """A good client that came before the bad one, and asks again while that is there, as does a new one."""

    def __init__(self, fleet: Fleet):
        self._fleet = fleet
        self._early = self._new()

    def check(self) -> None:
        """Both get what they ask for, and leave in good order."""
        for client in (self._early, self._new()):
            with client:
                _exchange(client)
                client.socket.sendall(client.close_notify())

    def _new(self) -> StepClient:
        client = StepClient(self._fleet.port, NAME, client_context(self._fleet.ca_file)).establish()
        _exchange(client)
        return client


def _exchange(client: StepClient) -> None:
    client.send(bad_clients.REQUEST)
    assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert client.read_exactly(1000) == b"".join(payload.chunks(1000))


@pytest.fixture
def meanwhile(fleet):
    return Meanwhile(fleet)


def proxy_event(fleet: Fleet, event: str, sock_port: int) -> dict:
    return fleet.proxy.wait_event(event, client=f"127.0.0.1:{sock_port}")


def keystore_event(fleet: Fleet, event: str, trace: str) -> dict:
    return fleet.keystore.wait_event(event, trace=trace)


def keystore_end(fleet: Fleet, trace: str) -> dict:
    """The last line of a handshake: of the key store's own, or the outcome that it was told."""
    def ends() -> list[dict]:
        return [event for event in fleet.keystore.events(trace=trace) if event["event"] != "handshake_handed_off"]
    wait_until(lambda: bool(ends()), "the key store knows the end", fleet.keystore.describe)
    assert len(ends()) == 1
    return ends()[0]


def check_failure(fleet: Fleet, sock_port: int, reason: str, alert: str, said: str, **fields: str) -> None:
    """Both sides logged the failure; `said` is a part of the detail, where the one that logs has seen it."""
    ours = proxy_event(fleet, "handshake_failed", sock_port)
    theirs = keystore_end(fleet, ours["trace"])
    assert {key: ours[key] for key in ("reason", "alert", *fields)} == {"reason": reason, "alert": alert} | fields
    assert said in ours["detail"]
    if theirs["early"]:
        assert theirs["event"] == "handshake_ended"
        reason = "alert"
    else:
        assert theirs["event"] == "handshake_failed"
        assert said in theirs["detail"]
    assert {key: theirs[key] for key in ("reason", "alert", *fields)} == {"reason": reason, "alert": alert} | fields
    assert theirs["client"] == f"127.0.0.1:{sock_port}"


def hello(**context) -> bytes:
    return client_hello(NAME, client_context(**context))


def hello_with_cbc_only() -> bytes:
    context = client_context(version="1.2")
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA")
    return client_hello(NAME, context)


def hello_with_group(group: str) -> bytes:
    context = client_context()
    context.set_ecdh_curve(group)
    return client_hello(NAME, context)


def hello_with_alpn(*protocols: str) -> bytes:
    context = client_context()
    context.set_alpn_protocols(protocols)
    return client_hello(NAME, context)


RANDOM_SUITES = bytes.fromhex("1304 1305".replace(" ", ""))  # CCM: real suites that nobody here has
BAD_BYTES = {
    # name: (bytes, reason, alert, a part of the detail)
    "garbage": (b"\x00\xff\x80garbage" * 50, "tls_alert_sent", "unexpected_message", "content type 0"),
    "http": (b"GET / HTTP/1.1\r\nHost: any\r\n\r\n", "tls_alert_sent", "unexpected_message", "HTTP request"),
    "sslv2": (bytes.fromhex("802e0100020015000000100100800200800300800400800500800600400700c0") + bytes(16),
              "tls_alert_sent", "unexpected_message", "content type 128"),
    "application_data_first": (record(23, bytes(100)), "tls_alert_sent", "unexpected_message", ""),
    "tls_1.0": (hello(version="1.0"), "tls_alert_sent", "protocol_version", "unsupported protocol"),
    "tls_1.1": (hello(version="1.1"), "tls_alert_sent", "protocol_version", "unsupported protocol"),
    "no_shared_suite_1.2": (hello_with_cbc_only(), "tls_alert_sent", "handshake_failure", "no shared cipher"),
    "no_shared_suite_1.3": (with_suites(hello(version="1.3"), RANDOM_SUITES), "tls_alert_sent",
                            "handshake_failure", "no shared cipher"),
    "unknown_name": (client_hello("unknown.baton.test"), "name_refused", "unrecognized_name",
                     "no tenant has this server name"),
    "forbidden_name": (client_hello(FORBIDDEN_NAME), "name_refused", "unrecognized_name",
                       "may not serve the name"),
    "alpn": (hello_with_alpn("spdy/3", "gopher"), "tls_alert_sent", "no_application_protocol", ""),
    "big_record": (record(HANDSHAKE_RECORD, bytes(18_433))[:5], "tls_alert_sent", "record_overflow",
                   "18433 bytes"),
    "full_record_too_long": (record(HANDSHAKE_RECORD, hello()[5:] + bytes(17_000)), "tls_alert_sent",
                             "record_overflow", ""),
    "malformed_hello": (record(HANDSHAKE_RECORD, b"\1\0\0\x04\3\3\0\0"), "tls_alert_sent", "decode_error", ""),
    "finished_first": (record(HANDSHAKE_RECORD, b"\x14\0\0\x20" + bytes(32)), "tls_alert_sent",
                       "unexpected_message", ""),
}


@pytest.mark.parametrize("kind", BAD_BYTES)
def test_first_bytes_that_are_refused(fleet, meanwhile, kind):
    sent, reason, alert, said = BAD_BYTES[kind]
    with connect(fleet.port) as sock:
        sock.sendall(sent)
        meanwhile.check()
        assert plaintext_alerts(read_to_end(sock)) == [ALERTS[alert]]
        check_failure(fleet, sock.getsockname()[1], reason, alert, said)


def test_no_shared_group(tmp_path):
    with Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"groups": ["X25519"]}) as fleet:
        with connect(fleet.port) as sock:
            sock.sendall(hello_with_group("secp384r1"))
            assert plaintext_alerts(read_to_end(sock)) == [ALERTS["handshake_failure"]]
            check_failure(fleet, sock.getsockname()[1], "tls_alert_sent", "handshake_failure", "no suitable")
        Meanwhile(fleet).check()


@pytest.mark.parametrize("allowed, version, reason, alert, said", [
    ("*", "1.3", "tls_alert_sent", "missing_extension", "no server name"),
    ("*", "1.2", "name_refused", "unrecognized_name", "no server name"),
    ("*.baton.test", "1.3", "name_refused", "unrecognized_name", "may not serve the name"),
    ("*.baton.test", "1.2", "name_refused", "unrecognized_name", "may not serve the name"),
])
def test_no_name(tmp_path, allowed, version, reason, alert, said):
    with Fleet(tmp_path, [Tenant([NAME])], allowed_names=[allowed]) as fleet:
        with connect(fleet.port) as sock:
            sock.sendall(client_hello(None, client_context(version=version)))
            assert plaintext_alerts(read_to_end(sock)) == [ALERTS[alert]]
            check_failure(fleet, sock.getsockname()[1], reason, alert, said, server_name="")
        Meanwhile(fleet).check()


def send_until_refused(sock: socket.socket, data: bytes) -> bytes:
    """Send what the other side takes, and return what it says."""
    sock.setblocking(False)
    received = b""
    while True:
        readable, writable, _ = select.select([sock], [sock] if data else [], [], 30)
        assert readable or writable, "nothing happened"
        try:
            if readable:
                piece = sock.recv(1 << 16)
                if not piece:
                    return received
                received += piece
            elif writable:
                data = data[sock.send(data[:4096]):]
        except ConnectionError:
            return received


def test_endless_handshake_ends_at_the_byte_budget(fleet, meanwhile):
    crumbs = in_crumbs(hello())
    assert len(crumbs) > 2 * BYTE_BUDGET
    with connect(fleet.port) as sock:
        received = send_until_refused(sock, crumbs)
        assert plaintext_alerts(received) == [ALERTS["handshake_failure"]]
        meanwhile.check()
        check_failure(fleet, sock.getsockname()[1], "tls_alert_sent", "handshake_failure", "more bytes than allowed")


def test_record_that_is_too_long_in_the_second_flight(fleet, meanwhile):
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file)) as client:
        client.say_hello()
        client.socket.sendall(record(23, bytes(16_641)))
        meanwhile.check()
        read_to_end(client.socket)
        check_failure(fleet, client.local_port, "tls_alert_sent", "record_overflow", "", server_name=NAME)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_finished_that_is_forged(fleet, meanwhile, version):
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        second = client.say_hello()
        client.socket.sendall(second[:-1] + bytes([second[-1] ^ 1]))
        meanwhile.check()
        read_to_end(client.socket)
        check_failure(fleet, client.local_port, "tls_alert_sent", "bad_record_mac", "", server_name=NAME)


def test_silent_client(fleet, meanwhile):
    with connect(fleet.port) as sock:
        meanwhile.check()
        assert read_to_end(sock) == b""
        event = proxy_event(fleet, "handshake_failed", sock.getsockname()[1])
        assert (event["reason"], event["alert"]) == ("timeout", "")
        assert fleet.keystore.events(trace=event["trace"]) == []  # it was never bothered


def test_slow_loris(fleet, meanwhile):
    with connect(fleet.port) as sock:
        for byte in hello():
            if select.select([sock], [], [], PACE)[0]:
                break
            sock.send(bytes([byte]))
        else:
            pytest.fail("the client was faster than the time limit")
        assert plaintext_alerts(read_to_end(sock)) in ([], [ALERTS["internal_error"]])
        meanwhile.check()
        # Both sides watch the same time, so each may be the first to end it.
        event = proxy_event(fleet, "handshake_failed", sock.getsockname()[1])
        assert event["reason"] in ("timeout", "deadline")
        wait_until(lambda: _ended_for_time(fleet, event["trace"]), "the key store ends it", fleet.keystore.describe)


def _ended_for_time(fleet: Fleet, trace: str) -> bool:
    return bool(fleet.keystore.events("handshake_cancelled", trace=trace, reason="timeout")
                or fleet.keystore.events("handshake_failed", trace=trace, reason="deadline"))


def check_refused_by_client(fleet: Fleet, client: StepClient, alert: str) -> None:
    assert plaintext_alerts(read_to_end(client.socket)) == []  # an alert is not answered
    check_failure(fleet, client.local_port, "tls_alert_received", alert, alert)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_client_that_does_not_trust_the_certificate(fleet, meanwhile, version):
    """The alert of a real client, which is in plaintext."""
    with StepClient(fleet.port, NAME, client_context(version=version)) as client:
        second = client.say_hello()
        assert second == alert_record("unknown_ca")
        client.socket.sendall(second)
        meanwhile.check()
        check_refused_by_client(fleet, client, "unknown_ca")


@pytest.mark.parametrize("alert", ["unknown_ca", "bad_certificate", "internal_error"])
def test_encrypted_alert_in_place_of_the_finished(fleet, meanwhile, tmp_path, alert):
    context = client_context(fleet.ca_file, "1.3")
    context.keylog_filename = tmp_path / "keys.log"
    with StepClient(fleet.port, CHACHA_NAME, context) as client:
        client.say_hello()
        secret = key_log(context.keylog_filename.read_text())["CLIENT_HANDSHAKE_TRAFFIC_SECRET"]
        client.socket.sendall(sealed_record(secret, ALERT_RECORD, bytes([2, ALERTS[alert]])))
        meanwhile.check()
        check_refused_by_client(fleet, client, alert)


@pytest.mark.parametrize("by_reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("step", bad_clients.STEPS_BEFORE_HANDSHAKE, ids=lambda step: step.__name__)
def test_client_leaves_during_its_handshake(fleet, meanwhile, step, version, by_reset):
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        step(client)
        meanwhile.check()
        leave(client, by_reset)
    event = proxy_event(fleet, "handshake_failed", client.local_port)
    assert (event["reason"], event["alert"]) == ("client_gone", "")
    if step is bad_clients.nothing:
        assert fleet.keystore.events(trace=event["trace"]) == []
    else:
        end = keystore_end(fleet, event["trace"])
        assert end["event"] == ("handshake_ended" if end["early"] else "handshake_cancelled")
        assert end["reason"] == "client_gone"


@pytest.mark.parametrize("by_reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_client_leaves_behind_its_finished(fleet, meanwhile, version, by_reset):
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        bad_clients.finished(client)
        trace = proxy_event(fleet, "established", client.local_port)["trace"]
        assert keystore_event(fleet, "handshake_ended", trace)["reason"] == "established"
        meanwhile.check()
        leave(client, by_reset)
    check_cut(fleet, client.local_port)


@pytest.mark.parametrize("by_reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_client_leaves_with_its_finished(fleet, meanwhile, version, by_reset):
    """Nobody can tell which is seen first, but both sides agree on it."""
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        bad_clients.finished(client)
        leave(client, by_reset)
    meanwhile.check()
    address = f"127.0.0.1:{client.local_port}"
    ended = fleet.keystore.wait_event
    if fleet.proxy.events("established", client=address):
        trace = proxy_event(fleet, "established", client.local_port)["trace"]
        assert ended("handshake_ended", trace=trace)["reason"] == "established"
        check_cut(fleet, client.local_port)
    else:
        event = proxy_event(fleet, "handshake_failed", client.local_port)
        assert event["reason"] == "client_gone"
        assert keystore_end(fleet, event["trace"])["reason"] == "client_gone"


def check_cut(fleet: Fleet, sock_port: int) -> None:
    """Another client may have had this local port before, and closed as it should."""
    def cuts() -> list[dict]:
        return [event for event in fleet.proxy.events("closed", client=f"127.0.0.1:{sock_port}")
                if event["reason"] in ("client_truncated", "client_failed")]

    wait_until(lambda: bool(cuts()), "the proxy logs the cut", fleet.proxy.describe)
    assert cuts()[-1]["detail"]


@pytest.mark.parametrize("by_reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("step", bad_clients.STEPS_ESTABLISHED, ids=lambda step: step.__name__)
def test_established_client_is_cut_off(fleet, meanwhile, step, version, by_reset):
    with StepClient(fleet.port, NAME, client_context(fleet.ca_file, version)) as client:
        step(client)
        meanwhile.check()
        leave(client, by_reset)
    check_cut(fleet, client.local_port)
