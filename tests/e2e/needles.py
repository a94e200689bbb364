"""What to search a program's memory for: private keys, and the secrets of connections, in all their forms."""

import base64
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handmade_tls import hkdf_expand_label, key_log, tls12_prf

KEY_SIZES = {"AES_128": 16, "AES_256": 32, "CHACHA20": 32}  # bytes
LONGEST_SCALAR = 66  # bytes, of P-521
SHORTEST = 8  # bytes that are worth a search


# --- private keys ---

def der_values(der: bytes) -> Iterator[bytes]:
    """Every INTEGER and OCTET STRING in it, at any depth."""
    while der:
        tag, size, header = der[0], der[1], 2
        if size & 0x80:
            header = 2 + (size & 0x7F)
            size = int.from_bytes(der[2:header], "big")
        body, der = der[header:header + size], der[header + size:]
        # PKCS #8 wraps a whole structure in an OCTET STRING; a scalar of 32 bytes may look like one.
        wraps_sequence = tag == 0x04 and body[:1] == b"\x30" and len(body) > LONGEST_SCALAR
        wraps_ed25519 = tag == 0x04 and body[:2] == b"\x04\x20" and len(body) == 34
        if tag == 0x30 or wraps_sequence or wraps_ed25519:
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


def is_foreign(name: str) -> bool:
    """What an application server of an established connection does not have (R3)."""
    return "HANDSHAKE" in name or "master" in name or "EXPORTER" in name
