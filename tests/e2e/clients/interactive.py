"""An openssl s_client that a test talks to step by step."""

import array
import fcntl
import os
import re
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from .base import ClientError, Target
from .openssl import connection_parameters, s_client_command
from .process import process_group

COMMAND_LETTERS = b"QRKk"
# The most that a pipe takes in one piece and that s_client surely reads in one piece.
PIECE_SIZE = 4096
POLL_SECONDS = 0.002


class SClient:
    """Context manager: an s_client whose handshake is done. A wait of over `timeout` seconds fails.

    s_client reads its input in pieces, and takes one that starts with K, k, R or Q for a command.
    Therefore everything is written piece by piece, each only after the previous one was taken.
    """

    def __init__(
        self,
        target: Target,
        keylog_file: Path | None = None,
        options: Sequence[object] = (),
        env: dict[str, str] | None = None,
        timeout: float = 30,
    ):
        self._command = [*s_client_command(target), *options]
        if keylog_file:
            self._command += ["-keylogfile", keylog_file]
        self._env = env or {"PATH": os.environ["PATH"]}
        self._timeout = timeout
        self._stack = ExitStack()

    def __enter__(self) -> "SClient":
        with ExitStack() as stack:
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            self._process = stack.enter_context(process_group(self._command, self._env, bufsize=0, **pipes))
            self._output = stack.enter_context(_Collector(self._process.stdout.fileno(), self._timeout))
            self._errors = stack.enter_context(_Collector(self._process.stderr.fileno(), self._timeout))
            # A collector ends with its pipe, so the process has to end first.
            stack.callback(self._process.kill)
            summary = self._errors.take(_up_to(b"Verified peername:", b"\n"))
            self.tls_version, self.cipher = connection_parameters(summary.decode())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def send(self, data: bytes) -> None:
        """Send application data, which cannot start with a command letter."""
        while data:
            end = min(PIECE_SIZE, len(data))
            # The next piece must not start with a command letter either.
            while end < len(data) and data[end] in COMMAND_LETTERS:
                end -= 1
            if data[0] in COMMAND_LETTERS:
                raise ValueError("s_client would take this for a command")
            self._write(data[:end])
            data = data[end:]

    def send_line(self, line: str) -> None:
        """Send a line of text."""
        self.send(line.encode() + b"\n")

    def update_key(self, request_peer: bool) -> None:
        """Send a KeyUpdate, which with `request_peer` asks the peer for one too."""
        self._write(b"K\n" if request_peer else b"k\n")
        self._errors.take(_up_to(b"KEYUPDATE", b"\n"))

    def read_until(self, marker: bytes, timeout: float | None = None) -> bytes:
        """Return what was received up to and including `marker`."""
        return self._output.take(_up_to(marker), timeout)

    def read_exactly(self, size: int) -> bytes:
        """Return the next `size` bytes received."""
        return self._output.take(lambda received: size if len(received) >= size else None)

    def wait_closed(self) -> int:
        """Wait until the server has ended the connection; return s_client's exit status."""
        return self._process.wait(self._timeout)

    def close(self) -> int:
        """End the connection as s_client does at the end of its input; return its exit status."""
        self._drain()
        self._process.stdin.close()
        return self._process.wait(self._timeout)

    def _write(self, piece: bytes) -> None:
        self._drain()
        self._process.stdin.write(piece)

    def _drain(self) -> None:
        deadline = time.monotonic() + self._timeout
        unread = array.array("i", [0])
        while True:
            fcntl.ioctl(self._process.stdin, termios.FIONREAD, unread)
            if not unread[0]:
                return
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise ClientError("s_client does not read its input")
            time.sleep(POLL_SECONDS)


class _Collector:
    """Reads a pipe in the background, and waits for what a test expects there."""

    def __init__(self, fd: int, timeout: float):
        self._fd = fd
        self._timeout = timeout
        self._received = bytearray()
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> "_Collector":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._thread.join()

    def take(self, find_end: Callable[[bytearray], int | None], timeout: float | None = None) -> bytes:
        """Wait until `find_end` finds an end; return and forget everything before it."""
        with self._changed:
            self._changed.wait_for(
                lambda: find_end(self._received) is not None or self._ended, timeout or self._timeout
            )
            end = find_end(self._received)
            if end is None:
                raise ClientError(f"not what was waited for: {bytes(self._received[-2000:])!r}")
            taken = bytes(self._received[:end])
            del self._received[:end]
            return taken

    def _read(self) -> None:
        while data := os.read(self._fd, 1 << 16):
            self._extend(data)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _extend(self, data: bytes) -> None:
        with self._changed:
            self._received += data
            self._changed.notify_all()


def _up_to(*markers: bytes) -> Callable[[bytearray], int | None]:
    """Find the end of the markers, which follow each other with anything between them."""
    pattern = re.compile(b".*?".join(re.escape(marker) for marker in markers), re.DOTALL)

    def find_end(received: bytearray) -> int | None:
        found = pattern.search(received)
        return found.end() if found else None

    return find_end
