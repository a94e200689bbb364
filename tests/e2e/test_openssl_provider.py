"""The provider in the openssl command and in Python: what it signs, what it refuses, and what it says then."""

import base64
import hashlib
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import SClient, Target
from fleet import BIN, PROXY_IDENTITY, Fleet, Tenant, free_port, wait_until
from link_client import certificate_verify, server_key_exchange
from offloaded_keys import OffloadedKeys
from step_client import StepClient, client_context

NAME, BANK, OLD = "www.baton.test", "bank.baton.test", "old.baton.test"
SIGNING = {"offload": ["signing"]}
KEY_TYPES = ("ecdsa", "rsa", "ed25519")
VERSIONS = ("1.2", "1.3")

every_key = pytest.mark.parametrize("key_type", KEY_TYPES)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Iterator[Fleet]:
    tenants = [Tenant([NAME], KEY_TYPES, dict(SIGNING)),
               Tenant([BANK], settings=dict(SIGNING)),  # not one of this application server's names
               Tenant([OLD])]                           # offers serialization only
    fleet = Fleet(tmp_path_factory.mktemp("fleet"), tenants, identity_settings=SIGNING, allowed_names=[NAME, OLD],
                  proxy_settings={"log": {"level": "info"}})
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        yield fleet


@pytest.fixture(scope="module")
def keys(fleet) -> OffloadedKeys:
    return OffloadedKeys(fleet)


def leaf_of(fleet: Fleet, key_type: str = "ecdsa", tenant: int = 0):
    types = list(fleet.tenants[tenant].key_types)
    return fleet.tenants[tenant].leaves[types.index(key_type)]


class Serving:
    """Context manager: a server as a process, on `port`."""

    def __init__(self, keys: OffloadedKeys, *command: object, port: int):
        self.port = port
        self._keys, self._command = keys, command
        self._log = keys.directory / f"server-{port}.log"

    def __enter__(self) -> "Serving":
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=log,
                                             stderr=subprocess.STDOUT, env=self._keys.environment())
        wait_until(self._listens, "it listens", self.output)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=20)

    def output(self) -> str:
        return self._log.read_text()

    def wait_output(self, text: str, count: int = 1) -> None:
        """The client has its alert before the server says why."""
        wait_until(lambda: self.output().count(text) >= count, f"it says {text!r}, {count} times", self.output)

    def _listens(self) -> bool:
        assert self._process.poll() is None, self.output()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def handshake(fleet: Fleet, port: int, version: str, name: str = NAME) -> None:
    with StepClient(port, name, client_context(fleet.ca_file, version)) as client:
        client.establish()


def s_server(keys: OffloadedKeys, leaf, key: object, *options: object) -> Serving:
    port = free_port()
    return Serving(keys, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", keys.certificate(leaf),
                   "-key", key, *options, port=port)


# --- what is signed ---

@every_key
@pytest.mark.parametrize("by_uri", [False, True], ids=["key_file", "uri"])
def test_s_server(fleet, keys, key_type, by_uri):
    leaf = leaf_of(fleet, key_type)
    key = f"baton:certificate={keys.certificate(leaf)}" if by_uri else keys.key_file(leaf)
    before = len(fleet.keystore.events("signature_signed"))
    with s_server(keys, leaf, key) as server:
        for version in VERSIONS:
            handshake(fleet, server.port, version)
    signed = fleet.keystore.events("signature_signed")[before:]
    assert [one["kind"] for one in signed] == ["tls12-server", "tls13-server"]
    assert {one["tenant"] for one in signed} == {NAME}


@pytest.mark.parametrize("key_type, version, scheme", [
    *[("rsa", "1.2", f"rsa_pkcs1_sha{size}") for size in (256, 384, 512)],
    *[("rsa", version, f"rsa_pss_rsae_sha{size}") for version in VERSIONS for size in (256, 384, 512)],
    ("ecdsa", "1.2", "ecdsa_secp256r1_sha256"), ("ecdsa", "1.3", "ecdsa_secp256r1_sha256"),
    ("ecdsa", "1.2", "ecdsa_secp384r1_sha384"),  # in TLS 1.2 it names the hash only
    ("ed25519", "1.2", "ed25519"), ("ed25519", "1.3", "ed25519")])
