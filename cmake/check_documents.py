#!/usr/bin/env python3
"""check_documents.py SOURCE: what the documents point to is there.

In README.md, CONTRIBUTING.md, docs/ and examples/: each relative link leads to a file, and to a heading of it where it
names one; each path into the sources, and each test that is called `Suite.Name` or `test_name`, exists.
"""
import pathlib
import re
import sys

TOP_FOLDERS = "benchmarks cmake docs fuzz include packaging programs src tests examples".split()
PATH = re.compile(rf"(?:{'|'.join(TOP_FOLDERS)})/[\w./-]*")
TEST = re.compile(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")
PYTHON_TEST = re.compile(r"^def (test_\w+)\(", re.M)


def anchors_of(text):
    """Of its headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def tests_of(source):
    tests = source / "tests"
    return {".".join(test) for path in tests.rglob("*_test.cc") for test in TEST.findall(path.read_text())} | {
        test for path in tests.rglob("test_*.py") for test in PYTHON_TEST.findall(path.read_text())}


def faults_of_links(document, text):
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = document.parent / path if path else document
        if not target.exists():
            yield f"{document}: there is no {link}"
        elif anchor and anchor not in anchors_of(target.read_text()):
            yield f"{document}: {path or 'it'} has no heading #{anchor}"


def faults_of_names(source, document, text, tests):
    for name in re.findall(r"`([^`\s]+)`", text):
        if PATH.fullmatch(name) and not (source / name).exists():
            yield f"{document}: there is no {name}"
        if re.fullmatch(r"[A-Z]\w+\.[A-Z]\w+|test_\w+", name) and name not in tests:
            yield f"{document}: there is no test {name}"


def main(source):
    tests = tests_of(source)
    documents = [source / "README.md", source / "CONTRIBUTING.md", *sorted((source / "docs").glob("*.md")),
                 source / "examples/README.md"]
    faults = []
    for document in documents:
        text = document.read_text()
        faults += [*faults_of_links(document, text), *faults_of_names(source, document, text, tests)]
    print("\n".join(faults) or f"{len(documents)} documents")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
