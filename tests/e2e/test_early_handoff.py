"""Early handoff: one round trip on the link, and nothing released before the client's Finished."""

import ssl
import statistics
import subprocess
import time

import pki
import pytest
from bad_clients import REQUEST
from clients.base import tool
from delaying_relay import DelayingRelay
from fleet import BIN, Fleet, Tenant, free_port, suite_tenant
from handmade_tls import key_log, sealed_record
from step_client import (ALERT_RECORD, ALERTS, HANDSHAKE_RECORD, StepClient, client_context, plaintext_alerts,
                         read_to_end, record)

NAME, CERTIFICATE_NAME, CHACHA_NAME = "www.baton.test", "staff.baton.test", "chacha.baton.test"
CHANGE_CIPHER_SPEC = record(20, b"\1")
FINISHED = 20
DELAY = 0.1  # s, each way
RUNS = 11


def tenants(client_ca: pki.Authority) -> list[Tenant]:
    return [Tenant([NAME]), Tenant([CERTIFICATE_NAME], settings={"client_ca": str(client_ca.cert_file)}),
            suite_tenant(CHACHA_NAME, "1.3", "TLS_CHACHA20_POLY1305_SHA256")]


@pytest.fixture(scope="module")
def clients_ca(tmp_path_factory) -> pki.Authority:
    return pki.make_ca(tmp_path_factory.mktemp("clients-ca"), "clients-ca")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, clients_ca):
    with Fleet(tmp_path_factory.mktemp("fleet"), tenants(clients_ca)) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0
        assert fleet.keystore.stop() == 0


@pytest.fixture(scope="module")
def context(fleet, clients_ca, tmp_path_factory):
    """Of a client with a certificate; makes contexts for one TLS version."""
    leaf = pki.make_leaf(tmp_path_factory.mktemp("client"), clients_ca, "ecdsa", ["client.test"], usage="client")

    def make(version: str) -> ssl.SSLContext:
        context = client_context(fleet.ca_file, version)
        context.load_cert_chain(leaf.chain_file, leaf.key_file)
        return context
    return make


def exchange(client: StepClient) -> None:
    client.send(REQUEST)
    assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    client.read_exactly(1000)


def established(fleet: Fleet, client: StepClient, *, early: bool, resumed: bool = False) -> None:
    """Both sides say so, and the key store counts it by the outcome."""
    address = f"127.0.0.1:{client.local_port}"
    event = fleet.proxy.wait_event("established", client=address)
    assert (event["early"], event["resumed"]) == (early, resumed)
    ended = fleet.keystore.wait_event("handshake_ended", trace=event["trace"])
    assert (ended["early"], ended["reason"]) == (early, "established")


def one_connection(fleet: Fleet, context: ssl.SSLContext, name: str, *, early: bool,
                   session: ssl.SSLSession | None = None) -> ssl.SSLSession:
    with StepClient(fleet.port, name, context, session) as client:
        client.establish()
        exchange(client)
        established(fleet, client, early=early, resumed=session is not None)
        client.socket.sendall(client.close_notify())
        return client.tls.session


@pytest.mark.parametrize("name, version, full_is_early, resumed_is_early", [
    (NAME, "1.3", True, True),
    (NAME, "1.2", False, False),
    (CERTIFICATE_NAME, "1.3", False, True),  # a resumption asks for no certificate
    (CERTIFICATE_NAME, "1.2", False, False),
])
def test_which_handoffs_are_early(fleet, context, name, version, full_is_early, resumed_is_early):
    one = context(version)
    session = one_connection(fleet, one, name, early=full_is_early)
    session = one_connection(fleet, one, name, early=resumed_is_early, session=session)
    one_connection(fleet, one, name, early=resumed_is_early, session=session)


def test_through_a_hello_retry_request(tmp_path):
    """The client's first key share is of a group that the key store does not have."""
    with Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"groups": ["P-384"]}) as fleet:
        context = client_context(fleet.ca_file, "1.3")
        session = one_connection(fleet, context, NAME, early=True)
        one_connection(fleet, context, NAME, early=True, session=session)


@pytest.mark.parametrize("name, settings", [(NAME, {"early_handoff": False}), (CERTIFICATE_NAME, {})],
                         ids=["switched-off", "client-certificate"])
def test_late_through_a_hello_retry_request(tmp_path, context, clients_ca, name, settings):
    """The flight is sent before the handoff, and behind the HelloRetryRequest."""
    with Fleet(tmp_path, tenants(clients_ca), keystore_settings={"groups": ["P-384"]} | settings) as fleet:
        one = context("1.3")
        one.load_verify_locations(fleet.ca_file)
        one_connection(fleet, one, name, early=False)
        assert fleet.proxy.process.poll() is None


