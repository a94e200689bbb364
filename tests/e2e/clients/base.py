"""What every client has in common: the target, the result, the interface."""

import os
import re
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from . import ciphers

TLS_1_2 = "1.2"
TLS_1_3 = "1.3"


@dataclass(frozen=True)
class Target:
    """The server to speak to: `server_name` is sent and verified, `address` is connected to.

    No `tls_version` ("1.2" or "1.3") and no `cipher` (IANA name) leave the choice to the client.
    """

    server_name: str
    address: str
    port: int
    ca_file: Path
    tls_version: str | None = None
    cipher: str | None = None

    @property
    def authority(self) -> str:
        """What the Host header holds."""
        return f"{self.server_name}:{self.port}"

    @property
    def bracketed_address(self) -> str:
        """The address as it stands before a colon and a port."""
        return f"[{self.address}]" if ":" in self.address else self.address


@dataclass(frozen=True)
class Transfer:
    """A finished transfer: what the receiving side got, and the connection's parameters.

    After a download the client's side has hashed and counted, after an upload the backend.
    """

    sha256: str
    size: int
    tls_version: str
    cipher: str


class ClientError(Exception):
    """The client refused the server, failed, took too long, or got something else than asked for."""


class SetupError(Exception):
    """The client cannot run at all; not a ClientError, so that no test takes it for a refusal."""


class Client(ABC):
    """A driver for one TLS client; `workdir` holds its compiled programs and temporary files.

    `pinnable` holds the TLS versions for which the client can be told to offer a single suite;
    for others it ignores the target's cipher.
    """

    name: str
    supports_ed25519 = True
    pinnable = frozenset({TLS_1_2, TLS_1_3})

    def __init__(self, workdir: Path, timeout: float = 60):
        self.workdir = workdir
        self.timeout = timeout

    def can_pin_cipher(self, tls_version: str) -> bool:
        """Tell whether `Target.cipher` has an effect with this TLS version."""
        return tls_version in self.pinnable

    @abstractmethod
    def download(self, target: Target, path: str) -> Transfer:
        """GET `path` and hash what comes."""

    @abstractmethod
    def upload(self, target: Target, path: str, size: int) -> Transfer:
        """PUT the first `size` payload bytes to `path`; return what the backend says it got."""

    def _pinned_cipher(self, target: Target) -> ciphers.Suite | None:
        if target.cipher is None:
            return None
        suite = ciphers.by_iana(target.cipher)
        return suite if self.can_pin_cipher(suite.tls_version) else None

    def _environment(self) -> dict[str, str]:
        # Not the caller's: its proxies, key logs and configuration files would change the clients.
        home = self.workdir / "home"
        home.mkdir(parents=True, exist_ok=True)
        return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8"}


def tool(name: str) -> str:
    """Return the path of a command, which has to be there."""
    path = shutil.which(name)
    if path is None:
        raise SetupError(f"{name} is not installed; see packages.txt")
    return path


def tls_version_in(text: str) -> str:
    """Return "1.2" for what clients print as TLSv1.2, TLS1.2 or TLS 1.2."""
    found = re.search(r"TLS ?v?(1\.\d)", text)
    if not found:
        raise ClientError(f"no TLS version in {text!r}")
    return found[1]


def upload_report(body: bytes) -> tuple[str, int]:
    """Read the backend's answer to an upload: hash and size."""
    try:
        sha256, size = body.decode().split()
        return sha256, int(size)
    except ValueError as error:
        raise ClientError(f"the backend answered an upload with {body[:200]!r}") from error
