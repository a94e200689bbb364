#!/usr/bin/env python3
"""Turns the JSON of baton-bench into a table, into lines of JSON (--json FILE) and into a chart (--svg FILE).

A ratio is the peer's value by Baton's: above 1, Baton needs less time or less memory.
"""
import argparse
import collections
import json
import pathlib
import re
import statistics

import chart

SUBJECT = "baton"


class Case(collections.namedtuple("Case", "suite case")):
    @property
    def unit(self):
        return "bytes" if self.suite == "memory" else "ns"


def value_of(run):
    """Bytes, or the nanoseconds of one operation."""
    return run["bytes"] if "bytes" in run else 1e9 / run["items_per_second"]


def read_runs(document):
    """{Case: {subject: [value, ...]}} in the order of the program."""
    cases = {}
    for run in sorted(document["benchmarks"], key=lambda run: run["family_index"]):
        if run["run_type"] != "iteration":
            continue
        suite, case, subject = run["name"].split("/")[:3]
        cases.setdefault(Case(suite, case), {}).setdefault(subject, []).append(value_of(run))
    return cases


def comparisons(cases):
    """One object for each case and peer, of medians; for a case without a peer one whose peer is null."""
    for case, subjects in cases.items():
        medians = {subject: statistics.median(values) for subject, values in subjects.items()}
        if SUBJECT not in medians:
            continue
        ours = medians.pop(SUBJECT)
        for peer, value in medians.items() or [(None, None)]:
            yield {"suite": case.suite, "case": case.case, "subject": SUBJECT, "peer": peer, "unit": case.unit,
                   "value": round(ours, 2), "peer_value": value and round(value, 2),
                   "ratio": value and round(value / ours, 3)}


def machine():
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", text)
    flags = set((re.search(r"flags\s*: (.*)", text) or [None, ""])[1].split())
    wanted = ["aes", "vaes", "vpclmulqdq", "avx2", "avx512f", "avx512ifma", "sha_ni"]
    return "; ".join([model[1] if model else "unknown CPU", f"{text.count('processor	:')} cores",
                      "flags " + " ".join(f if f in flags else f"no-{f}" for f in wanted)])


def head(context):
    libraries = [f"{name.removeprefix('library: ')} {version}" for name, version in context.items()
                 if name.startswith("library: ")]
    load = ", ".join(f"{value:.2f}" for value in context["load_avg"])
    yield f"machine:   {machine()}"
    yield f"load:      {load} (1, 5, 15 minutes, at the start)"
    yield f"date:      {context['date']}"
    yield f"libraries: {', '.join(libraries)}; Baton encrypts with {context['aead']}"


def amount(value):
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"


def table(cases):
    row = "{:<32} {:<9} {:>10} {:>10} {:>10} {:>7}".format
    suite = None
    for case, subjects in cases.items():
        if case.suite != suite:
            suite = case.suite
            yield ""
            yield row(f"{suite} ({case.unit})", "", "min", "median", "max", "ratio")
        ours = statistics.median(subjects[SUBJECT]) if SUBJECT in subjects else None
        for position, (subject, values) in enumerate(subjects.items()):
            median = statistics.median(values)
            ratio = f"{median / ours:.2f}" if ours and subject != SUBJECT else ""
            yield row("" if position else case.case, subject, amount(min(values)), amount(median), amount(max(values)),
                      ratio)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("measured", help="the output of baton-bench, as JSON")
    parser.add_argument("--json", help="file for one JSON object a line: each case with each peer")
    parser.add_argument("--svg", help="file for a bar chart of the ratios")
    options = parser.parse_args()
    document = json.loads(pathlib.Path(options.measured).read_text())
    cases = read_runs(document)
    print("\n".join([*head(document["context"]), *table(cases)]))
    print("\nratio: the peer's median by Baton's; above 1 Baton needs less.")
    rows = list(comparisons(cases))
    if options.json:
        pathlib.Path(options.json).write_text("".join(json.dumps(row) + "\n" for row in rows))
    if options.svg:
        pathlib.Path(options.svg).write_text(chart.draw([row for row in rows if row["peer"]]))


if __name__ == "__main__":
    main()
