"""curl."""

import re

import payload

from . import ciphers
from .base import TLS_1_2, Client, ClientError, Target, Transfer, tls_version_in, tool, upload_report
from .process import exchange
from .sinks import Body


class CurlClient(Client):
    """The curl command, with its default ALPN."""

    name = "curl"

    def download(self, target: Target, path: str) -> Transfer:
        body, tls_version, cipher = self._run(target, path, [], ())
        return Transfer(body.sha256, body.size, tls_version, cipher)

    def upload(self, target: Target, path: str, size: int) -> Transfer:
        # curl cannot know how much standard input holds, and would send chunks.
        options = ["-T", "-", "-H", f"Content-Length: {size}", "-H", "Transfer-Encoding:"]
        body, tls_version, cipher = self._run(target, path, options, payload.chunks(size))
        return Transfer(*upload_report(body.beginning), tls_version, cipher)

    def _run(self, target: Target, path: str, options: list[str], feed) -> tuple[Body, str, str]:
        argv = [tool("curl"), "-q", "-sS", "-v", "--fail", "--noproxy", "*", *options]
        argv += ["--resolve", f"{target.authority}:{target.bracketed_address}", "--cacert", target.ca_file]
        argv += [*self._tls_options(target), f"https://{target.authority}{path}"]
        body = Body()
        errors = exchange(argv, self._environment(), body, feed, timeout=self.timeout)
        used = re.search(r"SSL connection using (\S+) / (\S+)", errors)
        if not used:
            raise ClientError(f"curl does not tell the TLS version: {errors[-2000:]}")
        return body, tls_version_in(used[1]), ciphers.iana_name(used[2])

    def _tls_options(self, target: Target) -> list[str]:
        options = []
        if target.tls_version:
            options += [f"--tlsv{target.tls_version}", "--tls-max", target.tls_version]
        if suite := self._pinned_cipher(target):
            options += ["--ciphers" if suite.tls_version == TLS_1_2 else "--tls13-ciphers", suite.openssl]
        return options
