"""Nine real clients through the key store and the proxy: what arrives, and what was negotiated.

Nearly every tenant speaks one TLS version with one suite, so that the server holds each client to it.

- Every client x suite of an ECDSA tenant: a small body down and up.
- Every client x suite as well: 100 MB down and up. Only Java and Chromium, which take most of a
  minute for the six suites, get them with one suite of each version: the bytes of the others go
  through the same code, which seven clients prove.
- Every client x suite of an RSA tenant, and x version of an Ed25519 tenant: a small body down and up.

Resumption is tried with the clients that can make a second connection with what they got in the first.
"""

import contextlib
import socket
import ssl
from pathlib import Path

import pytest

import page
import payload
import pki
from clients import (CLIENT_CLASSES, CLIENT_NAMES, Client, ClientError, CurlClient, GnutlsClient,
                     OpenSslClient, SClient, Target, Transfer, make_clients)
from fleet import SUITES, Fleet, Tenant, suite_tenant

SMALL, LARGE = 1_000, 100_000_000
CHAIN_BYTES = 60_000
DOMAIN = "baton.test"
VERSIONS = ("1.2", "1.3")
SLOW_CLIENTS = ("java", "chromium")
ALPN_CLIENTS = ("curl", "java", "chromium")  # The others offer nothing unless told to.
PINNING_CLIENTS = [client.name for client in CLIENT_CLASSES if "1.2" in client.pinnable]

ECDSA_SUITES = [(version, suite) for version in VERSIONS for suite in SUITES[version]]
ED25519_SUITES = [(version, SUITES[version][0]) for version in VERSIONS]

every_client = pytest.mark.parametrize("name", CLIENT_NAMES)
both_versions = pytest.mark.parametrize("tls_version", VERSIONS)


def name_of(key_type: str, suite: str) -> str:
    """The server name of the tenant with this key and this suite alone."""
    return f"{key_type}-{suite.lower().replace('_', '-')}.{DOMAIN}"


def iana_name(version: str, suite: str, key_type: str) -> str:
    """The suite's whole name; that of TLS 1.2 has the kind of the key in it."""
    key_exchange = "RSA" if key_type == "rsa" else "ECDSA"
    return suite if version == "1.3" else f"TLS_ECDHE_{key_exchange}_WITH_{suite}"


def suite_tenants() -> list[Tenant]:
    table = [("ecdsa", ECDSA_SUITES), ("rsa", ECDSA_SUITES), ("ed25519", ED25519_SUITES)]
    return [suite_tenant(name_of(key_type, suite), version, suite, key_type)
            for key_type, suites in table for version, suite in suites]


def other_tenants(big_leaf: pki.Leaf) -> list[Tenant]:
    return [
        Tenant([f"any.{DOMAIN}"]),
        Tenant([f"resumed.{DOMAIN}"]),
        Tenant([f"two-keys.{DOMAIN}"], ["ecdsa", "rsa"]),
        Tenant([f"big.{DOMAIN}"], leaves=[big_leaf]),
        Tenant([f"h1.{DOMAIN}"], settings={"alpn": ["http/1.1"]}),
        Tenant([f"h2.{DOMAIN}"], settings={"alpn": ["h2", "http/1.1"]}),
    ]


@pytest.fixture(scope="module")
def clients(tmp_path_factory) -> dict[str, Client]:
    return make_clients(tmp_path_factory.mktemp("clients"), timeout=120)


@pytest.fixture(scope="module")
def big_ca(tmp_path_factory) -> pki.Authority:
    return pki.make_ca(tmp_path_factory.mktemp("big"), "big-ca")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, big_ca):
    directory = tmp_path_factory.mktemp("fleet")
    big_leaf = pki.make_big_chain_leaf(directory, big_ca, "ecdsa", [f"big.{DOMAIN}"], CHAIN_BYTES)
    with Fleet(directory, suite_tenants() + other_tenants(big_leaf)) as running:
        yield running
        assert running.proxy.stop() == 0
        assert running.keystore.stop() == 0


def target(fleet: Fleet, server_name: str, **settings: object) -> Target:
    return Target(server_name, **{"address": "127.0.0.1", "port": fleet.port, "ca_file": fleet.ca_file} | settings)


def established(fleet: Fleet, server_name: str, **fields: object) -> list[dict]:
    return fleet.proxy.events("established", server_name=server_name, **fields)


def check_transfer(transfer: Transfer, size: int) -> None:
    assert (transfer.sha256, transfer.size) == (payload.expected_sha256(size), size)


def check_both_ways(client: Client, to: Target, size: int) -> Transfer:
    """Download and upload `size` bytes; the download is returned."""
    down = client.download(to, f"/bytes/{size}")
    check_transfer(down, size)
    up = client.upload(to, "/upload", size)
    check_transfer(up, size)
    assert (up.tls_version, up.cipher) == (down.tls_version, down.cipher)
    return down


