"""What holds for all of examples/: they are short, and README.md tells of each."""

import os
from pathlib import Path

SOURCE = Path(os.environ["BATON_EXAMPLES_SOURCE"])


def test_every_file_has_less_than_a_hundred_lines():
    long = [path for path in SOURCE.rglob("*.[ch]*") if len(path.read_text().splitlines()) >= 100]
    assert long == []


def test_the_readme_tells_of_every_program():
    readme = (SOURCE / "README.md").read_text()
    assert [path.name for path in SOURCE.glob("*.c*") if f"`{path.name}`" not in readme] == []
