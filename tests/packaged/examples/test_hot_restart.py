"""examples/hot_restart: a client keeps its connection while the server's process is exchanged."""

import contextlib
import os
import shutil
import signal
import socket

from buffered_client import BufferedClient
from programs import BIN, CERTIFICATE, KEY, Program, TlsClient, free_port, wait_for_port, wait_until


def serving(program, behind=0):
    return int(program.wait_for_line(r"process (\d+) serves", behind)[1])


def restart(program, pid):
    behind = len(program.lines)
    os.kill(pid, signal.SIGUSR2)
    return serving(program, behind)


def start(port, path="hot_restart", **options):
    program = Program(path, port, CERTIFICATE, KEY, **options)
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


# A new process that says that it is ready, and then does not do what it should.
BAD_PROGRAM = """#!/usr/bin/python3
import fcntl, os, signal, socket, sys, termios

def say(what):
    print("bad process", os.getpid(), what, file=sys.stderr, flush=True)

channel = socket.socket(fileno=int(sys.argv[4]))
channel.recv(1 << 17)
"""
DIES = """
os.kill(os.getppid(), signal.SIGSTOP)  # so that it hears of both at once
channel.send(b"ready")
say("dies")
"""
HANGS = """
channel.send(b"ready")
channel.recv(1, socket.MSG_PEEK)  # a client
say("hangs")
signal.pause()
"""
REFUSES = """
channel.shutdown(socket.SHUT_RD)  # so that it can be written to, and sending fails
channel.send(b"ready")
while fcntl.ioctl(channel, termios.TIOCOUTQ, bytes(4)) != bytes(4):
    pass
say("refuses")
signal.pause()
"""


@contextlib.contextmanager
def restarted_with(bad_part, folder, version, client_count):
    """The program, its process, its clients, and the process of a bad new program that it has started."""
    path, port = folder / "hot_restart", free_port()
    shutil.copy(BIN / "hot_restart", path)
    with start(port, path) as program:
        clients = [TlsClient(port, version) for _ in range(client_count)]
        assert {client.ask("before") for client in clients} == {"before"}
        pid = serving(program)
        os.rename(path, folder / "good")
        path.write_text(BAD_PROGRAM + bad_part)
        path.chmod(0o755)
        os.kill(pid, signal.SIGUSR2)
        bad = int(program.wait_for_line(r"bad process (\d+) \w+")[1])
        os.rename(folder / "good", path)
        yield program, pid, clients, bad


def go_on(program, pid, clients):
    """As if nothing had been; the next program is a good one."""
    program.wait_for_line("new process has failed")
    assert {client.ask("still here") for client in clients} == {"still here"}
    assert restart(program, pid) != pid
    assert {client.ask("after") for client in clients} == {"after"}
    assert not any("lost" in line for line in program.lines)


def test_a_new_process_that_dies_takes_nobody_along(version, tmp_path):
    with restarted_with(DIES, tmp_path, version, 5) as (program, pid, clients, bad):
        wait_until(lambda: is_gone(bad), "end of the bad process")
        os.kill(pid, signal.SIGCONT)
        go_on(program, pid, clients)


def test_a_client_that_could_not_be_sent_stays(version, tmp_path):
    with restarted_with(REFUSES, tmp_path, version, 5) as (program, pid, clients, bad):
        for _ in range(3):
            assert {client.ask("still here") for client in clients} == {"still here"}
        os.kill(bad, signal.SIGKILL)
        go_on(program, pid, clients)


def test_who_does_not_fit_into_the_channel_is_served(version, tmp_path):
    with restarted_with(HANGS, tmp_path, version, 150) as (program, pid, clients, bad):
        assert clients[-1].ask("still here") == "still here"
        os.kill(bad, signal.SIGKILL)  # and with it those that are in the channel
        go_on(program, pid, clients[-1:])


def test_no_descriptor_for_a_restart(version):
    port = free_port()
    with start(port, descriptors=16) as program:
        client, pid = TlsClient(port, version), serving(program)
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        program.wait_for_descriptors(16)
        os.kill(pid, signal.SIGUSR2)
        program.wait_for_line("no new process: Too many open files")
        assert client.ask("still here") == "still here"
        for other in idle:
            other.close()
        wait_until(lambda: program.descriptors() < 10, "free descriptors")
        assert restart(program, pid) != pid
        assert client.ask("after") == "after"
