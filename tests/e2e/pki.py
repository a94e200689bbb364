"""Throwaway certificate authorities and leaf certificates, made with the openssl command."""

import hashlib
import ipaddress
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

NEW_KEY = {
    "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["-newkey", "rsa:2048"],
    "ed25519": ["-newkey", "ed25519"],
}
# NSS demands key encipherment of RSA certificates, whatever the key exchange.
KEY_USAGE = {
    "ecdsa": "digitalSignature",
    "rsa": "digitalSignature,keyEncipherment",
    "ed25519": "digitalSignature",
}
EXTENDED_USAGE = {"server": "serverAuth", "client": "clientAuth"}
BIG_EXTENSION_OID = "1.3.6.1.4.1.55555.1"  # Means nothing to anyone, so nobody interprets it.


@dataclass(frozen=True)
class Authority:
    """A certificate authority that can issue."""

    cert_file: Path
    key_file: Path


@dataclass(frozen=True)
class Leaf:
    """A certificate with its key; `chain_file` is what a server sends: leaf first, no root."""

    cert_file: Path
    key_file: Path
    chain_file: Path


def make_ca(directory: Path, name: str, key_type: str = "ecdsa") -> Authority:
    """Make a self-signed root."""
    return Authority(*_issue(directory, name, key_type, _ca_extensions(), issuer=None))


def make_intermediate(
    directory: Path, ca: Authority, name: str, key_type: str = "ecdsa", padding: int = 0
) -> Authority:
    """Make a subordinate CA, made bigger by `padding` bytes in an extension without meaning."""
    return Authority(*_issue(directory, name, key_type, _ca_extensions() + _padding(padding), ca))


def make_leaf(
    directory: Path,
    ca: Authority,
    key_type: str,
    names: Sequence[str],
    usage: str = "server",
    file_stem: str | None = None,
    intermediates: Sequence[Authority] = (),
    days: int = 30,
) -> Leaf:
    """Make a leaf for `names` (DNS names or addresses), issued by `ca`.

    `intermediates` are appended to the chain file; `ca` has to be the first of them if any.
    `file_stem` names the files, which otherwise are named after the first name and the key type.
    """
    stem = file_stem or f"{names[0]}-{key_type}-{usage}"
    extensions = [
        "basicConstraints = critical,CA:FALSE",
        f"keyUsage = critical,{KEY_USAGE[key_type]}",
        f"extendedKeyUsage = {EXTENDED_USAGE[usage]}",
        "subjectAltName = " + ",".join(_alternative_name(name) for name in names),
    ]
    cert, key = _issue(directory, stem, key_type, extensions, ca, common_name=names[0], days=days)
    chain = directory / f"{stem}.chain.pem"
    chain.write_bytes(b"".join(file.read_bytes() for file in [cert, *(i.cert_file for i in intermediates)]))
    return Leaf(cert, key, chain)


def make_big_chain_leaf(
    directory: Path, ca: Authority, key_type: str, names: Sequence[str], chain_bytes: int = 60_000
) -> Leaf:
    """Make a server leaf whose chain (leaf and intermediate, in DER) has about `chain_bytes` bytes."""
    stem = f"{names[0]}-{key_type}-big"
    padding = chain_bytes - 1200  # What the two certificates take without the padding, roughly.
    intermediate = make_intermediate(directory, ca, f"{stem}-intermediate", padding=padding)
    return make_leaf(
        directory, intermediate, key_type, names, file_stem=stem, intermediates=[intermediate]
    )


def _ca_extensions() -> list[str]:
    return ["basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign,cRLSign"]


def _padding(size: int) -> list[str]:
    if not size:
        return []
    # Incompressible, so that certificate compression cannot make the chain small again.
    noise = hashlib.shake_128(b"baton big chain").hexdigest(size)
    return [f"{BIG_EXTENSION_OID} = ASN1:FORMAT:HEX,OCTETSTRING:{noise}"]


def _alternative_name(name: str) -> str:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f"DNS:{name}"
    return f"IP:{name}"


def _issue(
    directory: Path,
    stem: str,
    key_type: str,
    extensions: list[str],
    issuer: Authority | None,
    common_name: str | None = None,
    days: int = 30,
) -> tuple[Path, Path]:
    """Make a key and its certificate in one openssl run; return both files."""
    directory.mkdir(parents=True, exist_ok=True)
    cert, key, config = (directory / f"{stem}.{suffix}" for suffix in ("pem", "key", "cnf"))
    config.write_text(_config(common_name or stem, extensions))
    command = ["openssl", "req", "-x509", "-noenc", "-config", config, "-days", str(days)]
    command += [*NEW_KEY[key_type], "-keyout", key, "-out", cert]
    if issuer:
        command += ["-CA", issuer.cert_file, "-CAkey", issuer.key_file]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if result.returncode != 0:
        raise RuntimeError(f"openssl could not make {stem}: {result.stderr}")
    return cert, key


def _config(common_name: str, extensions: list[str]) -> str:
    # A complete configuration of our own: the system's would add extensions that we did not ask for.
    lines = [
        "[req]",
        "prompt = no",
        "distinguished_name = name",
        "x509_extensions = extensions",
        "[name]",
        f"CN = {common_name}",
        "[extensions]",
        "subjectKeyIdentifier = hash",
        "authorityKeyIdentifier = keyid",
        *extensions,
    ]
    return "\n".join(lines) + "\n"
