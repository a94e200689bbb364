"""Clients that are HTTPS libraries, each behind a small program in this directory.

Every program takes the same arguments: METHOD SERVER_NAME ADDRESS PORT CA_FILE TLS_VERSION CIPHER
PATH SIZE, with "-" for what is left open. It sends SIZE bytes of its standard input as the request
body, writes the response body to standard output, and tls=, cipher= and status= lines to standard error.
"""

import re
import sys
from abc import abstractmethod
from pathlib import Path
from tempfile import TemporaryDirectory

import payload

from . import ciphers
from .base import TLS_1_2, Client, ClientError, Target, Transfer, tls_version_in, tool, upload_report
from .build import SOURCES, build_once
from .process import exchange
from .sinks import Body

MAX_HANDSHAKE_MESSAGE = 131_072  # Java's own limit, 32 kB, is below what a big chain takes.


class ProgramClient(Client):
    """Runs one of the programs for every request."""

    def download(self, target: Target, path: str) -> Transfer:
        body, tls_version, cipher = self._run(target, "GET", path, "-", ())
        return Transfer(body.sha256, body.size, tls_version, cipher)

    def upload(self, target: Target, path: str, size: int) -> Transfer:
        body, tls_version, cipher = self._run(target, "PUT", path, str(size), payload.chunks(size))
        return Transfer(*upload_report(body.beginning), tls_version, cipher)

    @abstractmethod
    def _program(self, target: Target, scratch: Path) -> list[object]:
        """Return the command that takes the arguments; `scratch` is a directory for this run alone."""

    def _cipher_argument(self, suite: ciphers.Suite) -> str:
        return suite.iana

    def _run(self, target: Target, method: str, path: str, size: str, feed) -> tuple[Body, str, str]:
        suite = self._pinned_cipher(target)
        arguments = [method, target.server_name, target.address, target.port, target.ca_file]
        arguments += [target.tls_version or "-", self._cipher_argument(suite) if suite else "-", path, size]
        body = Body()
        with TemporaryDirectory(dir=self.workdir) as scratch:
            argv = [*self._program(target, Path(scratch)), *arguments]
            errors = exchange(argv, self._environment(), body, feed, timeout=self.timeout)
        told = dict(re.findall(r"^(tls|cipher|status)=(\S+)$", errors, re.MULTILINE))
        if told.get("status") != "200":
            raise ClientError(f"{self.name} did not get what it asked for: {errors[-2000:]}")
        return body, tls_version_in(told["tls"]), ciphers.iana_name(told["cipher"])


class PythonClient(ProgramClient):
    """Python's http.client and ssl, in the interpreter that runs the tests."""

    name = "python"
    pinnable = frozenset({TLS_1_2})

    def _program(self, target: Target, scratch: Path) -> list[object]:
        return [sys.executable, "-I", SOURCES / "https_client.py"]

    def _cipher_argument(self, suite: ciphers.Suite) -> str:
        return suite.openssl


class NodeClient(ProgramClient):
    """Node's https module."""

    name = "node"

    def _program(self, target: Target, scratch: Path) -> list[object]:
        return [tool("node"), SOURCES / "https_client.js"]

    def _cipher_argument(self, suite: ciphers.Suite) -> str:
        return suite.openssl


class GoClient(ProgramClient):
    """Go's net/http."""

    name = "go"
    pinnable = frozenset({TLS_1_2})

    def _program(self, target: Target, scratch: Path) -> list[object]:
        binary = self.workdir / "https_client_go"
        # Outside any module, and from what is installed alone.
        offline = {"GO111MODULE": "off", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
        command = [tool("go"), "build", "-o", binary, "https_client.go"]
        return [build_once(binary, command, self._environment() | offline)]


class JavaClient(ProgramClient):
    """java.net.http.HttpClient, with its default HTTP version and so its default ALPN."""

    name = "java"

    def _program(self, target: Target, scratch: Path) -> list[object]:
        classes = self.workdir / "java"
        command = [tool("javac"), "-d", classes, "HttpsClient.java"]
        build_once(classes / "HttpsClient.class", command, self._environment())
        hosts = scratch / "hosts"
        hosts.write_text(f"{target.address} {target.server_name}\n")
        properties = {"jdk.net.hosts.file": hosts, "jdk.tls.maxHandshakeMessageSize": MAX_HANDSHAKE_MESSAGE}
        options = [f"-D{key}={value}" for key, value in properties.items()]
        return [tool("java"), *options, "-cp", classes, "HttpsClient"]

