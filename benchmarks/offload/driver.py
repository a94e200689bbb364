#!/usr/bin/env python3
"""Measures whole processes that end TLS, Baton's and others, and writes the runs as report.py reads them.

driver.py OUTPUT: BATON_BENCH_REPETITIONS, BATON_BENCH_SECONDS and BATON_BIN are as ./bench sets them.
"""
import contextlib
import json
import os
import pathlib
import sys
import tempfile

sys.path.append(str(pathlib.Path(__file__).parents[2] / "tests/e2e"))  # fleet, pki, delaying_relay

import peers  # noqa: E402
from baton_servers import Baton  # noqa: E402
from cpu_cases import measure_cpu  # noqa: E402
from latency_cases import measure_latency  # noqa: E402
from link_peer import PlainLink, baton_bench  # noqa: E402


class Runs:
    """The measured values, one run each, in the order of the cases' first ones."""

    def __init__(self):
        self._values = {}

    def add(self, case, subject, value, unit):
        self._values.setdefault((case, unit), {}).setdefault(subject, []).append(value)

    def as_list(self):
        return [{"name": f"offload/{case}/{subject}", "family_index": index, "run_type": "iteration",
                 "unit": unit, "value": value}
                for index, ((case, unit), subjects) in enumerate(self._values.items())
                for subject, values in subjects.items() for value in values]


def context():
    """That of baton-bench, with the versions of the peers."""
    return baton_bench(0.001)["context"] | {f"library: {name}": version for name, version in peers.versions().items()}


def main():
    repetitions = int(os.environ["BATON_BENCH_REPETITIONS"])
    connections = max(20, round(float(os.environ["BATON_BENCH_SECONDS"]) * 20_000))  # of one repetition
    runs = Runs()
    document = {"context": context()}
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        (directory / "baton").mkdir()
        baton = stack.enter_context(Baton(directory / "baton").started())
        link = stack.enter_context(PlainLink(directory / "link").started())
        servers = [stack.enter_context(server) for server in (
            *(baton.server(name, name) for name in baton.servers),
            peers.haproxy(directory, baton), peers.nginx(directory, baton))]
        measure_cpu(runs, servers, link, baton.ca_file, repetitions, connections)
        measure_latency(runs, servers, baton, repetitions)
    pathlib.Path(sys.argv[1]).write_text(json.dumps(document | {"benchmarks": runs.as_list()}))


if __name__ == "__main__":
    main()
