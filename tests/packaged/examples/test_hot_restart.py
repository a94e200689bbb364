"""examples/hot_restart: a client keeps its connection while the server's process is exchanged."""

import os
import shutil
import signal

from buffered_client import BufferedClient
from programs import BIN, CERTIFICATE, KEY, Program, TlsClient, free_port, wait_for_port, wait_until


def serving(program, behind=0):
    return int(program.wait_for_line(r"process (\d+) serves", behind)[1])


def restart(program, pid):
    behind = len(program.lines)
    os.kill(pid, signal.SIGUSR2)
    return serving(program, behind)


def start(port, path="hot_restart"):
    program = Program(path, port, CERTIFICATE, KEY)
    wait_for_port(port)
    return program


def is_gone(pid):
    """Also one that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_client_keeps_its_connection(version):
    port = free_port()
    with start(port) as program:
        client = TlsClient(port, version)
        assert client.ask("before") == "before"
        old = serving(program)
        new = restart(program, old)
        assert new != old
        wait_until(lambda: is_gone(old), "end of the old process")
        assert client.ask("after") == "after"
        assert restart(program, new) not in (old, new)
        assert client.ask("after another one") == "after another one"
        client.close()
        newcomer = TlsClient(port, version)
        assert newcomer.ask("hello") == "hello"
        newcomer.close()


def test_a_handshake_that_is_under_way_is_not_lost(version):
    port = free_port()
    with start(port) as program:
        old = serving(program)
        client = BufferedClient(port, version)
        client.try_to(client.tls.do_handshake)
        client.tcp.sendall(client.to_server.read(10))  # of the ClientHello
        probe = TlsClient(port, version)
        assert probe.ask("the old process has accepted") == "the old process has accepted"
        restart(program, old)
        client.shake_hands()
        assert client.ask(b"hello") == b"hello"
        wait_until(lambda: is_gone(old), "end of the old process")
        assert client.ask(b"hello, new process") == b"hello, new process"
        client.say_goodbye()
        probe.close()


def test_a_new_program_that_fails_changes_nothing(version, tmp_path):
    port = free_port()
    path = shutil.copy(BIN / "hot_restart", tmp_path)
    with start(port, tmp_path / "hot_restart") as program:
        client = TlsClient(port, version)
        assert client.ask("before") == "before"
        pid = serving(program)
        os.rename(path, tmp_path / "good")
        shutil.copy("/bin/false", path)
        os.kill(pid, signal.SIGUSR2)
        program.wait_for_line("new process has failed")
        assert client.ask("still here") == "still here"
        os.rename(tmp_path / "good", path)
        assert restart(program, pid) != pid
        assert client.ask("after") == "after"
        client.close()
