"""Processes of the suite `offload`: their CPU time, and helpers that wait for a cue."""
import contextlib
import json
import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ["BATON_BIN"])
TIMEOUT = 120  # s, of anything that ends by itself


def cpu_microseconds(pid):
    """What all threads of the process have run so far, in user and kernel mode, to the nanosecond."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


class Helper:
    """Runs once: it prepares, waits for its cue, and ends with one JSON object."""

    def __init__(self, name, *arguments):
        self._process = subprocess.Popen([BIN / name, *map(str, arguments)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def run(self, *pids):
        """Its result, and the microseconds that each of the processes has used meanwhile."""
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{self._process.args} has failed")
        before = [cpu_microseconds(pid) for pid in pids]
        output, _ = self._process.communicate("go\n", timeout=TIMEOUT)
        if self._process.returncode:
            raise RuntimeError(f"{self._process.args} has failed")
        return json.loads(output), [cpu_microseconds(pid) - used for pid, used in zip(pids, before)]


@contextlib.contextmanager
def running(*command, log, environment=None):
    """A server, until the end of the block."""
    with open(log, "wb") as errors:
        process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                   env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
