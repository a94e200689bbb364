"""NSS: its certificate database and its client, tstclnt."""

import re
import subprocess
from pathlib import Path

from . import ciphers
from .base import ClientError, Target, tool
from .raw import RawClient

TLS_VERSIONS = {"3.3": "1.2", "3.4": "1.3"}  # As they are on the wire.
BULK_CIPHERS = {
    ("128", "AES-GCM"): ciphers.AES_128,
    ("256", "AES-GCM"): ciphers.AES_256,
    ("256", "CHACHA20POLY1305"): ciphers.CHACHA20,
}


def make_nss_database(directory: Path, ca_file: Path) -> str:
    """Make a database in which `ca_file` is trusted for servers; return how NSS names it."""
    directory.mkdir(parents=True, exist_ok=True)
    database = f"sql:{directory}"
    certutil = [tool("certutil"), "-d", database]
    subprocess.run([*certutil, "-N", "--empty-password"], check=True, timeout=60)
    subprocess.run([*certutil, "-A", "-n", "ca", "-t", "C,,", "-i", ca_file], check=True, timeout=60)
    return database


class NssClient(RawClient):
    """tstclnt, told to be verbose because it names the cipher suite in no other way."""

    name = "nss"
    supports_ed25519 = False

    def _command(self, target: Target, scratch: Path) -> list[object]:
        database = make_nss_database(scratch / "nss", target.ca_file)
        command = [tool("tstclnt"), "-v", "-d", database, "-h", target.address, "-p", target.port]
        command += ["-a", target.server_name]
        if target.tls_version:
            command += ["-V", f"tls{target.tls_version}:tls{target.tls_version}"]
        if suite := self._pinned_cipher(target):
            command += ["-c", f":{suite.code:04X}"]
        return command

    def _connection_parameters(self, errors: str, scratch: Path) -> tuple[str, str]:
        used = re.search(r"SSL version (\S+) using (\d+)-bit (\S+) with", errors)
        if not used:
            raise ClientError(f"tstclnt does not tell the TLS version: {errors[-2000:]}")
        tls_version = TLS_VERSIONS[used[1]]
        server = re.search(r"Server Auth: \d+-bit (.+), Key Exchange", errors)
        key_exchange = ciphers.RSA if server and server[1].startswith("RSA") else ciphers.ECDSA
        return tls_version, ciphers.iana_from_parts(tls_version, key_exchange, BULK_CIPHERS[used[2], used[3]])
