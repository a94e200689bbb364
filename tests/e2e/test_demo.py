"""The demo does what the README says, with its ports taken too, and leaves nothing running."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from fleet import wait_until

ROOT = Path(__file__).parents[2]
TIMEOUT = 600  # s; the build is there already


def running_for(folder: str) -> list[str]:
    """Command lines of the processes that use the demo's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        if entry.name.isdigit() and folder in line:
            found.append(line)
    return found


def test_the_story_is_told_twice_with_the_port_taken():
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 8443))
        taken.listen()
        for _ in range(2):
            done = subprocess.run([ROOT / "demo"], capture_output=True, text=True, timeout=TIMEOUT, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "Every byte matched" in done.stdout
            assert "TLSv1.3" in done.stdout
            assert re.search(r" [1-9]\d* µs of it at the key store", done.stdout)
            assert not re.search(r"https://[^/]*:8443/", done.stdout)


def test_the_story_of_the_other_architecture():
    done = subprocess.run([ROOT / "demo", "--private-key"], capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for told in ("All of it held", "baton:certificate=", "kind=tls13-server", "private key: none found",
                 "refused by baton.so, nothing was signed (a remote key signs the handshakes of TLS only", "with an alert",
                 "an open connection goes on", "with the same nginx"):
        assert told in done.stdout, done.stdout
    folder = re.search(r"baton:certificate=(/\S*/baton-demo\.[^/]*)/", done.stdout).group(1)
    assert not Path(folder).exists() and not running_for(folder)


@pytest.mark.parametrize("options, page", [([], b"Served without a key"),
                                           (["--private-key"], b"Served with a key that is elsewhere")])
def test_keep_serves_until_ctrl_c(options, page):
    with subprocess.Popen([ROOT / "demo", *options, "--keep"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True) as demo:
        try:
            lines = []
            for line in demo.stdout:
                lines.append(line)
                if line.lstrip().startswith("logs:"):
                    break
            output = "".join(lines)
            command = re.search(r"^ *(curl .*)$", output, re.MULTILINE)
            assert command, output
            got = subprocess.run(command.group(1).split(), capture_output=True, timeout=30, check=False)
            assert page in got.stdout, got.stderr
            folder = re.search(r"logs: (\S*/baton-demo\.[^/]*)/", output).group(1)
            assert running_for(folder)
            os.killpg(demo.pid, signal.SIGINT)
            demo.wait(30)
            wait_until(lambda: not running_for(folder), "the demo's processes end")
            assert not Path(folder).exists()
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGKILL)


def test_an_unknown_option_is_explained():
    done = subprocess.run([ROOT / "demo", "--what"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "there is no option --what" in done.stderr and "--help" in done.stderr
    done = subprocess.run([ROOT / "demo", "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert "--keep" in done.stdout and "--private-key" in done.stdout
