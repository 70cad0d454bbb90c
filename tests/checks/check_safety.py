#!/usr/bin/env python3
"""Every test that docs/SAFETY.md names as the proof of something must exist.

A name in a column "shown by" is a test suite or test of GoogleTest, a case of tests/compile_fail, a
test of ctest, a file of tests/functional or tests/interop, or a function in one of those.
"""

import re

import repository

NAME = re.compile(r"`([A-Za-z0-9_.]+)`")


def known_names() -> set[str]:
    names = set()
    for path in (repository.ROOT / "tests").rglob("*"):
        if "node_modules" in path.parts or not path.is_file():
            continue
        if path.suffix in (".py", ".mjs"):
            names.add(path.name)
            names |= set(re.findall(r"^def (\w+)", path.read_text(), re.M))
        elif path.suffix == ".cc":
            if path.parent.name == "cases":
                names.add(path.stem)
            for suite, test in re.findall(r"\bTEST(?:_[FP])?\(\s*(\w+),\s*(\w+)", path.read_text()):
                names |= {suite, test}
        elif path.name == "CMakeLists.txt":
            names |= set(re.findall(r"add_test\(\s*NAME (\w+)", path.read_text()))
    return names


def main() -> None:
    known, problems, count = known_names(), [], 0
    column = None
    for number, line in enumerate((repository.ROOT / "docs/SAFETY.md").read_text().splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            column = None
        elif "shown by" in cells:
            column = cells.index("shown by")
        elif column is not None and not set(line) <= set("|- "):
            proofs = NAME.findall(cells[column]) if column < len(cells) else []
            count += len(proofs)
            if not proofs:
                problems.append(f"docs/SAFETY.md:{number}: names no test")
            problems += [f"docs/SAFETY.md:{number}: there is no test {name}"
                         for name in proofs if name not in known]
    repository.finish("safety", problems, count)


if __name__ == "__main__":
    main()
