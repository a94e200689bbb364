"""Debian's nginx and HAProxy serve nine real clients with keys that never leave the key store."""

import pytest

import payload
from clients import CLIENT_NAMES, Client, ClientError, Target, Transfer, make_clients
from fleet import Fleet, Tenant
from offloaded_keys import OffloadedKeys
from stock_servers import Haproxy, Nginx, StockServer

SMALL = 1_000
DOMAIN = "baton.test"
VERSIONS = ("1.2", "1.3")
KEY_TYPES = ("ecdsa", "rsa", "ed25519")
SIGNING = {"offload": ["signing"]}
SERVERS = {"nginx": lambda fleet, keys: Nginx(fleet, keys, workers=2),
           "haproxy": lambda fleet, keys: Haproxy(fleet, keys, threads=2),
           "haproxy_async": lambda fleet, keys: Haproxy(fleet, keys, threads=2, asynchronous=True)}

every_client = pytest.mark.parametrize("name", CLIENT_NAMES)
both_versions = pytest.mark.parametrize("version", VERSIONS)


@pytest.fixture(scope="module")
def clients(tmp_path_factory) -> dict[str, Client]:
    return make_clients(tmp_path_factory.mktemp("clients"), timeout=120)


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    tenants = [Tenant([f"{key_type}.{DOMAIN}"], [key_type], dict(SIGNING)) for key_type in KEY_TYPES]
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), tenants, identity_settings=SIGNING)
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        with SERVERS[request.param](fleet, OffloadedKeys(fleet)) as running:
            yield running
        assert fleet.keystore.stop() == 0


def target(server: StockServer, key_type: str, version: str) -> Target:
    return Target(f"{key_type}.{DOMAIN}", "127.0.0.1", server.port, server.fleet.ca_file, version)


def signatures(server: StockServer, to: Target) -> list[dict]:
    """Those that the key store has made for the target."""
    return server.fleet.keystore.events("signature_signed", tenant=to.server_name,
                                        kind=f"tls{to.tls_version.replace('.', '')}-server")


def check_transfer(transfer: Transfer, to: Target) -> None:
    assert (transfer.sha256, transfer.size) == (payload.expected_sha256(SMALL), SMALL)
    assert transfer.tls_version == to.tls_version


@every_client
@both_versions
@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_the_key_store_signs_for_each_client(server, clients, name, version, key_type):
    client, to = clients[name], target(server, key_type, version)
    before = len(signatures(server, to))
    if key_type == "ed25519" and not client.supports_ed25519:
        with pytest.raises(ClientError):
            client.download(to, f"/bytes/{SMALL}")
        assert len(signatures(server, to)) == before
        return
    check_transfer(client.download(to, f"/bytes/{SMALL}"), to)
    check_transfer(client.upload(to, "/upload", SMALL), to)
    assert len(signatures(server, to)) >= before + 2


def test_what_the_server_has_on_its_disk(server):
    """Its certificates, and for each a file that names the key."""
    fleet = server.fleet
    secrets = [leaf.key_file.read_bytes() for tenant in fleet.tenants for leaf in tenant.leaves]
    lines = {line for secret in secrets for line in secret.splitlines() if not line.startswith(b"-----")}
    files = [file for file in server.keys.directory.rglob("*") if file.is_file()]
    assert len([file for file in files if b"BATON KEY URI" in file.read_bytes()]) == len(KEY_TYPES)
    for file in files:
        assert not lines & set(file.read_bytes().splitlines()), file
        assert b"PRIVATE KEY" not in file.read_bytes(), file
