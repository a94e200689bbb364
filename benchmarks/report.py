#!/usr/bin/env python3
"""Turns the JSON of baton-bench and of offload/driver.py into a table, into lines of JSON (--json FILE) and into a
chart (--svg FILE).

A ratio is the peer's value by Baton's, of rates the other way round: above 1, Baton needs less time or less memory.
What stands for a case is the median of its values. The values of a case with "pN" in its name are single latencies: its
percentiles stand for it, each as a case of its own in the JSON.
"""
import argparse
import collections
import json
import math
import pathlib
import re
import statistics

import chart

SUBJECT = "baton"
PERCENTILES = ["p50", "p95", "p99"]
RATE = "1/s"  # of this unit more is better

Case = collections.namedtuple("Case", "suite case unit")


def value_of(run):
    """The value with its unit: as the run says, or bytes, or the nanoseconds of one operation."""
    if "value" in run:
        return run["value"], run["unit"]
    return (run["bytes"], "bytes") if "bytes" in run else (1e9 / run["items_per_second"], "ns")


def read_runs(documents):
    """{Case: {subject: [value, ...]}} in the order of the programs."""
    cases = {}
    for document in documents:
        for run in sorted(document["benchmarks"], key=lambda run: run["family_index"]):
            if run["run_type"] != "iteration":
                continue
            suite, case, subject = run["name"].split("/")[:3]
            value, unit = value_of(run)
            cases.setdefault(Case(suite, case, unit), {}).setdefault(subject, []).append(value)
    return cases


def percentile(values, name):
    """The smallest value that so many of 100 do not exceed."""
    return sorted(values)[math.ceil(len(values) * int(name[1:]) / 100) - 1]


def columns(case):
    """Heading and function of each column of the table."""
    if "pN" in case.case:
        return {name: lambda values, name=name: percentile(values, name) for name in PERCENTILES}
    return {"min": min, "median": statistics.median, "max": max}


def points(case):
    """The columns that stand for the case, the most important one first."""
    return PERCENTILES if "pN" in case.case else ["median"]


def ratio(case, ours, peers):
    """How much more the peer needs."""
    if case.unit == RATE:
        ours, peers = peers, ours
    return peers / ours


def comparisons(cases):
    """One object for each case and peer; for a case without a peer one whose peer is null."""
    for case, subjects in cases.items():
        for point in points(case):
            values = {subject: columns(case)[point](all_of_it) for subject, all_of_it in subjects.items()}
            if SUBJECT not in values:
                continue
            ours = values.pop(SUBJECT)
            for peer, value in values.items() or [(None, None)]:
                yield {"suite": case.suite, "case": case.case.replace("pN", point), "subject": SUBJECT, "peer": peer,
                       "unit": case.unit, "value": round(ours, 2), "peer_value": value and round(value, 2),
                       "ratio": value and round(ratio(case, ours, value), 3)}


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    flags = set((re.search(r"flags\s*: (.*)", text) or [None, ""])[1].split())
    wanted = ["aes", "vaes", "vpclmulqdq", "avx2", "avx512f", "avx512ifma", "sha_ni"]
    return "; ".join([model[1] if model else "unknown CPU", f"{text.count('processor	:')} cores",
                      "flags " + " ".join(f if f in flags else f"no-{f}" for f in wanted)])


def head(contexts):
    context = {name: value for one in reversed(contexts) for name, value in one.items()}
    libraries = [f"{name.removeprefix('library: ')} {version}" for name, version in context.items()
                 if name.startswith("library: ")]
    load = ", ".join(f"{value:.2f}" for value in context["load_avg"])
    yield f"machine:   {machine()}"
    yield f"load:      {load} (1, 5, 15 minutes, at the start)"
    yield f"date:      {context['date']}"
    yield f"libraries: {', '.join(sorted(libraries))}; Baton encrypts with {context['aead']}"


def amount(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def table(cases):
    row = "{:<34} {:<13} {:>8} {:>10} {:>10} {:>7}".format
    heading = None
    for case, subjects in cases.items():
        shown = columns(case)
        if heading != (case.suite, case.unit, *shown):
            heading = (case.suite, case.unit, *shown)
            yield ""
            yield row(f"{case.suite} ({case.unit})", "", *shown, "ratio")
        main_point = shown[points(case)[0]]
        ours = main_point(subjects[SUBJECT]) if SUBJECT in subjects else None
        for position, (subject, values) in enumerate(subjects.items()):
            times = f"{ratio(case, ours, main_point(values)):.2f}" if ours and subject != SUBJECT else ""
            yield row("" if position else case.case, subject, *(amount(column(values)) for column in shown.values()),
                      times)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", nargs="+", help="the output of baton-bench or offload/driver.py, as JSON")
    parser.add_argument("--json", help="file for one JSON object a line: each case with each peer")
    parser.add_argument("--svg", help="file for a bar chart of the ratios")
    options = parser.parse_args()
    documents = [json.loads(pathlib.Path(file).read_text()) for file in options.measured]
    cases = read_runs(documents)
    print("\n".join([*head([document["context"] for document in documents]), *table(cases)]))
    print("\nratio: the peer's median by Baton's, of rates Baton's by the peer's; above 1 Baton needs less.")
    rows = list(comparisons(cases))
    if options.json:
        pathlib.Path(options.json).write_text("".join(json.dumps(row) + "\n" for row in rows))
    if options.svg:
        pathlib.Path(options.svg).write_text(chart.draw([row for row in rows if row["peer"] and row["unit"] != "ms"]))


if __name__ == "__main__":
    main()
