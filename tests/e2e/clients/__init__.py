"""Drivers for real TLS clients: a common interface to download from and upload to a target."""

from pathlib import Path

from .base import Client, ClientError, SetupError, Target, Transfer
from .chromium import ChromiumClient
from .curl import CurlClient
from .gnutls import GnutlsClient
from .interactive import SClient
from .nss import NssClient
from .openssl import OpenSslClient
from .programs import GoClient, JavaClient, NodeClient, PythonClient

CLIENT_CLASSES: tuple[type[Client], ...] = (
    CurlClient,
    OpenSslClient,
    GnutlsClient,
    NssClient,
    PythonClient,
    NodeClient,
    JavaClient,
    GoClient,
    ChromiumClient,
)
CLIENT_NAMES = tuple(client.name for client in CLIENT_CLASSES)


def make_clients(workdir: Path, timeout: float = 180) -> dict[str, Client]:
    """Make one client of each kind, by name; they compile and keep their files in `workdir`.

    A transfer of over `timeout` seconds fails.
    """
    return {client.name: client(workdir, timeout) for client in CLIENT_CLASSES}


__all__ = [
    "CLIENT_CLASSES",
    "CLIENT_NAMES",
    "ChromiumClient",
    "Client",
    "ClientError",
    "SClient",
    "SetupError",
    "Target",
    "Transfer",
    "make_clients",
]