def test_every_signature_scheme(fleet, keys, key_type, version, scheme):
    leaf = leaf_of(fleet, key_type)
    before = len(fleet.keystore.events("signature_signed"))
    with s_server(keys, leaf, keys.key_file(leaf)) as server:
        to = Target(NAME, "127.0.0.1", server.port, fleet.ca_file, version)
        with SClient(to, options=["-sigalgs", scheme]) as client:
            assert client.tls_version == version
    assert [one["scheme"] for one in fleet.keystore.events("signature_signed")[before:]] == [scheme]


def test_a_path_with_odd_characters(fleet, keys):
    leaf = leaf_of(fleet)
    odd = keys.directory / "a site & 100% ünusual.crt"
    odd.write_bytes(leaf.chain_file.read_bytes())
    key = keys.directory / "odd.key"
    key.write_bytes(keys.run(BIN / "baton", "key-uri", odd).stdout)
    with s_server(keys, leaf, key) as server:
        handshake(fleet, server.port, "1.3")


def test_a_key_in_one_file_with_its_certificate(fleet, keys):
    leaf = leaf_of(fleet)
    both = keys.directory / "both.pem"
    both.write_bytes(leaf.chain_file.read_bytes() + keys.key_file(leaf).read_bytes())
    with s_server(keys, leaf, both) as server:
        handshake(fleet, server.port, "1.3")


def test_ordinary_keys_work_beside_it(fleet, keys):
    leaf = leaf_of(fleet)
    with s_server(keys, leaf, leaf.key_file) as server:
        handshake(fleet, server.port, "1.3")


@every_key
def test_the_public_key_is_there(fleet, keys, key_type):
    leaf = leaf_of(fleet, key_type)
    shown = keys.openssl("pkey", "-in", keys.key_file(leaf), "-pubout")
    in_certificate = keys.openssl("x509", "-in", leaf.cert_file, "-noout", "-pubkey")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == in_certificate.stdout


# Behind its first handshake it forks. The child does two more, the parent all others.
FORKING = """\
import os, socket, ssl, sys
certificate, key, *ports = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.num_tickets = 0
listening = [socket.create_server(("127.0.0.1", int(port))) for port in ports]

def serve(sock):
    sock.settimeout(60)
    connection, _ = sock.accept()
    try:
        context.wrap_socket(connection, server_side=True).close()
    except (OSError, ssl.SSLError):
        connection.close()

serve(listening[0])  # the probe of the test
serve(listening[0])
if os.fork() == 0:
    serve(listening[1])
    serve(listening[1])
    os._exit(0)
while True:
    serve(listening[0])
"""


def test_a_program_that_forks(fleet, keys):
    leaf, ports = leaf_of(fleet), [free_port(), free_port()]
    with Serving(keys, sys.executable, "-c", FORKING, keys.certificate(leaf), keys.key_file(leaf), *map(str, ports),
                 port=ports[0]):
        handshake(fleet, ports[0], "1.3")
        for _ in range(2):
            for port in ports:
                handshake(fleet, port, "1.3")


# --- what is refused ---

def data_file(keys: OffloadedKeys, data: bytes) -> Path:
    path = keys.directory / f"data-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    return path


FORGED = {"text": b"whatever", "digest": hashlib.sha256(b"a bare digest").digest(), "nothing": b"",
          "client": certificate_verify("client"), "cut": certificate_verify()[:-1],
          "longer": server_key_exchange() + b"x"}


def refused(keys: OffloadedKeys, *arguments: object) -> str:
    """What the command says on standard error; it has signed nothing."""
    before = len(keys.fleet.keystore.events("signature_signed"))
    done = keys.openssl(*arguments)
    assert done.returncode != 0
    assert len(keys.fleet.keystore.events("signature_signed")) == before
    return done.stderr.decode()


ONLY_TLS = re.compile("a remote key signs the handshakes of TLS only")


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("key_type", ["ecdsa", "rsa"])  # OpenSSL 3.0's dgst cannot sign with Ed25519
def test_dgst_signs_nothing_that_is_not_tls(fleet, keys, key_type, forged):
    """Most is refused on the spot; what looks like TLS, by the key store."""
    said = refused(keys, "dgst", "-sha256", "-sign", keys.key_file(leaf_of(fleet, key_type)), "-out", "signature",
                   data_file(keys, FORGED[forged]))
    assert ONLY_TLS.search(said) or re.search("kind_refused|input_refused", said), said


