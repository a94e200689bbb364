"""What a program on stock OpenSSL has in place of private keys: the provider, its configuration, and key files."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pki
from fleet import BIN, Fleet, Program

MODULE = BIN.parent / "lib/ossl-modules/baton.so"

EXAMPLE = Path(__file__).parents[2] / "packaging/examples/openssl.cnf"


class OffloadedKeys:
    """In a folder of the fleet: openssl.cnf, provider.toml, certificates, and for each a file that names its key.

    `key_stores` are as for an application server of the fleet.
    """

    def __init__(self, fleet: Fleet, key_stores: str | Sequence[str | dict[str, object]] | None = None,
                 stem: str = "provider"):
        self.fleet = fleet
        self.directory = fleet.directory / stem
        self.directory.mkdir()
        self.log = self.directory / "provider.log"
        self.config = fleet.provider_config(self.directory / "provider.toml", key_stores or fleet.link_address(),
                                            self.log)
        self.openssl_cnf = self.directory / "openssl.cnf"
        values = {"module": MODULE, "config": self.config}
        self.openssl_cnf.write_text(re.sub(r"^(module|config) = .*", lambda line: f"{line[1]} = {values[line[1]]}",
                                           EXAMPLE.read_text(), flags=re.MULTILINE))

    @property
    def program(self) -> Program:
        """Never started: it reads the provider's log."""
        return Program("provider", self.config, self.log)

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "OPENSSL_CONF": str(self.openssl_cnf)}

    def certificate(self, leaf: pki.Leaf) -> Path:
        """A copy of the chain."""
        return Path(shutil.copy(leaf.chain_file, self.directory / leaf.chain_file.name))

    def key_file(self, leaf: pki.Leaf) -> Path:
        """It names the key of that copy, where HAProxy looks for it."""
        certificate = self.certificate(leaf)
        path = certificate.with_name(f"{certificate.name}.key")
        path.write_bytes(self.run(BIN / "baton", "key-uri", certificate).stdout)
        return path

    def run(self, *command: object, check: bool = True) -> subprocess.CompletedProcess:
        return subprocess.run(command, capture_output=True, env=self.environment(), check=check, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=self.directory)

    def openssl(self, *arguments: object) -> subprocess.CompletedProcess:
        """The openssl command with this openssl.cnf; it may fail."""
        return self.run("openssl", *arguments, check=False)
