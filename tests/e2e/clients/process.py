"""Run a client as a process group, stream its input and output, and always end it."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from .base import ClientError

PIPE_SIZE = 1 << 20
MARK = "BATON_TEST_CLIENT"  # in the environment of a client and of all that it starts


@contextlib.contextmanager
def process_group(argv: Sequence[object], env: Mapping[str, str], **streams) -> Iterator[subprocess.Popen]:
    """Start `argv` in a process group of its own; on leaving, kill what still runs of it."""
    mark = f"{MARK}={uuid.uuid4()}"
    env = dict(env) | dict([mark.split("=")])
    process = subprocess.Popen([str(arg) for arg in argv], env=env, start_new_session=True, **streams)
    try:
        yield process
    finally:
        kill_group(process)
        process.wait()
        kill_marked(mark)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def kill_group(process: subprocess.Popen) -> None:
    """Kill the process and its children, unless it has ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def kill_marked(mark: str, timeout: float = 10) -> None:
    """Kill what has left the process group, as the browser's crash handler does, and wait for its end."""
    deadline = time.monotonic() + timeout
    while processes := marked_processes(mark):
        assert time.monotonic() < deadline, f"processes {processes} cannot be killed"
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def marked_processes(mark: str) -> list[int]:
    """Return the processes with the mark in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # Not ours to read, or gone meanwhile.
        with contextlib.suppress(OSError):
            if mark.encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def exchange(
    argv: Sequence[object],
    env: Mapping[str, str],
    sink: Callable[[bytes], object],
    feed: Iterable[bytes] = (),
    close_stdin_after: threading.Event | None = None,
    timeout: float = 60,
) -> str:
    """Feed the process, pass its output to `sink`, and return what it wrote to standard error.

    Standard input ends after the feed, or once `close_stdin_after` is set, if given.
    Raises ClientError when the process fails or takes too long.
    """
    # Sockets rather than a pipe: tstclnt never notices the end of a pipe, but spins on it.
    ours, theirs = socket.socketpair()
    done = close_stdin_after or threading.Event()
    if not close_stdin_after:
        done.set()
    pipes = {"stdin": theirs, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ours, theirs, process_group(argv, env, **pipes) as process:
        theirs.close()
        errors = bytearray()
        threads = [
            threading.Thread(target=_feed, args=(ours, feed, done)),
            threading.Thread(target=_read_all, args=(process.stderr.fileno(), errors.extend)),
        ]
        timed_out = threading.Event()
        overdue = threading.Timer(timeout, lambda: (timed_out.set(), kill_group(process)))
        for thread in (*threads, overdue):
            thread.start()
        try:
            _read_all(process.stdout.fileno(), sink)
            process.wait()
        finally:
            overdue.cancel()
            kill_group(process)
            done.set()
            for thread in (*threads, overdue):
                thread.join()
    text = errors.decode(errors="replace")
    if timed_out.is_set() or process.returncode != 0:
        reason = f"took over {timeout} s" if timed_out.is_set() else f"exited with {process.returncode}"
        raise ClientError(f"{argv[0]} {reason}: {text[-2000:]}")
    return text


def _feed(stdin: socket.socket, feed: Iterable[bytes], done: threading.Event) -> None:
    # A client that stops reading says why in its exit status and its output.
    with contextlib.suppress(OSError):
        for chunk in feed:
            stdin.sendall(chunk)
        done.wait()
        stdin.shutdown(socket.SHUT_WR)


def _read_all(fd: int, sink: Callable[[bytes], object]) -> None:
    fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
    while data := os.read(fd, PIPE_SIZE):
        sink(data)
