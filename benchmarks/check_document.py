#!/usr/bin/env python3
"""check_document.py RESULTS DOCUMENT: the tables of the document have the cases of the results, no more and no less."""
import json
import pathlib
import re
import sys

SUBJECT_ROW = re.compile(r"^(\S+) +baton +[\d.,]+ ", re.MULTILINE)
PERCENTILE = re.compile(r"-p\d\d-")  # the table has one row for all of them


def main():
    results, document = map(pathlib.Path, sys.argv[1:])
    measured = {PERCENTILE.sub("-pN-", json.loads(line)["case"]) for line in results.read_text().splitlines()}
    shown = set(SUBJECT_ROW.findall(document.read_text()))
    for case in sorted(measured ^ shown):
        print(f"{document}: {case} is {'shown and not measured' if case in shown else 'measured and not shown'}")
    sys.exit(0 if measured and measured == shown else 1)


if __name__ == "__main__":
    main()
