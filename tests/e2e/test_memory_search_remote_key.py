"""As test_memory_search.py, for a proxy that does the handshakes and has no key: what is never there, what is wiped."""

import contextlib
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from bad_clients import REQUEST
from clients import SClient, Target
from fleet import SUITES, Fleet, Tenant, wait_until
from handmade_tls import key_log
from holding_relay import HoldingRelay
from link_client import SIGN
from needles import (is_foreign, live_secrets, needles_of, private_key_needles, suite_of, tls13_needles,
                     with_hex)
from process_memory import find, find_in, left_in, snapshot
from step_client import StepClient, client_context

NAME = "www.baton.test"
SIGNING = {"offload": ["signing"]}

SIGNATURES = {"ecdsa": "ecdsa_secp256r1_sha256", "rsa": "rsa_pss_rsae_sha256", "ed25519": "ed25519"}
KEY_TYPES = list(SIGNATURES)

# The second suite of TLS 1.2 with each key; the kind of the key decides which suites there are.
CASES = [("1.3", suite, "ecdsa") for suite in SUITES["1.3"]]
CASES += [("1.2", suite, "ecdsa") for suite in SUITES["1.2"]]
CASES += [(version, SUITES[version][1], key_type) for version in SUITES for key_type in ("rsa", "ed25519")]

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root reads another process's memory")


def fleet_with(directory: Path, key_types: list[str] = KEY_TYPES, *, tenant: dict[str, object] = SIGNING,
               **settings: object) -> Fleet:
    return Fleet(directory, [Tenant([NAME], key_types, dict(tenant))], local_handshakes=True,
                 identity_settings=SIGNING, **settings)


@pytest.fixture(scope="module", params=[False, True], ids=["tcp_link", "unix_link"])
def fleet(request, tmp_path_factory):
    with fleet_with(tmp_path_factory.mktemp("fleet"), unix_link=request.param) as fleet:
        yield fleet
        assert fleet.proxy.stop() == 0


def iana_name(version: str, suite: str, key_type: str) -> str:
    return suite if version == "1.3" else f"TLS_ECDHE_{'RSA' if key_type == 'rsa' else 'ECDSA'}_WITH_{suite}"


@contextlib.contextmanager
def established(fleet: Fleet, version: str, suite: str, key_type: str, directory: Path) -> Iterator[SClient]:
    """A client whose connection has carried data, and stays open."""
    target = Target(NAME, "127.0.0.1", fleet.port, fleet.ca_file, version, iana_name(version, suite, key_type))
    options = ["-msg", "-msgfile", directory / "messages", "-sigalgs", SIGNATURES[key_type]]
    with SClient(target, directory / "keys.log", options) as client:
        client.send(REQUEST)
        client.read_until(b"\r\n\r\n")
        client.read_exactly(1000)
        yield client


def key_needles(fleet: Fleet) -> dict[str, dict[str, bytes]]:
    """Of each private key of the key store, by its file's name."""
    return {leaf.key_file.name: private_key_needles(leaf.key_file) for leaf in fleet.tenants[0].leaves}


def test_no_private_key_was_ever_there(fleet, tmp_path):
    """Behind signatures with each key, in both versions."""
    by_key = key_needles(fleet)
    needles = {name: needle for forms in by_key.values() for name, needle in forms.items()}
    assert find(fleet.proxy.pid, needles) == set()
    for version in SUITES:
        for key_type in KEY_TYPES:
            before = len(fleet.keystore.events("signature_signed"))
            with established(fleet, version, SUITES[version][0], key_type, tmp_path) as client:
                fleet.keystore.wait_event("signature_signed", count=before + 1)
                in_proxy, in_keystore = find(fleet.proxy.pid, needles), find(fleet.keystore.pid, needles)
                client.close()
            assert in_proxy == set()
            for name, forms in by_key.items():
                assert in_keystore & set(forms), f"the search does not even find {name} in the key store"


@pytest.mark.parametrize("version, suite, key_type", CASES)
def test_secrets_are_where_the_connection_is(fleet, tmp_path, version, suite, key_type):
    with established(fleet, version, suite, key_type, tmp_path) as client:
        needles = needles_of(version, suite, tmp_path / "keys.log", tmp_path / "messages")
        live = live_secrets(version)
        assert live <= find(fleet.proxy.pid, needles), "the search does not even find what must be there"
        searched = with_hex(needles)
        # The key store has never had anything of a connection that it has signed for.
        assert find(fleet.keystore.pid, searched) == set()
        # Its libssl had these; a connection does not have them (R3).
        assert left_in(fleet.proxy.pid, {key: searched[key] for key in searched if is_foreign(key)}) == set()
        client.close()
    wait_until(lambda: len(fleet.proxy.events("established")) == len(fleet.proxy.events("closed")), "it is closed")
    assert left_in(fleet.proxy.pid, searched) == set()


def logging_client(fleet: Fleet, keylog: Path) -> StepClient:
    context = client_context(fleet.ca_file, "1.3")
    context.keylog_filename = keylog
    return StepClient(fleet.port, NAME, context)


def test_secrets_of_a_client_that_leaves_behind_the_signature(fleet, tmp_path):
    failed = len(fleet.proxy.events("handshake_failed"))
    with logging_client(fleet, tmp_path / "keys.log") as client:
        client.say_hello()
        secrets = key_log((tmp_path / "keys.log").read_text())
        # The positive control: the handshake waits for the Finished.
        assert "SERVER_TRAFFIC_SECRET_0" in find(fleet.proxy.pid, secrets)
        assert find(fleet.keystore.pid, with_hex(secrets)) == set()
    fleet.proxy.wait_event("handshake_failed", count=failed + 1)
    assert left_in(fleet.proxy.pid, with_hex(secrets)) == set()


def test_secrets_of_a_handshake_whose_signature_is_refused(tmp_path):
    """While it is away they are on the fiber's stack and in libssl; afterwards they are nowhere."""
    fleet = fleet_with(tmp_path, ["ecdsa"], tenant={"offload": ["serialization"]}, unix_link=True)
    keylog = tmp_path / "keys.log"
    with fleet.not_started(), HoldingRelay(tmp_path / "relay.sock", tmp_path / "link.sock") as relay:
        fleet.keystore.start().wait_event("started")
        fleet.proxy = fleet.application_server("proxy-behind", fleet.port, f"unix:{tmp_path}/relay.sock")
        fleet.proxy.start().wait_event("link_up")
        relay.hold()
        with logging_client(fleet, keylog) as client:
            client.socket.sendall(client.flight())
            wait_until(lambda: relay.counts[SIGN] == 1, "it has asked")
            meanwhile = snapshot(fleet.proxy.pid)
            relay.release()
            # What libssl had to say comes with the alert, and so the client has its secrets, too.
            with pytest.raises(ssl.SSLError, match="alert internal error"):
                client.establish()
            fleet.proxy.wait_event("handshake_failed", reason="signature_key_refused")
            secrets = tls13_needles(key_log(keylog.read_text()), suite_of("1.3", client.tls.cipher()[0]))
            # The positive control. libssl forgets the secret itself as soon as it has the key, the IV and the MAC's key.
            assert "SERVER_HANDSHAKE_TRAFFIC_SECRET iv" in find_in(meanwhile, secrets)
            assert left_in(fleet.proxy.pid, with_hex(secrets)) == set()
            assert find(fleet.keystore.pid, with_hex(secrets)) == set()