def test_ticket_of_one_name_does_not_resume_at_another(fleet, context):
    one = context("1.3")
    one.check_hostname = False
    session = one_connection(fleet, one, NAME, early=True)
    with StepClient(fleet.port, CERTIFICATE_NAME, one, session) as client:
        client.establish()
        exchange(client)
        established(fleet, client, early=False)


def test_it_can_be_switched_off(tmp_path):
    with Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"early_handoff": False}) as fleet:
        one_connection(fleet, client_context(fleet.ca_file, "1.3"), NAME, early=False)


@pytest.mark.parametrize("setting", ["early_data", "max_early_data", "session_cache", "num_tickets"])
def test_what_would_break_it_cannot_be_configured(tmp_path, setting):
    fleet = Fleet(tmp_path, [Tenant([NAME])])
    program = fleet.key_store("other", fleet.link_address(), **{setting: 1})
    done = subprocess.run([BIN / program.name, "--check", "--config", program.config],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"{setting}: unknown key" in done.stderr + done.stdout


def test_early_data_is_refused_and_the_handoff_late(fleet, tmp_path, context):
    """The ticket comes from a server that allows early data; ours skips what it cannot read."""
    server = subprocess.Popen(
        [tool("openssl"), "s_server", "-accept", str(port := free_port()), "-naccept", "1", "-tls1_3", "-early_data",
         "-cert", fleet.tenants[0].leaves[0].chain_file, "-key", fleet.tenants[0].leaves[0].key_file],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    session, early = tmp_path / "session.pem", tmp_path / "early"
    early.write_bytes(b"GET /bytes/7 HTTP/1.1\r\nHost: any\r\n\r\n")
    try:
        for _ in range(50):
            run_s_client(port, fleet, "-sess_out", session)
            if session.exists():
                break
            time.sleep(0.1)
    finally:
        server.kill()
        server.wait()
    answer = run_s_client(fleet.port, fleet, "-sess_in", session, "-early_data", early, send=REQUEST)
    assert "Early data was rejected" in answer
    assert "HTTP/1.1 200 OK" in answer
    assert fleet.proxy.events("established")[-1]["early"] is False


def run_s_client(port: int, fleet: Fleet, *options: object, send: bytes = b"") -> str:
    """Connect, send, wait a moment for what comes; everything that it says."""
    command = [tool("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME, "-tls1_3",
               "-CAfile", fleet.ca_file, *options]
    with subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        if send:
            process.stdin.write(send.replace(b"Host: any", b"Connection: close\r\nHost: any"))
            process.stdin.flush()
            return process.stdout.read().decode(errors="replace")
        time.sleep(0.5)
        output, _ = process.communicate(b"Q\n", timeout=30)
        return output.decode(errors="replace")


def test_the_key_store_may_die_behind_its_answer(tmp_path):
    with Fleet(tmp_path, [Tenant([NAME])]) as fleet, \
            StepClient(fleet.port, NAME, client_context(fleet.ca_file, "1.3")) as client:
        second = client.say_hello()
        fleet.keystore.kill()
        fleet.proxy.wait_event("link_down")
        client.socket.sendall(second)
        exchange(client)
        assert fleet.proxy.wait_event("established")["early"] is True


# --- clients that lie ---

def lying_client(fleet: Fleet, keylog) -> tuple[StepClient, dict[str, bytes]]:
    """One that has the server's flight, and the secrets of the connection."""
    context = client_context(fleet.ca_file, "1.3")
    context.keylog_filename = keylog
    client = StepClient(fleet.port, CHACHA_NAME, context)
    client.say_hello()
    return client, key_log(keylog.read_text())


def check_lie(fleet: Fleet, client: StepClient, secrets: dict[str, bytes], alert: str) -> None:
    """One alert under the application key's first number and nothing else: no ticket, no byte of a backend."""
    alert_sealed = sealed_record(secrets["SERVER_TRAFFIC_SECRET_0"], ALERT_RECORD, bytes([2, ALERTS[alert]]))
    assert read_to_end(client.socket) == alert_sealed
    event = fleet.proxy.wait_event("handshake_failed", client=f"127.0.0.1:{client.local_port}")
    assert (event["reason"], event["alert"]) == ("tls_alert_sent", alert)
    ended = fleet.keystore.wait_event("handshake_ended", trace=event["trace"])
    assert (ended["reason"], ended["alert"], ended["level"]) == ("alert", alert, "warning")
    assert fleet.proxy.events("established", trace=event["trace"]) == []


@pytest.mark.parametrize("content, alert", [
    (bytes([FINISHED, 0, 0, 32]) + bytes(32), "decrypt_error"),
    (bytes([FINISHED, 0, 0, 31]) + bytes(31), "decode_error"),
    (bytes([FINISHED, 0, 0, 32]) + bytes(32) + bytes([FINISHED, 0, 0, 32]), "unexpected_message"),
    (bytes([11, 0, 0, 4, 0, 0, 0, 0]), "unexpected_message"),  # a Certificate that nobody asked for
], ids=["wrong", "short", "doubled", "certificate"])
def test_finished_that_lies(fleet, tmp_path, content, alert):
    client, secrets = lying_client(fleet, tmp_path / "keys.log")
    with client:
        forged = sealed_record(secrets["CLIENT_HANDSHAKE_TRAFFIC_SECRET"], HANDSHAKE_RECORD, content)
        # The request behind it is sealed as an honest client's would be.
        request = sealed_record(secrets["CLIENT_TRAFFIC_SECRET_0"], 23, REQUEST)
        client.socket.sendall(forged + request)
        check_lie(fleet, client, secrets, alert)


def test_request_in_place_of_the_finished(fleet, tmp_path):
    client, secrets = lying_client(fleet, tmp_path / "keys.log")
    with client:
        client.socket.sendall(sealed_record(secrets["CLIENT_TRAFFIC_SECRET_0"], 23, REQUEST))
        check_lie(fleet, client, secrets, "bad_record_mac")


def test_finished_of_another_connection(fleet, tmp_path):
    with StepClient(fleet.port, CHACHA_NAME, client_context(fleet.ca_file, "1.3")) as other:
        replayed = other.say_hello()
    client, secrets = lying_client(fleet, tmp_path / "keys.log")
    with client:
        client.socket.sendall(replayed)
        check_lie(fleet, client, secrets, "bad_record_mac")


@pytest.mark.parametrize("count", [31, 32])
def test_change_cipher_specs(fleet, tmp_path, count):
    """OpenSSL sends one of its own, so the second case has one too many."""
    context = client_context(fleet.ca_file, "1.3")
    with StepClient(fleet.port, NAME, context) as client:
        second = client.say_hello()
        assert second.startswith(CHANGE_CIPHER_SPEC)
        client.socket.sendall(count * CHANGE_CIPHER_SPEC + second)
        if count == 31:
            exchange(client)
            return
        assert plaintext_alerts(read_to_end(client.socket)) == []
        event = fleet.proxy.wait_event("handshake_failed", client=f"127.0.0.1:{client.local_port}")
        assert (event["reason"], event["alert"]) == ("tls_alert_sent", "unexpected_message")


# --- one round trip ---

@pytest.fixture(scope="module")
def far_port(fleet):
    """Of an application server whose link has a delay."""
    with DelayingRelay(fleet.link_port, DELAY) as relay:
        proxy = fleet.application_server("far", port := free_port(), f"127.0.0.1:{relay.port}")
        proxy.start().wait_event("link_up")
        yield port
        assert proxy.stop() == 0


def time_to_first_byte(port: int, name: str, context: ssl.SSLContext,
                       session: ssl.SSLSession | None) -> tuple[float, ssl.SSLSession]:
    began = time.monotonic()
    with StepClient(port, name, context, session) as client:
        client.establish().send(REQUEST)
        client.read()
        took = time.monotonic() - began
        assert client.tls.session_reused == (session is not None)
        return took, client.tls.session


@pytest.mark.parametrize("resumed", [False, True], ids=["full", "resumed"])
@pytest.mark.parametrize("name, version, round_trips", [
    (NAME, "1.3", 1), (NAME, "1.2", 2), (CERTIFICATE_NAME, "1.3", 2),
], ids=["tls13", "tls12", "client-certificate"])
def test_round_trips_to_the_first_byte(far_port, context, name, version, round_trips, resumed):
    """A ratio to the delay, so that a busy machine does not matter."""
    one, session = context(version), None
    if resumed:
        _, session = time_to_first_byte(far_port, name, one, None)
    times = [time_to_first_byte(far_port, name, one, session)[0] for _ in range(RUNS)]
    measured = statistics.median(times) / (2 * DELAY)
    if resumed and version == "1.3":
        round_trips = 1  # asks for no certificate
    print(f"{measured:.2f} link round trips")
    assert measured >= 1
    assert measured <= 1.2 * round_trips
