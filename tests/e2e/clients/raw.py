"""The base of clients that carry bytes only, so that HTTP is spoken over their standard streams."""

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import payload

from .base import Client, Target, Transfer, upload_report
from .process import exchange
from .sinks import HttpResponse


class RawClient(Client):
    """Sends one request, reads the response, and ends with the connection."""

    def download(self, target: Target, path: str) -> Transfer:
        response, tls_version, cipher = self._run(target, "GET", [_head(target, "GET", path)])
        return Transfer(response.body.sha256, response.body.size, tls_version, cipher)

    def upload(self, target: Target, path: str, size: int) -> Transfer:
        response, tls_version, cipher = self._run(target, "PUT", _upload(target, path, size))
        return Transfer(*upload_report(response.body.beginning), tls_version, cipher)

    @abstractmethod
    def _command(self, target: Target, scratch: Path) -> list[object]:
        """Return the command line; `scratch` is a directory for this run alone."""

    @abstractmethod
    def _connection_parameters(self, errors: str, scratch: Path) -> tuple[str, str]:
        """Return TLS version and IANA cipher name, from what the client told."""

    def _request_environment(self, method: str) -> dict[str, str]:
        return self._environment()

    def _run(self, target: Target, method: str, feed: Iterable[bytes]) -> tuple[HttpResponse, str, str]:
        response = HttpResponse()
        with TemporaryDirectory(dir=self.workdir) as directory:
            scratch = Path(directory)
            errors = exchange(
                self._command(target, scratch),
                self._request_environment(method),
                response,
                feed,
                close_stdin_after=response.complete,
                timeout=self.timeout,
            )
            response.check()
            return response, *self._connection_parameters(errors, scratch)


def _head(target: Target, method: str, path: str, *fields: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {target.authority}", "Connection: close", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _upload(target: Target, path: str, size: int) -> Iterable[bytes]:
    yield _head(target, "PUT", path, f"Content-Length: {size}")
    yield from payload.chunks(size)
