"""Cipher suites by their IANA name, and what each client calls them."""

from typing import NamedTuple


class Suite(NamedTuple):
    """One AEAD suite; `bulk` is GnuTLS's name for the cipher, `key_exchange` is ANY in TLS 1.3."""

    iana: str
    code: int
    tls_version: str
    key_exchange: str
    bulk: str
    openssl: str


AES_128, AES_256, CHACHA20 = "AES-128-GCM", "AES-256-GCM", "CHACHA20-POLY1305"
ECDSA, RSA, ANY = "ECDHE-ECDSA", "ECDHE-RSA", ""

SUITES = (
    Suite("TLS_AES_128_GCM_SHA256", 0x1301, "1.3", ANY, AES_128, "TLS_AES_128_GCM_SHA256"),
    Suite("TLS_AES_256_GCM_SHA384", 0x1302, "1.3", ANY, AES_256, "TLS_AES_256_GCM_SHA384"),
    Suite("TLS_CHACHA20_POLY1305_SHA256", 0x1303, "1.3", ANY, CHACHA20, "TLS_CHACHA20_POLY1305_SHA256"),
    *(
        Suite(f"TLS_ECDHE_{name}_WITH_{iana}", code, "1.2", key_exchange, bulk, f"ECDHE-{name}-{openssl}")
        for name, key_exchange, iana, code, bulk, openssl in (
            ("ECDSA", ECDSA, "AES_128_GCM_SHA256", 0xC02B, AES_128, "AES128-GCM-SHA256"),
            ("ECDSA", ECDSA, "AES_256_GCM_SHA384", 0xC02C, AES_256, "AES256-GCM-SHA384"),
            ("ECDSA", ECDSA, "CHACHA20_POLY1305_SHA256", 0xCCA9, CHACHA20, "CHACHA20-POLY1305"),
            ("RSA", RSA, "AES_128_GCM_SHA256", 0xC02F, AES_128, "AES128-GCM-SHA256"),
            ("RSA", RSA, "AES_256_GCM_SHA384", 0xC030, AES_256, "AES256-GCM-SHA384"),
            ("RSA", RSA, "CHACHA20_POLY1305_SHA256", 0xCCA8, CHACHA20, "CHACHA20-POLY1305"),
        )
    ),
)

_BY_IANA = {suite.iana: suite for suite in SUITES}
_BY_PARTS = {(suite.tls_version, suite.key_exchange, suite.bulk): suite for suite in SUITES}
_IANA_BY_OPENSSL = {suite.openssl: suite.iana for suite in SUITES}


def by_iana(name: str) -> Suite:
    """Return the suite that IANA calls `name`."""
    return _BY_IANA[name]


def iana_name(name: str) -> str:
    """Return the IANA name of a suite given by its IANA or OpenSSL name; leave others as they are."""
    return _IANA_BY_OPENSSL.get(name, name)


def iana_from_parts(tls_version: str, key_exchange: str, bulk: str) -> str:
    """Return the IANA name of the suite with these parts; TLS 1.3 ignores the key exchange."""
    return _BY_PARTS[tls_version, ANY if tls_version == "1.3" else key_exchange, bulk].iana
