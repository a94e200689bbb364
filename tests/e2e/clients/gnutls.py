"""gnutls-cli."""

import re
from pathlib import Path

from . import ciphers
from .base import ClientError, Target, tls_version_in, tool
from .build import build_once
from .raw import RawClient

LOG = "gnutls.log"


class GnutlsClient(RawClient):
    """gnutls-cli, as it is for uploads, and with its standard output buffered for downloads.

    On its own it prints every single byte with a write() of its own: over a minute for 100 MB.
    """

    name = "gnutls"

    def _request_environment(self, method: str) -> dict[str, str]:
        env = self._environment()
        return env | {"LD_PRELOAD": str(self._shim(env))} if method == "GET" else env

    def _shim(self, env: dict[str, str]) -> Path:
        shim = self.workdir / "buffered_stdio.so"
        return build_once(shim, [tool("cc"), "-shared", "-fPIC", "-o", shim, "buffered_stdio.c"], env)

    def _command(self, target: Target, scratch: Path) -> list[object]:
        command = [tool("gnutls-cli"), f"--logfile={scratch / LOG}", f"--x509cafile={target.ca_file}"]
        command += [f"--sni-hostname={target.server_name}", f"--verify-hostname={target.server_name}"]
        command += [f"--priority={self._priority(target)}", f"--port={target.port}", target.address]
        return command

    def _priority(self, target: Target) -> str:
        words = ["NORMAL"]
        if target.tls_version:
            words += ["-VERS-ALL", f"+VERS-TLS{target.tls_version}"]
        if suite := self._pinned_cipher(target):
            words += ["-CIPHER-ALL", f"+{suite.bulk}"]
            if suite.key_exchange:
                words += ["-KX-ALL", f"+{suite.key_exchange}"]
        return ":".join(words)

    def _connection_parameters(self, errors: str, scratch: Path) -> tuple[str, str]:
        log = (scratch / LOG).read_text(errors="replace")
        # Such as (TLS1.2-X.509)-(ECDHE-X25519)-(RSA-PSS-RSAE-SHA256)-(AES-128-GCM)
        used = re.search(r"Description: \((\S+?)\)-\((\S+?)\)-\((\S+?)\)-\((\S+?)\)", log)
        if not used:
            raise ClientError(f"gnutls-cli does not tell the TLS version: {log[-2000:]}")
        tls_version = tls_version_in(used[1])
        key_exchange = ciphers.RSA if used[3].startswith("RSA") else ciphers.ECDSA
        return tls_version, ciphers.iana_from_parts(tls_version, key_exchange, used[4])
