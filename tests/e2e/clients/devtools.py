"""The Chrome DevTools Protocol over a pair of pipes, as --remote-debugging-pipe speaks it."""

import json
import os
import select
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from .base import ClientError

READ_SIZE = 1 << 16
Message = dict[str, Any]


class DevToolsClosed(Exception):
    """The browser ended, or does not answer any more."""


class DevTools:
    """Sends commands and hands the events that come meanwhile to `on_event`; one deadline for all."""

    def __init__(self, to_browser: BinaryIO, from_browser: BinaryIO, timeout: float):
        self.on_event: Callable[[Message], object] = lambda event: None
        self._to_browser = to_browser
        self._from_browser = from_browser.fileno()
        self._deadline = time.monotonic() + timeout
        self._last_id = 0
        self._received = b""

    def call(self, method: str, session: str | None = None, **params: object) -> Message:
        """Send a command and return its result."""
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        self._to_browser.write(json.dumps(command).encode() + b"\0")
        self._to_browser.flush()
        answer = self.wait_for(lambda message: message.get("id") == command["id"])
        if "error" in answer:
            raise ClientError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait_for(self, wanted: Callable[[Message], bool]) -> Message:
        """Return the next message that is wanted."""
        while True:
            message = self._next_message()
            if "method" in message:
                self.on_event(message)
            if wanted(message):
                return message

    def _next_message(self) -> Message:
        while b"\0" not in self._received:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._from_browser], [], [], left)[0]:
                raise DevToolsClosed("the browser took too long")
            data = os.read(self._from_browser, READ_SIZE)
            if not data:
                raise DevToolsClosed("the browser ended")
            self._received += data
        message, self._received = self._received.split(b"\0", 1)
        return json.loads(message)
