"""The examples as running programs, and a TLS client that sees every handshake message."""

import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from pathlib import Path

BIN = Path(os.environ["BATON_EXAMPLES"])
PREFIX = Path(os.environ["BATON_PREFIX"])
CERTIFICATE = os.environ["BATON_CERTIFICATE"] + ".pem"
KEY = os.environ["BATON_CERTIFICATE"] + ".key"
PATIENCE = 60  # seconds for what takes none
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
CLIENT_HELLO = 1


def wait_until(holds, what):
    """Wait until `holds()` is true, and return that."""
    end = time.monotonic() + PATIENCE
    while not (answer := holds()):
        assert time.monotonic() < end, f"no {what}"
        time.sleep(0.002)
    return answer


class Program:
    """A program with all the processes that it starts; they write to one list of lines."""

    def __init__(self, name, *arguments, descriptors=None):
        self.lines = []
        path = name if isinstance(name, Path) else BIN / name
        limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}"]
        self._process = subprocess.Popen(
            [*limit, path, *map(str, arguments)], stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def pid(self):
        return self._process.pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def wait_for_descriptors(self, count):
        wait_until(lambda: self.descriptors() == count, f"{count} descriptors")

    def stop(self):
        """With all its threads."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def memory(self):
        """All that it can write to."""
        maps = Path(f"/proc/{self.pid}/maps").read_text()
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            parts = []
            for start, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.M):
                memory.seek(int(start, 16))
                parts.append(memory.read(int(end, 16) - int(start, 16)))
        return b"".join(parts)

    def _read(self):
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))

    def wait_for_line(self, pattern, behind=0):
        """The first line from index `behind` on that matches."""
        found = lambda: next((m for line in self.lines[behind:] if (m := re.search(pattern, line))), None)
        return wait_until(found, f"{pattern!r} in {self.lines}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.pid, signal.SIGKILL)  # the session that was started here, and nothing else
        except ProcessLookupError:
            pass
        self._process.wait()
        self._reader.join()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for_port(port):
    def accepts():
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return False
        return True

    wait_until(accepts, f"server at port {port}")


def wait_for_socket(path):
    """Its file is there a moment before somebody listens."""
    listening = re.compile(rf"^\S+: \w+ \w+ 00010000 .* {path}$", re.M)
    wait_until(lambda: listening.search(Path("/proc/net/unix").read_text()), f"server at {path}")


def run(*command, **options):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE, **options)


def ask_with_s_client(port, line, *options):
    """The first line that the server says to `line`, which ends like it."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-quiet"]
    command += ["-CAfile", CERTIFICATE, "-verify_return_error", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        client.stdin.write(line.encode())
        client.stdin.flush()
        answer = client.stdout.readline().decode()
        client.kill()
    return answer


def make_key_ring(folder):
    path = folder / "keys"
    assert run(PREFIX / "bin/baton", "keyring", "create", path).returncode == 0
    return path


def client_context(version, handshake_messages, key_log=None):
    """For clients of TLS `version`; the types of handshake messages that they send come into the list."""
    context = ssl.create_default_context(cafile=CERTIFICATE)
    context.minimum_version = context.maximum_version = version
    if key_log is not None:
        context.keylog_filename = key_log

    def note(_connection, direction, _version, content_type, message_type, _data):
        if direction == "write" and content_type == 22:
            handshake_messages.append(int(message_type))

    context._msg_callback = note
    return context


class TlsClient:
    """One TCP connection, one TLS handshake."""

    def __init__(self, port, version, tcp=None, key_log=None):
        self._sent = []
        self._tcp = tcp or socket.create_connection(("127.0.0.1", port))
        self._tcp.settimeout(PATIENCE)
        context = client_context(version, self._sent, key_log)
        self._tls = context.wrap_socket(self._tcp, server_hostname="localhost")
        self._handshake = list(self._sent)
        assert self._handshake.count(CLIENT_HELLO) == 1
        assert self._tls.version() == version.name.replace("_", ".")

    def ask(self, text):
        """What the server says to `text`."""
        self._tls.sendall(text.encode())
        return self._tls.recv(65536).decode()

    def close(self):
        """Say goodbye and hear the server's; the handshake was the only one."""
        self._tls.unwrap().close()
        assert self._sent == self._handshake

    def drop(self):
        self._tls.close()

    def break_off(self, text):
        """Send it, a FIN and a RST, and hear nothing."""
        self._tls.sendall(text.encode())
        self._tls.shutdown(socket.SHUT_WR)
        self._tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._tls.close()
