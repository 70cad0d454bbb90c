#!/usr/bin/env python3
"""Holds docs/UPSTREAM_CHECKLIST.md to the tests.

Every item from 1 to 159 has one row; each row names a test that exists, or says why the item is
not applicable; and a test whose name carries an item's number is named in the row of that item.

    check_checklist.py [REPOSITORY]
"""
import pathlib
import re
import sys

ITEMS = 159
ROW = re.compile(r"^\| (\d+) \| .* \| (.*) \|$", re.MULTILINE)
NAME = re.compile(r"`([A-Za-z0-9_]+)`")
TEST = re.compile(r"^\s*TEST(?:_F|_P)?\(\s*\w+\s*,\s*(\w+)\s*\)", re.MULTILINE)
ROW_OF_TABLE = re.compile(r'\{\s*"(\w+)"')
NUMBERS = re.compile(r"^item_(\d+)(?:_and_(\d+))?_")


def names_of_tests(tests):
    """Names of tests, and of the rows of parameterised ones."""
    names = set()
    for path in tests.rglob("*_test.cc"):
        text = path.read_text()
        names.update(TEST.findall(text))
        names.update(name for name in ROW_OF_TABLE.findall(text) if name.startswith("item_"))
    return names


def problems_of(document, tests):
    problems = []
    rows = {}
    for number, here in ROW.findall(document):
        if int(number) in rows:
            problems.append(f"item {number} has two rows")
        rows[int(number)] = here
    for number in range(1, ITEMS + 1):
        if number not in rows:
            problems.append(f"item {number} has no row")
    for number, here in rows.items():
        named = NAME.findall(here)
        if not named and not re.match(r"Not applicable: .{20}", here):
            problems.append(f"item {number} names no test and no reason")
        problems += [f"item {number} names a test that does not exist: {name}"
                     for name in named if name not in tests]
    for name in sorted(tests):
        match = NUMBERS.match(name)
        for number in match.groups() if match else ():
            if number and name not in NAME.findall(rows.get(int(number), "")):
                problems.append(f"{name} is not named in the row of item {int(number)}")
    return problems


def main():
    default = pathlib.Path(__file__).resolve().parents[2]
    repository = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    document = (repository / "docs" / "UPSTREAM_CHECKLIST.md").read_text()
    problems = problems_of(document, names_of_tests(repository / "tests"))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