def check_suite_tenant(fleet: Fleet, client: Client, key_type: str, version: str, suite: str, size: int) -> None:
    """Both ways at a tenant of one suite, which client and proxy must both name."""
    server_name, cipher = name_of(key_type, suite), iana_name(version, suite, key_type)
    before = len(established(fleet, server_name))
    down = check_both_ways(client, target(fleet, server_name), size)
    assert (down.tls_version, down.cipher) == (version, cipher)
    events = established(fleet, server_name)[before:]
    assert len(events) >= 2
    assert {(event["version"], event["suite"]) for event in events} == {(f"TLSv{version}", cipher)}


def sizes_for(name: str, suite: str) -> list[int]:
    with_large = name not in SLOW_CLIENTS or suite in (SUITES["1.2"][0], SUITES["1.3"][0])
    return [SMALL, LARGE] if with_large else [SMALL]


ECDSA_TRANSFERS = [(version, suite, name, size) for version, suite in ECDSA_SUITES
                   for name in CLIENT_NAMES for size in sizes_for(name, suite)]


@pytest.mark.parametrize("version, suite, name, size", ECDSA_TRANSFERS)
def test_transfers_are_exact_with_the_suite_of_the_tenant(fleet, clients, version, suite, name, size):
    check_suite_tenant(fleet, clients[name], "ecdsa", version, suite, size)


@every_client
@pytest.mark.parametrize("version, suite", ECDSA_SUITES)
def test_rsa_key(fleet, clients, name, version, suite):
    check_suite_tenant(fleet, clients[name], "rsa", version, suite, SMALL)


@every_client
@pytest.mark.parametrize("version, suite", ED25519_SUITES)
def test_ed25519_key(fleet, clients, name, version, suite):
    if clients[name].supports_ed25519:
        check_suite_tenant(fleet, clients[name], "ed25519", version, suite, SMALL)
        return
    failures = {"server_name": name_of("ed25519", suite), "reason": "tls_alert_sent", "alert": "handshake_failure"}
    before = len(fleet.proxy.events("handshake_failed", **failures))
    with pytest.raises(ClientError):
        clients[name].download(target(fleet, failures["server_name"]), f"/bytes/{SMALL}")
    fleet.proxy.wait_event("handshake_failed", before + 1, **failures)


@every_client
def test_everything_at_its_default_over_ipv6(fleet, clients, name):
    down = check_both_ways(clients[name], target(fleet, f"any.{DOMAIN}", address="::1"), SMALL)
    assert down.tls_version == "1.3"
    assert established(fleet, f"any.{DOMAIN}", suite=down.cipher)[-1]["client"].startswith("[::1]:")


@every_client
@both_versions
def test_big_certificate_chain(fleet, clients, big_ca, name, tls_version):
    to = target(fleet, f"big.{DOMAIN}", ca_file=big_ca.cert_file, tls_version=tls_version)
    before = len(established(fleet, to.server_name))
    check_transfer(clients[name].download(to, f"/bytes/{SMALL}"), SMALL)
    first, *others = established(fleet, to.server_name)[before:]  # A browser resumes it with others.
    assert first["relayed_out"] > CHAIN_BYTES
    assert {event["version"] for event in (first, *others)} == {f"TLSv{tls_version}"}


@pytest.mark.parametrize("tls_version", VERSIONS)
@pytest.mark.parametrize("name", ALPN_CLIENTS)
def test_alpn_of_the_clients_themselves(fleet, clients, name, tls_version):
    to = target(fleet, f"h1.{DOMAIN}", tls_version=tls_version)
    check_transfer(clients[name].download(to, f"/bytes/{SMALL}"), SMALL)
    assert established(fleet, f"h1.{DOMAIN}", version=f"TLSv{tls_version}")[-1]["alpn"] == "http/1.1"


@both_versions
@pytest.mark.parametrize("tenant, offered, chosen", [
    ("h2", ["http/1.1", "h2"], "h2"),
    ("h2", ["spdy/3", "http/1.1"], "http/1.1"),
    ("h2", [], None),
    ("any", ["h2"], None),
])
def test_alpn_is_the_first_of_the_tenant_that_is_offered(fleet, tls_version, tenant, offered, chosen):
    server_name = f"{tenant}.{DOMAIN}"
    with python_connection(fleet, server_name, tls_version, offered) as connection:
        assert connection.selected_alpn_protocol() == chosen
        port = connection.getsockname()[1]
        event = fleet.proxy.wait_event("established", client=f"127.0.0.1:{port}", server_name=server_name)
    assert (event["alpn"], event["version"]) == (chosen or "", f"TLSv{tls_version}")