@pytest.mark.parametrize("what", ["request", "certificate"])
@every_key
def test_req_makes_no_certificate_and_no_request(fleet, keys, key_type, what):
    said = refused(keys, "req", *(["-x509"] if what == "certificate" else []), "-new", "-subj", "/CN=thief",
                   "-key", keys.key_file(leaf_of(fleet, key_type)), "-config", "/etc/ssl/openssl.cnf", "-out", "made.pem")
    assert ONLY_TLS.search(said), said


@pytest.mark.parametrize("key_type, options", [
    ("ecdsa", []), ("rsa", []), ("rsa", ["-pkeyopt", "digest:sha256"]), ("ecdsa", ["-rawin", "-digest", "sha256"]),
    ("ed25519", ["-rawin"])])
def test_pkeyutl_signs_no_digest(fleet, keys, key_type, options):
    digest = data_file(keys, FORGED["digest"])
    said = refused(keys, "pkeyutl", "-sign", "-inkey", keys.key_file(leaf_of(fleet, key_type)), "-in", digest,
                   "-out", "signature", *options)
    assert said


def test_nothing_is_decrypted(fleet, keys):
    leaf = leaf_of(fleet, "rsa")
    encrypted = keys.directory / "encrypted"
    assert keys.openssl("pkeyutl", "-encrypt", "-certin", "-inkey", leaf.cert_file, "-in", data_file(keys, b"secret"),
                        "-out", encrypted).returncode == 0
    assert refused(keys, "pkeyutl", "-decrypt", "-inkey", keys.key_file(leaf), "-in", encrypted)


@every_key
def test_no_private_key_comes_out(fleet, keys, key_type):
    for options in (["-outform", "PEM"], ["-outform", "DER"], ["-noout", "-text"]):
        done = keys.openssl("pkey", "-in", keys.key_file(leaf_of(fleet, key_type)), *options)
        assert b"PRIVATE KEY" not in done.stdout and b"priv:" not in done.stdout


def test_a_client_gets_no_certificate_verify(fleet, keys):
    """With a key that only servers may use."""
    leaf, port = leaf_of(fleet), free_port()
    other = leaf_of(fleet, tenant=2)
    with Serving(keys, "openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", other.chain_file,
                 "-key", other.key_file, "-Verify", "1", "-CAfile", fleet.ca_file, port=port):
        before = len(fleet.keystore.events("signature_refused", reason="kind_refused"))
        said = refused(keys, "s_client", "-connect", f"127.0.0.1:{port}", "-cert", leaf.chain_file,
                       "-key", keys.key_file(leaf), "-CAfile", fleet.ca_file)
        assert "kind_refused" in said or ONLY_TLS.search(said), said
        assert len(fleet.keystore.events("signature_refused", reason="kind_refused")) >= before


@pytest.mark.parametrize("tenant", [1, 2], ids=["of_another_server", "without_signing"])
def test_a_key_that_is_not_theirs(fleet, keys, tenant):
    leaf = leaf_of(fleet, tenant=tenant)
    name = fleet.tenants[tenant].names[0]
    before = len(fleet.keystore.events("signature_refused", reason="key_refused"))
    with s_server(keys, leaf, keys.key_file(leaf)) as server:
        for version in VERSIONS:
            with pytest.raises(ssl.SSLError, match="alert internal error"):
                handshake(fleet, server.port, version, name)
        server.wait_output("key_refused")
    assert len(fleet.keystore.events("signature_refused", reason="key_refused")) == before + 2
    leaf = leaf_of(fleet)
    with s_server(keys, leaf, keys.key_file(leaf)) as server:  # the others are undisturbed
        handshake(fleet, server.port, "1.3")


def test_a_client_that_wants_rsa_key_exchange(fleet, keys):
    leaf = leaf_of(fleet, "rsa")
    with s_server(keys, leaf, keys.key_file(leaf)) as server:
        context = client_context(fleet.ca_file, "1.2")
        context.set_ciphers("kRSA")
        with StepClient(server.port, NAME, context) as client, pytest.raises(ssl.SSLError, match="alert"):
            client.establish()
        handshake(fleet, server.port, "1.2")


# --- what is wrong in a file ---

def key_file_of(keys: OffloadedKeys, uri: bytes, label: str = "BATON KEY URI") -> Path:
    path = keys.directory / f"bad-{hashlib.sha256(uri).hexdigest()[:16]}.key"
    path.write_bytes(b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), base64.encodebytes(uri),
                                                                   label.encode()))
    return path


