"""What the key store's part of a handshake is held against: libssl's handshake, and a question on a plain link."""
import contextlib
import json
import subprocess

import fleet
import pki
from processes import BIN, TIMEOUT, Helper, running
from server import wait_for_port

CASE = "handshake/full-tls13-ecdsa-p256/libssl"


class PlainLink:
    """A server at the end of a link with the same TLS, without Baton behind it. Use started()."""

    def __init__(self, directory):
        directory.mkdir()
        self._log = directory / "link.log"
        self._port = fleet.free_port()
        ca = pki.make_ca(directory, "link-ca")
        ends = {usage: pki.make_leaf(directory, ca, "ecdsa", [f"{usage}.internal"], usage=usage)
                for usage in ("server", "client")}
        self._arguments = {usage: ["--port", self._port, "--certificate", leaf.chain_file, "--key", leaf.key_file,
                                   "--ca", ca.cert_file] for usage, leaf in ends.items()}

    @contextlib.contextmanager
    def started(self):
        serve = running(BIN / "baton-bench-link", "serve", *self._arguments["server"], log=self._log)
        with serve as process:
            wait_for_port(self._port)
            self._pid = process.pid
            yield self

    def microseconds_per_request(self, requests, rate, *arguments):
        """Of the answering process, at `rate` requests a second. With "--handshakes", libssl does them there."""
        helper = Helper("baton-bench-link", "ask", *self._arguments["client"], "--name", "server.internal",
                        "--requests", requests, "--rate", rate, *arguments)
        _, (used,) = helper.run(self._pid)
        return used / requests


def baton_bench(seconds):
    """The output of the suite `handshake` for libssl's part of a handshake in memory."""
    command = [BIN / "baton-bench", f"--benchmark_filter=^{CASE}", "--benchmark_format=json",
               f"--benchmark_min_time={seconds}"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True).stdout)


def libssl_microseconds(seconds):
    """Measured for some 100 handshakes at least, since the first ones find cold caches."""
    return 1e6 / baton_bench(max(seconds, 0.03))["benchmarks"][0]["items_per_second"]
