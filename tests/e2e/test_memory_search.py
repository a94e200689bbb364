"""The whole memory of both programs is searched for what must not be there (rules R6 and R7)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bad_clients import REQUEST
from clients import SClient, Target
from fleet import SUITES, Fleet, Tenant, suite_tenant, wait_until
from handmade_tls import key_log
from needles import is_foreign, live_secrets, needles_of, private_key_needles, with_hex
from process_memory import find, left_in
from step_client import StepClient, client_context

NAME = "www.baton.test"
TICKET_KEYS = os.urandom(80)
TICKET_NAME_SIZE = 16  # bytes, which every ticket shows

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root reads another process's memory")


# RSA signs on a worker of the key store, which has a stack of its own.
CASES = [(version, suite, "ecdsa") for version, suites in SUITES.items() for suite in suites]
CASES += [("1.3", "TLS_AES_128_GCM_SHA256", "rsa"), ("1.2", "AES_256_GCM_SHA384", "rsa")]


def tenants() -> list[Tenant]:
    """One with keys of both kinds, and one for each case."""
    return [Tenant([NAME], ["ecdsa", "rsa"]),
            *(suite_tenant(name_of(*case), *case) for case in CASES)]


def name_of(version: str, suite: str, key_type: str) -> str:
    return f"{suite.lower().replace('_', '-')}.{key_type}.v{version.replace('.', '')}.baton.test"


@pytest.fixture(scope="module", params=[False, True], ids=["tcp_link", "unix_link"])
def fleet(request, tmp_path_factory):
    with Fleet(tmp_path_factory.mktemp("fleet"), tenants(), ticket_keys=TICKET_KEYS,
               unix_link=request.param) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0


@contextmanager
def established(fleet: Fleet, name: str, keylog: Path, messages: Path) -> Iterator[SClient]:
    """A client whose connection has carried data, and stays open."""
    target = Target(name, "127.0.0.1", fleet.port, fleet.ca_file)
    with SClient(target, keylog, ["-msg", "-msgfile", messages]) as client:
        client.send(REQUEST)
        client.read_until(b"\r\n\r\n")
        client.read_exactly(1000)
        yield client


# --- keys of the key store ---

def ticket_needles() -> dict[str, bytes]:
    secret = TICKET_KEYS[TICKET_NAME_SIZE:]
    return {"ticket keys": TICKET_KEYS, "ticket HMAC key": secret[:32], "ticket AES key": secret[32:]}


def test_application_server_holds_no_key(fleet, tmp_path):
    key_files = [leaf.key_file for leaf in fleet.tenants[0].leaves]
    by_key = {file.name: private_key_needles(file) for file in key_files}
    needles = ticket_needles() | {name: needle for forms in by_key.values() for name, needle in forms.items()}
    with established(fleet, NAME, tmp_path / "closed.log", tmp_path / "closed.msg") as client:
        client.close()
    fleet.proxy.wait_event("closed")
    with established(fleet, NAME, tmp_path / "keys.log", tmp_path / "messages") as client:
        in_proxy, in_keystore = find(fleet.proxy.pid, needles), find(fleet.keystore.pid, needles)
        client.close()
    assert in_proxy == set()
    for name, forms in by_key.items():
        assert in_keystore & set(forms), f"the search does not even find {name} in the key store"
    assert {"ticket HMAC key", "ticket AES key"} <= in_keystore


# --- secrets of connections ---

@pytest.mark.parametrize("version, suite, key_type", CASES)
def test_secrets_are_where_the_connection_is(fleet, tmp_path, version, suite, key_type):
    name, keylog, messages = name_of(version, suite, key_type), tmp_path / "keys.log", tmp_path / "messages"
    with established(fleet, name, keylog, messages) as client:
        needles = needles_of(version, suite, keylog, messages)
        live = live_secrets(version)
        assert live <= set(needles)
        assert live <= find(fleet.proxy.pid, needles), "the search does not even find what must be there"
        searched = with_hex(needles)
        assert left_in(fleet.keystore.pid, searched) == set()
        assert find(fleet.proxy.pid, {key: searched[key] for key in searched if is_foreign(key)}) == set()
        client.close()
    fleet.proxy.wait_event("closed", reason="closed")
    wait_until(lambda: len(fleet.proxy.events("established")) == len(fleet.proxy.events("closed")), "it is closed")
    assert left_in(fleet.proxy.pid, searched) == set()
    assert left_in(fleet.keystore.pid, searched) == set()


@contextmanager
def waiting(fleet: Fleet, keylog: Path) -> Iterator[dict[str, bytes]]:
    """A TLS 1.3 client that has the server's flight and says nothing more; its secrets."""
    context = client_context(fleet.ca_file, "1.3")
    context.keylog_filename = keylog
    with StepClient(fleet.port, NAME, context) as client:
        client.say_hello()
        secrets = key_log(keylog.read_text())
        assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in secrets
        yield secrets


def check_nothing_is_left(fleet: Fleet, secrets: dict[str, bytes]) -> None:
    for program in (fleet.proxy, fleet.keystore):
        assert left_in(program.pid, with_hex(secrets)) == set()


def test_secrets_of_a_client_that_sends_no_finished(fleet, tmp_path):
    """The connection was handed off early: the key store has nothing of it any more."""
    with waiting(fleet, tmp_path / "keys.log") as secrets:
        assert left_in(fleet.keystore.pid, with_hex(secrets)) == set()
        # The positive control: this is what the application server awaits.
        assert "CLIENT_HANDSHAKE_TRAFFIC_SECRET" in find(fleet.proxy.pid, secrets)
        never_given = {label: secret for label, secret in secrets.items()
                       if label == "SERVER_HANDSHAKE_TRAFFIC_SECRET" or "EXPORTER" in label}
        assert never_given and find(fleet.proxy.pid, with_hex(never_given)) == set()
    fleet.keystore.wait_event("handshake_ended", reason="client_gone")
    check_nothing_is_left(fleet, secrets)


def test_secrets_of_a_late_handshake_that_failed(tmp_path):
    """A client that goes away behind the server's flight leaves no secret of the handshake."""
    with Fleet(tmp_path, [Tenant([NAME])], keystore_settings={"early_handoff": False}) as fleet:
        with waiting(fleet, tmp_path / "keys.log") as secrets:
            # The positive control: the handshake runs, so the key store has what it has made.
            assert "SERVER_TRAFFIC_SECRET_0" in find(fleet.keystore.pid, secrets)
            assert find(fleet.proxy.pid, with_hex(secrets)) == set()
        fleet.keystore.wait_event("handshake_cancelled")
        check_nothing_is_left(fleet, secrets)
