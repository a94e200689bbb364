"""The whole memory of both programs is searched for what must not be there (rules R6 and R7)."""

import base64
import itertools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bad_clients import REQUEST
from clients import SClient, Target
from fleet import SUITES, Fleet, Tenant, suite_tenant, wait_until
from handmade_tls import hkdf_expand_label, key_log, tls12_prf
from process_memory import find, left_in
from step_client import StepClient, client_context

NAME = "www.baton.test"
TICKET_KEYS = os.urandom(80)
TICKET_NAME_SIZE = 16  # bytes, which every ticket shows
KEY_SIZES = {"AES_128": 16, "AES_256": 32, "CHACHA20": 32}  # bytes
LONGEST_SCALAR = 66  # bytes, of P-521
SHORTEST = 8  # bytes that are worth a search

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

def der_values(der: bytes) -> Iterator[bytes]:
    """Every INTEGER and OCTET STRING in it, at any depth."""
    while der:
        tag, size, header = der[0], der[1], 2
        if size & 0x80:
            header = 2 + (size & 0x7F)
            size = int.from_bytes(der[2:header], "big")
        body, der = der[header:header + size], der[header + size:]
        # PKCS #8 wraps a whole structure in an OCTET STRING; a scalar of 32 bytes may look like one.
        if tag == 0x30 or (tag == 0x04 and body[:1] == b"\x30" and len(body) > LONGEST_SCALAR):
            yield from der_values(body)
        elif tag in (0x02, 0x04):
            yield body.lstrip(b"\0")


def private_key_needles(key_file: Path) -> dict[str, bytes]:
    """A private key in each form in which a program could have it."""
    text = key_file.read_bytes()
    lines = [line for line in text.splitlines() if not line.startswith(b"-----")]
    der = base64.b64decode(b"".join(lines))
    numbers = [value for value in der_values(der) if len(value) > 16]
    # RSA's first number is the modulus, which is public.
    secret = numbers[1:] if len(numbers) > 1 else numbers
    assert len(secret) in (1, 6), "d; or d, p, q, dp, dq, qinv"
    needles = {"DER": der, "PEM": text}
    needles |= {f"PEM line {i}": line for i, line in enumerate(lines) if len(line) >= SHORTEST}
    for i, number in enumerate(secret):
        needles |= {f"number {i} big-endian": number, f"number {i} little-endian": number[::-1]}
    return {f"{key_file.name}: {form}": needle for form, needle in needles.items()}


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

@dataclass
class Suite:
    """What deriving keys needs to know."""

    key_size: int
    hash_name: str
    iv_size: int  # that is fixed


def suite_of(version: str, name: str) -> Suite:
    key_size = next(size for part, size in KEY_SIZES.items() if part in name)
    fixed_iv = 4 if version == "1.2" and "GCM" in name else 12
    return Suite(key_size, "sha384" if name.endswith("384") else "sha256", fixed_iv)


def tls13_needles(secrets: dict[str, bytes], suite: Suite) -> dict[str, bytes]:
    """The secrets of the key log, with the keys and IVs that come from them."""
    needles = dict(secrets)
    for label, secret in secrets.items():
        if "TRAFFIC" in label:
            needles[f"{label} key"] = hkdf_expand_label(secret, "key", suite.key_size, suite.hash_name)
            needles[f"{label} iv"] = hkdf_expand_label(secret, "iv", suite.iv_size, suite.hash_name)
    return needles


def tls12_needles(master: bytes, client_random: bytes, server_random: bytes, suite: Suite) -> dict[str, bytes]:
    """The master secret and the parts of the key block."""
    sizes = [suite.key_size] * 2 + [suite.iv_size] * 2
    block = tls12_prf(master, "key expansion", server_random + client_random, sum(sizes), suite.hash_name)
    ends = list(itertools.accumulate(sizes))
    parts = {name: block[end - size:end]
             for name, size, end in zip(("client key", "server key", "client iv", "server iv"), sizes, ends)}
    return {"master secret": master} | {name: part for name, part in parts.items() if len(part) >= SHORTEST}


def server_random(messages: str) -> bytes:
    """From what s_client shows of the ServerHello."""
    dump = re.search(r"ServerHello\n((?: +[0-9a-f ]+\n)+)", messages)[1]
    return bytes.fromhex(dump)[6:38]  # behind type, length and version


def needles_of(version: str, suite_name: str, keylog: Path, messages: Path) -> dict[str, bytes]:
    """All secrets of the connection, as bytes."""
    suite = suite_of(version, suite_name)
    if version == "1.3":
        return tls13_needles(key_log(keylog.read_text()), suite)
    client_random, master = re.search(r"^CLIENT_RANDOM (\w+) (\w+)$", keylog.read_text(), re.MULTILINE).groups()
    return tls12_needles(bytes.fromhex(master), bytes.fromhex(client_random),
                         server_random(messages.read_text()), suite)


def with_hex(needles: dict[str, bytes]) -> dict[str, bytes]:
    """Each as bytes and as text, as in libssl's key log."""
    texts = {f"{name} as {case} text": convert(needle.hex()).encode()
             for name, needle in needles.items() for case, convert in (("lower", str.lower), ("upper", str.upper))}
    return needles | texts


def live_secrets(version: str) -> set[str]:
    """What whoever continues the connection has to hold."""
    if version == "1.2":
        return {"client key", "server key"}
    labels = ("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0")
    return {*labels, *(f"{label} iv" for label in labels)}


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


def is_foreign(name: str) -> bool:
    """What an application server of an established connection does not have (R3)."""
    return "HANDSHAKE" in name or "master" in name or "EXPORTER" in name


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
