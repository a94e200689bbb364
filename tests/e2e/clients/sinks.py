"""Receivers for what a client prints: a body, or a whole HTTP response."""

import hashlib
import threading

from .base import ClientError

KEPT_BYTES = 4096


class Body:
    """Hashes and counts a body, and keeps its beginning."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.size = 0
        self.beginning = b""

    def __call__(self, data: bytes) -> None:
        self._digest.update(data)
        self.size += len(data)
        if len(self.beginning) < KEPT_BYTES:
            self.beginning += data[: KEPT_BYTES - len(self.beginning)]

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class HttpResponse:
    """Parses a response with a Content-Length; `complete` is set when all of its body is there."""

    def __init__(self) -> None:
        self.body = Body()
        self.complete = threading.Event()
        self._head = b""
        self._length: int | None = None

    def __call__(self, data: bytes) -> None:
        if self._length is None:
            self._head += data
            if b"\r\n\r\n" not in self._head:
                return
            self._head, data = self._head.split(b"\r\n\r\n", 1)
            self._length = self._content_length()
        self.body(data)
        if self.body.size >= self._length:
            self.complete.set()

    def check(self) -> None:
        """Raise ClientError unless exactly one whole response with status 200 came."""
        if not self._head.startswith(b"HTTP/1.1 200 ") or self.body.size != self._length:
            raise ClientError(f"{self.body.size} of {self._length} body bytes after {self._head[:300]!r}")

    def _content_length(self) -> int:
        for line in self._head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                return int(value)
        raise ClientError(f"no Content-Length in {self._head[:300]!r}")
