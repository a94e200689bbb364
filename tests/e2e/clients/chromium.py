"""Headless Chromium, driven through its debugging pipe."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import payload

from . import ciphers
from .base import Client, ClientError, Target, Transfer, tls_version_in, tool, upload_report
from .devtools import DevTools, DevToolsClosed, Message
from .nss import make_nss_database
from .process import process_group

# The browser takes the debugging pipe as descriptors 3 and 4, which subprocess cannot hand over.
ON_DEBUGGING_PIPE = ["sh", "-c", 'exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null']
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]

DOWNLOAD = """(async () => {
  const response = await fetch("%s");
  if (!response.ok) throw new Error(`status ${response.status}`);
  const body = await response.arrayBuffer();
  return [await sha256(body), body.byteLength];
})()"""

UPLOAD = """(async () => {
  const block = await (await fetch("/bytes/%d")).arrayBuffer();
  const parts = [];
  for (let left = %d; left > 0; left -= block.byteLength) {
    parts.push(left < block.byteLength ? block.slice(0, left) : block);
  }
  return (await fetch("%s", {method: "PUT", body: new Blob(parts)})).text();
})()"""


@dataclass(frozen=True)
class Page:
    """The loaded page: its title, its text, and the parameters of the connection it came over."""

    title: str
    text: str
    tls_version: str
    cipher: str


class ChromiumClient(Client):
    """A new browser with an empty profile for every request.

    Transfers are made by scripts in the backend's page, so that page is loaded first.
    """

    name = "chromium"
    supports_ed25519 = False
    pinnable = frozenset()

    def download(self, target: Target, path: str) -> Transfer:
        with self._tab(target) as tab:
            tab.open("/")
            sha256, size = tab.evaluate(DOWNLOAD % path)
            return Transfer(sha256, size, *tab.connection_of(path))

    def upload(self, target: Target, path: str, size: int) -> Transfer:
        with self._tab(target) as tab:
            tab.open("/")
            report = tab.evaluate(UPLOAD % (payload.BLOCK_SIZE, size, path))
            return Transfer(*upload_report(report.encode()), *tab.connection_of(path))

    def load_page(self, target: Target) -> Page:
        """Load the backend's page with everything in it, and wait until its script is done."""
        with self._tab(target) as tab:
            tab.open("/")
            tab.evaluate("window.filled")
            text = tab.evaluate("document.getElementById('result').textContent")
            return Page(tab.evaluate("document.title"), text, *tab.connection_of("/"))

    @contextlib.contextmanager
    def _tab(self, target: Target) -> Iterator["_Tab"]:
        with TemporaryDirectory(dir=self.workdir, ignore_cleanup_errors=True) as directory:
            home = Path(directory)
            _trust(home, target.ca_file)
            argv = [*ON_DEBUGGING_PIPE, tool("chromium"), *FLAGS, f"--user-data-dir={home / 'profile'}"]
            argv += [*_target_flags(target), "about:blank"]
            env = self._environment() | {"HOME": str(home)}
            log = home / "stderr"
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with log.open("wb") as stderr, process_group(argv, env, stderr=stderr, **pipes) as browser:
                devtools = DevTools(browser.stdin, browser.stdout, self.timeout)
                try:
                    yield _Tab(devtools, target)
                    devtools.call("Browser.close")
                except DevToolsClosed as error:
                    raise ClientError(f"{error}: {log.read_text(errors='replace')[-2000:]}") from error
                browser.wait(self.timeout)


class _Tab:
    def __init__(self, devtools: DevTools, target: Target):
        self._devtools = devtools
        self._origin = f"https://{target.authority}"
        self._connections: dict[str, Message] = {}
        devtools.on_event = self._note_connection
        tab = devtools.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = devtools.call("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        self._call("Network.enable")
        self._call("Page.enable")

    def open(self, path: str) -> None:
        """Load a page with everything in it."""
        result = self._call("Page.navigate", url=self._origin + path)
        if "errorText" in result:
            raise ClientError(f"{self._origin}{path}: {result['errorText']}")
        self._devtools.wait_for(lambda message: message.get("method") == "Page.loadEventFired")

    def evaluate(self, expression: str):
        """Return the value of a script's expression, awaited if it is a promise."""
        result = self._call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise ClientError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def connection_of(self, path: str) -> tuple[str, str]:
        """Return TLS version and IANA cipher name of the connection that served `path`."""
        details = self._connections[path]
        tls_version = tls_version_in(details["protocol"])
        key_exchange, bulk = (details[key].replace("_", "-") for key in ("keyExchange", "cipher"))
        return tls_version, ciphers.iana_from_parts(tls_version, key_exchange, bulk)

    def _call(self, method: str, **params: object) -> Message:
        return self._devtools.call(method, self._session, **params)

    def _note_connection(self, event: Message) -> None:
        if event["method"] == "Network.responseReceived":
            response = event["params"]["response"]
            if "securityDetails" in response:
                self._connections[urlsplit(response["url"]).path] = response["securityDetails"]


def _trust(home: Path, ca_file: Path) -> None:
    database = home / ".local/share/pki/nssdb"
    make_nss_database(database, ca_file)
    (home / ".pki").symlink_to(database.parent)  # Where Chromium looked for it formerly.


def _target_flags(target: Target) -> list[str]:
    resolver = f"MAP {target.server_name} {target.bracketed_address}, MAP * ~NOTFOUND"
    flags = [f"--host-resolver-rules={resolver}"]
    if target.tls_version:
        flags += [f"--ssl-version-{end}=tls{target.tls_version}" for end in ("min", "max")]
    return flags