BAD_URIS = {
    "another_scheme": (b"pkcs11:object=site", "baton:certificate="),
    "no_certificate": (b"baton:key=/site.crt", "baton:certificate="),
    "relative": (b"baton:certificate=site.crt", "absolute"),
    "half_percent": (b"baton:certificate=/site%2.crt", "hexadecimal"),
    "control_character": (b"baton:certificate=/site%00.crt", "control character"),
    "not_there": (b"baton:certificate=/not/there.crt", "/not/there.crt"),
    "no_certificate_in_it": (b"baton:certificate=/etc/hostname", "/etc/hostname"),
}


@pytest.mark.parametrize("uri, said", BAD_URIS.values(), ids=BAD_URIS.keys())
def test_a_bad_key_file_is_explained(keys, uri, said):
    done = keys.openssl("pkey", "-in", key_file_of(keys, uri), "-pubout")
    assert done.returncode != 0
    assert said in done.stderr.decode()


BAD_CONFIGS = {
    "unknown_key": ("[limits]\nsignature_timout = \"2s\"\n", 'did you mean "signature_timeout"'),
    "listener": ("[[listener]]\nname = \"https\"\n", "the program that loads the provider"),
    "no_toml": ("what is this", "provider.toml:"),
}


@pytest.mark.parametrize("text, said", BAD_CONFIGS.values(), ids=BAD_CONFIGS.keys())
def test_a_bad_configuration_is_explained(fleet, tmp_path, text, said):
    own = OffloadedKeys(fleet, stem=f"bad-{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    own.config.write_text(own.config.read_text() + text)
    done = own.openssl("pkey", "-in", own.key_file(leaf_of(fleet)), "-pubout")
    assert done.returncode != 0
    assert said in done.stderr.decode(), done.stderr


def test_without_a_configuration(fleet):
    own = OffloadedKeys(fleet, stem="none")
    own.config.unlink()
    done = own.openssl("pkey", "-in", own.key_file(leaf_of(fleet)), "-pubout")
    assert done.returncode != 0
    assert str(own.config) in done.stderr.decode(), done.stderr


def test_a_key_of_the_link_that_others_can_read(fleet):
    own = OffloadedKeys(fleet, stem="open-to-all")
    key = fleet.proxy_dir / "app1.internal-ecdsa-client.key"
    key.chmod(0o644)
    try:
        done = own.openssl("pkey", "-in", own.key_file(leaf_of(fleet)), "-pubout")
    finally:
        key.chmod(0o600)
    assert done.returncode != 0
    assert "chmod 600" in done.stderr.decode(), done.stderr


def test_a_certificate_that_is_not_the_keys(fleet, keys):
    """Programs compare the two, as with any key."""
    done = keys.openssl("s_server", "-accept", f"127.0.0.1:{free_port()}", "-cert", leaf_of(fleet, "rsa").chain_file,
                        "-key", keys.key_file(leaf_of(fleet)))
    assert done.returncode != 0
    assert b"does not match" in done.stderr, done.stderr


# --- no key store ---

def test_all_key_stores_are_away(fleet, tmp_path):
    own = OffloadedKeys(fleet, f"127.0.0.1:{free_port()}", stem="away")
    leaf = leaf_of(fleet)
    with s_server(own, leaf, own.key_file(leaf)) as server:
        with pytest.raises(ssl.SSLError, match="alert internal error"):
            handshake(fleet, server.port, "1.3")
        server.wait_output("key store")


def test_an_identity_that_is_revoked(fleet):
    """Links come up and end at once, again and again: no handshake waits for one."""
    port = free_port()
    revoking = fleet.key_store("revoking", f"127.0.0.1:{port}")
    own = OffloadedKeys(fleet, f"127.0.0.1:{port}", stem="revoked")
    leaf = leaf_of(fleet)
    accepted = revoking.config.read_text()
    revoking.start().wait_event("started")
    with s_server(own, leaf, own.key_file(leaf)) as server:
        handshake(fleet, server.port, "1.3")
        revoking.kill()
        revoking.config.write_text(accepted.replace(PROXY_IDENTITY, "somebody.else"))
        revoking.start().wait_event("started", count=2)
        for _ in range(30):
            with pytest.raises(ssl.SSLError, match="alert internal error"):
                handshake(fleet, server.port, "1.3")
            time.sleep(0.05)
        server.wait_output("no key store can be reached", count=30)
    revoking.kill()
    assert server.output().count("no key store can be reached") == 30, server.output()
