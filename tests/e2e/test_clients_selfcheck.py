"""Proves the client drivers against a stand-in server, so that a failure elsewhere is the product's."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import page
import payload
import pki
from backend import Backend
from clients import CLIENT_NAMES, Client, ClientError, Target, make_clients
from standin import StandInTls

SMALL, LARGE = 1_000, 100_000_000
SERVER_NAME = "service.example.test"
PINNED = {
    ("1.2", "ecdsa"): "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ("1.2", "rsa"): "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    ("1.3", "ecdsa"): "TLS_CHACHA20_POLY1305_SHA256",
    ("1.3", "rsa"): "TLS_AES_128_GCM_SHA256",
}

every_client = pytest.mark.parametrize("name", CLIENT_NAMES)
both_versions = pytest.mark.parametrize("tls_version", ["1.2", "1.3"])


@pytest.fixture(scope="session")
def clients(tmp_path_factory):
    return make_clients(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def pki_dir(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pki")


@pytest.fixture(scope="session")
def ca(pki_dir) -> pki.Authority:
    return pki.make_ca(pki_dir, "Self-check CA")


@contextlib.contextmanager
def serving(leaf: pki.Leaf, address: str = "127.0.0.1") -> Iterator[tuple[StandInTls, int]]:
    tls = StandInTls(leaf)
    with Backend([address], tls.context) as server:
        yield tls, server.port


@pytest.fixture(scope="session")
def leaves(pki_dir, ca) -> dict[str, pki.Leaf]:
    return {key_type: pki.make_leaf(pki_dir, ca, key_type, [SERVER_NAME]) for key_type in pki.NEW_KEY}


def processes_of(client: Client) -> list[str]:
    """Return the living processes that run in the client's environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(client.workdir).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


@every_client
@both_versions
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_transfers_are_exact(clients, leaves, ca, name, tls_version, size):
    with serving(leaves["ecdsa"]) as (tls, port):
        target = Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file, tls_version)
        down = clients[name].download(target, f"/bytes/{size}")
        up = clients[name].upload(target, "/upload", size)
    for transfer in (down, up):
        assert (transfer.sha256, transfer.size) == (payload.expected_sha256(size), size)
        assert transfer.tls_version == tls_version
    assert set(tls.server_names) == {SERVER_NAME}


@every_client
@pytest.mark.parametrize("tls_version, key_type", PINNED)
def test_pinned_cipher_is_used(clients, leaves, ca, name, tls_version, key_type):
    cipher = PINNED[tls_version, key_type]
    with serving(leaves[key_type]) as (_, port):
        target = Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file, tls_version, cipher)
        transfer = clients[name].download(target, f"/bytes/{SMALL}")
    assert (transfer.cipher == cipher) == clients[name].can_pin_cipher(tls_version)
    assert transfer.sha256 == payload.expected_sha256(SMALL)


@every_client
def test_version_is_negotiated_over_ipv6(clients, leaves, ca, name):
    with serving(leaves["rsa"], "::1") as (_, port):
        transfer = clients[name].download(Target(SERVER_NAME, "::1", port, ca.cert_file), f"/bytes/{SMALL}")
    assert transfer.tls_version == "1.3"
    assert transfer.sha256 == payload.expected_sha256(SMALL)


@every_client
@both_versions
def test_ed25519_support_is_as_declared(clients, leaves, ca, name, tls_version):
    client = clients[name]
    with serving(leaves["ed25519"]) as (_, port):
        target = Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file, tls_version)
        with contextlib.nullcontext() if client.supports_ed25519 else pytest.raises(ClientError):
            assert client.download(target, f"/bytes/{SMALL}").size == SMALL


@every_client
@both_versions
def test_big_chain_is_accepted(clients, pki_dir, ca, name, tls_version):
    leaf = pki.make_big_chain_leaf(pki_dir, ca, "ecdsa", [SERVER_NAME])
    with serving(leaf) as (_, port):
        target = Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file, tls_version)
        assert clients[name].download(target, f"/bytes/{SMALL}").size == SMALL


@every_client
def test_unknown_authority_is_refused(clients, leaves, pki_dir, name):
    other = pki.make_ca(pki_dir, "Other CA")
    with serving(leaves["ecdsa"]) as (_, port), pytest.raises(ClientError):
        clients[name].download(Target(SERVER_NAME, "127.0.0.1", port, other.cert_file), f"/bytes/{SMALL}")


@every_client
def test_wrong_name_is_refused(clients, leaves, ca, name):
    with serving(leaves["ecdsa"]) as (_, port), pytest.raises(ClientError):
        target = Target("other.example.test", "127.0.0.1", port, ca.cert_file)
        clients[name].download(target, f"/bytes/{SMALL}")


@every_client
def test_error_status_is_noticed(clients, leaves, ca, name):
    with serving(leaves["ecdsa"]) as (_, port), pytest.raises(ClientError):
        clients[name].download(Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file), "/no-such-page")


@every_client
def test_client_is_killed_when_it_takes_too_long(clients, ca, name):
    client = type(clients[name])(clients[name].workdir, timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ClientError):
        port = silent.getsockname()[1]
        client.download(Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file), "/")
    assert not processes_of(client)


@both_versions
def test_browser_loads_whole_page(clients, leaves, ca, tls_version):
    with serving(leaves["ecdsa"]) as (_, port):
        target = Target(SERVER_NAME, "127.0.0.1", port, ca.cert_file, tls_version)
        loaded = clients["chromium"].load_page(target)
    assert (loaded.title, loaded.tls_version) == ("loaded", tls_version)
    assert loaded.text == f"1 {payload.expected_sha256(page.FETCHED_BYTES)}"
