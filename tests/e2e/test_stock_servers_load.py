"""wrk makes full handshakes, one for each request, as fast as it can: every answer is right, and none is missing."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import Fleet, Tenant
from offloaded_keys import OffloadedKeys
from stock_servers import HELLO, Haproxy, Nginx, StockServer

SECONDS = 4  # of load
CLIENTS = 40
SIGNING = {"offload": ["signing"]}
NAME = "localhost"  # the name that wrk sends, and connects to
SERVERS = {"nginx": lambda fleet, keys: Nginx(fleet, keys, workers=3),
           "haproxy": lambda fleet, keys: Haproxy(fleet, keys, threads=4),
           "haproxy_async": lambda fleet, keys: Haproxy(fleet, keys, threads=4, asynchronous=True)}

# wrk compares nothing by itself.
SCRIPT = """\
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() wrong = 0 end
function response(status, headers, body)
  if status ~= 200 or body ~= "HELLO" then wrong = wrong + 1 end
end
function done(summary)
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("wrong") end
  local e = summary.errors
  io.write(string.format('{"requests": %d, "wrong": %d, "errors": %d}', summary.requests, sum,
                         e.connect + e.read + e.write + e.status + e.timeout), "\\n")
end
""".replace("HELLO", HELLO)


@pytest.fixture(params=["ecdsa", "rsa", "ed25519"])
def fleet(request, tmp_path) -> Iterator[Fleet]:
    fleet = Fleet(tmp_path, [Tenant([NAME], [request.param], dict(SIGNING))], identity_settings=SIGNING,
                  keystore_settings={"limits": {"worker_queue": 1000}})
    with fleet.not_started():
        fleet.keystore.start().wait_event("started")
        yield fleet


def load(server: StockServer, directory: Path) -> dict[str, int]:
    script = directory / "check.lua"
    script.write_text(SCRIPT)
    done = subprocess.run([shutil.which("wrk"), "-t2", f"-c{CLIENTS}", f"-d{SECONDS}s", "--timeout", "60s", "-s", script,
                           "-H", "Connection: close", f"https://{NAME}:{server.port}/hello"],
                          capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS.keys())
def test_full_handshakes_under_load(fleet, tmp_path, make):
    with make(fleet, OffloadedKeys(fleet)) as server:
        workers = server.workers()
        said = load(server, tmp_path)
        assert said["requests"] > CLIENTS and said["wrong"] == said["errors"] == 0, (said, server.describe())
        assert server.workers() == workers
    signed = fleet.keystore.events("signature_signed")
    # Neither server gives tickets here, so each request needed one.
    assert len(signed) >= said["requests"]
    assert not fleet.keystore.events("signature_refused")