@both_versions
def test_alpn_without_a_common_protocol_is_refused(fleet, tls_version):
    with pytest.raises(ssl.SSLError, match="alert no application protocol"):
        with python_connection(fleet, f"h2.{DOMAIN}", tls_version, ["spdy/3"]):
            pass
    fleet.proxy.wait_event("handshake_failed", server_name=f"h2.{DOMAIN}", alert="no_application_protocol")


def python_connection(fleet: Fleet, server_name: str, tls_version: str, alpn: list[str]) -> ssl.SSLSocket:
    """A connection of Python's ssl whose handshake is done."""
    context = ssl.create_default_context(cafile=fleet.ca_file)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[f"TLSv{tls_version.replace('.', '_')}"]
    if alpn:
        context.set_alpn_protocols(alpn)
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(socket.create_connection(("127.0.0.1", fleet.port), timeout=20))
        connection = context.wrap_socket(plain, server_hostname=server_name)
        stack.pop_all()
        return connection


@pytest.mark.parametrize("key_type", ["ecdsa", "rsa"])
@pytest.mark.parametrize("name", PINNING_CLIENTS)
def test_two_keys_side_by_side_serve_the_suites_of_both(fleet, clients, name, key_type):
    cipher = iana_name("1.2", "AES_128_GCM_SHA256", key_type)
    to = target(fleet, f"two-keys.{DOMAIN}", tls_version="1.2", cipher=cipher)
    transfer = clients[name].download(to, f"/bytes/{SMALL}")
    check_transfer(transfer, SMALL)
    assert transfer.cipher == cipher


@pytest.mark.parametrize("algorithm, key_kind", [
    ("ecdsa_secp256r1_sha256", "ecdsa_secp256r1"),
    ("rsa_pss_rsae_sha256", "rsa"),
])
def test_two_keys_side_by_side_serve_the_signatures_of_both(fleet, algorithm, key_kind):
    to = target(fleet, f"two-keys.{DOMAIN}", tls_version="1.3")
    with SClient(to, options=["-sigalgs", algorithm]) as client:
        assert client.tls_version == "1.3"
        assert client.close() == 0
    fleet.keystore.wait_event("handshake_handed_off", server_name=to.server_name, version="TLSv1.3",
                              signature=key_kind)


@both_versions
def test_browser_loads_the_whole_page(fleet, clients, tls_version):
    loaded = clients["chromium"].load_page(target(fleet, f"any.{DOMAIN}", tls_version=tls_version))
    assert (loaded.title, loaded.tls_version) == ("loaded", tls_version)
    assert loaded.text == f"1 {payload.expected_sha256(page.FETCHED_BYTES)}"


class TwiceCurl(CurlClient):
    """curl that gets everything twice, over two connections."""

    def download_twice(self, to: Target, path: str) -> bytes:
        body, _, _ = self._run(to, path, ["-H", "Connection: close", f"https://{to.authority}{path}"], ())
        return body.beginning


class StoringOpenSsl(OpenSslClient):
    """s_client with further options, here for its session."""

    options: tuple[object, ...] = ()

    def _command(self, to, scratch):
        return [*super()._command(to, scratch), *self.options]


class ResumingGnutls(GnutlsClient):
    """gnutls-cli that connects, disconnects, and then makes its request over a second connection."""

    def _command(self, to, scratch):
        return [*super()._command(to, scratch), "--resume"]


def curl_twice(to: Target, workdir: Path) -> None:
    assert TwiceCurl(workdir).download_twice(to, f"/bytes/{SMALL}") == payload.BLOCK[:SMALL] * 2


def openssl_twice(to: Target, workdir: Path) -> None:
    client = StoringOpenSsl(workdir)
    for direction in ("-sess_out", "-sess_in"):
        client.options = (direction, workdir / "session.pem")
        check_transfer(client.download(to, f"/bytes/{SMALL}"), SMALL)


def gnutls_twice(to: Target, workdir: Path) -> None:
    check_transfer(ResumingGnutls(workdir).download(to, f"/bytes/{SMALL}"), SMALL)


@pytest.mark.parametrize("connect_twice, tls_version, resumed", [
    (curl_twice, "1.2", False),  # This curl asks for no tickets in TLS 1.2, and there is nothing else.
    (curl_twice, "1.3", True),
    (openssl_twice, "1.2", True),
    (openssl_twice, "1.3", True),
    (gnutls_twice, "1.2", True),
    (gnutls_twice, "1.3", True),
])
def test_second_connection_of_a_client_resumes(fleet, tmp_path, connect_twice, tls_version, resumed):
    to = target(fleet, f"resumed.{DOMAIN}", tls_version=tls_version)
    before = len(established(fleet, to.server_name))
    connect_twice(to, tmp_path)
    both = established(fleet, to.server_name)[before:]
    assert [(event["version"], event["resumed"]) for event in both] == [
        (f"TLSv{tls_version}", False), (f"TLSv{tls_version}", resumed)]
