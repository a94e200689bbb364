"""Proves the certificates with openssl's own verification."""

import ssl
import subprocess
from pathlib import Path

import pytest

import pki

NAME = "leaf.example.test"
END = "-----END CERTIFICATE-----\n"


@pytest.fixture(scope="module")
def ca(tmp_path_factory) -> pki.Authority:
    return pki.make_ca(tmp_path_factory.mktemp("pki"), "PKI CA")


def verifies(ca: pki.Authority, leaf: pki.Leaf, purpose: str, *options: str) -> bool:
    command = ["openssl", "verify", "-x509_strict", "-CAfile", ca.cert_file, "-untrusted", leaf.chain_file]
    command += ["-purpose", purpose, *options, leaf.cert_file]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


def der_sizes(pem_file: Path) -> list[int]:
    certificates = pem_file.read_text().split(END)[:-1]
    return [len(ssl.PEM_cert_to_DER_cert(certificate + END)) for certificate in certificates]


@pytest.mark.parametrize("key_type", pki.NEW_KEY)
@pytest.mark.parametrize("usage, other_usage", [("server", "client"), ("client", "server")])
def test_leaf_serves_its_usage_alone(ca, tmp_path, key_type, usage, other_usage):
    leaf = pki.make_leaf(tmp_path, ca, key_type, [NAME, "127.0.0.1"], usage)
    assert verifies(ca, leaf, f"ssl{usage}", "-verify_hostname", NAME)
    assert verifies(ca, leaf, f"ssl{usage}", "-verify_ip", "127.0.0.1")
    assert not verifies(ca, leaf, f"ssl{other_usage}")


@pytest.mark.parametrize("chain_bytes", [20_000, 60_000])
def test_big_chain_has_the_size_asked_for(ca, tmp_path, chain_bytes):
    leaf = pki.make_big_chain_leaf(tmp_path, ca, "ecdsa", [NAME], chain_bytes)
    sizes = der_sizes(leaf.chain_file)
    assert len(sizes) == 2
    assert abs(sum(sizes) - chain_bytes) < 500
    assert verifies(ca, leaf, "sslserver")
