#!/usr/bin/env python3
"""The rules of style that a program can hold a repository to.

Limits: file 400 lines, function 70, line 100. Every header and script says at its top what it is
for. Calls that hide time, sleep, parse without errors or end the process are banned outside their
rooms. Every room has a README, every markdown file one H1, and every invariant that the code
enforces is cited by a test. `tidy.py --self-test` plants one violation of each rule.
"""

import pathlib
import re
import sys
import tempfile

import cxx_functions
import layers
import repository

FILE_LINES, FUNCTION_LINES, LINE_COLUMNS = 400, 70, 100
CITED = ["S1", "S2", "S3", "S4", "S5"]

# (pattern, where it is allowed, what to do instead)
BANNED = [
    (r"\bsystem_clock\s*::\s*now\b", ("src/os/", "src/telemetry/"), "ask the Clock of os/clock.h"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.])sleep\s*\(",
     ("src/os/", "tests/", "bench/"), "wait for the thing itself, with a deadline"),
    (r"\b(atoi|atol|atoll|strtol|strtoul|strtod|sprintf|strcpy|strcat)\s*\(", ("bench/",),
     "use a parser that reports errors"),
    (r"\bstd::sto(i|l|ll|ul|ull|d)\b", ("tests/", "bench/"), "use std::from_chars"),
    (r"\b(std::)?(quick_)?exit\s*\(|\b_exit\s*\(",
     ("src/cli/main.cc", "tests/", "bench/", "src/os/"),
     "return an error to main"),
    # A private constructor is out of make_unique's reach: unique_ptr<T>(new T(..)) is fine.
    (r"(?<!_ptr<T>\()\bnew\s+[A-Za-z_:]+\s*[({\[]", ("tests/compile_fail/",),
     "use std::make_unique"),
    (r"\bdelete\s+[a-z_]\w*;|\bdelete\s*\[\]", (), "use an owner"),
    (r"\b(rand|srand)\s*\(", (), "use the RandomSource of os/random.h"),
    (r"\busing\s+namespace\b(?!\s+std::.*literals)", ("tests/",), "name what is used"),
    (r"\bGTEST_SKIP\b", (), "a test that cannot run is a failure"),
]
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
PRIVATE = re.compile(r"(?<!\w)/wor[k]/|/tmp/helper[s]|\bshared/vector[s]|\.\./share[d]")
DEFAULT = re.compile(r"^\s*default\s*:")


def check_text(name: str, text: str) -> list[str]:
    """Rules for any text file."""
    problems = []
    lines = text.splitlines()
    limit = FILE_LINES if not name.startswith("docs/") and not name.endswith(".md") else 0
    if limit and len(lines) > limit:
        problems.append(f"{name}: {len(lines)} lines, more than {limit}")
    for number, line in enumerate(lines, 1):
        where = f"{name}:{number}"
        if len(line) > LINE_COLUMNS and not name.endswith((".md", ".sql")) and "http" not in line:
            problems.append(f"{where}: {len(line)} columns, more than {LINE_COLUMNS}")
        if line != line.rstrip():
            problems.append(f"{where}: white space at the end of the line")
        if LEFTOVER.search(line):
            problems.append(f"{where}: a leftover {LEFTOVER.search(line)[0]}")
        if PRIVATE.search(line):
            problems.append(f"{where}: names a place outside the repository")
    if text and not text.endswith("\n"):
        problems.append(f"{name}: no newline at the end")
    return problems


def is_over_enum(lines: list[str], default: int) -> bool:
    """Whether the switch of that default: has enumerators, not characters or numbers, as cases."""
    indent = len(lines[default]) - len(lines[default].lstrip())
    for line in reversed(lines[:default]):
        case = re.match(r"(\s*)case\s+(.)", line)
        if case and len(case[1]) == indent:
            return case[2] not in "'-0123456789"
    return True


def check_cxx(name: str, text: str) -> list[str]:
    problems = []
    if name.endswith(".h") and not text.startswith("//"):
        problems.append(f"{name}: does not begin with a comment that says what it is for")
    if name.endswith(".h") and "#pragma once" not in text:
        problems.append(f"{name}: no #pragma once")
    code = re.sub(r"_ptr<[\w:]+>( \w+)?\(", "_ptr<T>(", cxx_functions.code_only(text)).splitlines()
    original = text.splitlines()
    for number, line in enumerate(code, 1):
        for pattern, allowed, instead in BANNED:
            match = re.search(pattern, line)
            if match and not name.startswith(allowed or ("\0",)):
                problems.append(f"{name}:{number}: {match[0].strip()} is banned: {instead}")
        if DEFAULT.match(line) and is_over_enum(original, number - 1):
            problems.append(f"{name}:{number}: default: hides the enumerators that are added later")
    for function, first, length in cxx_functions.functions(text):
        if length > FUNCTION_LINES and not function.startswith("TEST"):
            problems.append(f"{name}:{first}: {function} has {length} lines, "
                            f"more than {FUNCTION_LINES}")
    return problems


def check_script(name: str, text: str) -> list[str]:
    lines = text.splitlines() or [""]
    body = lines[1:] if lines[0].startswith("#!") else lines
    body = [line for line in body if not line.startswith("# shellcheck")]
    opening = ('"""',) if name.endswith(".py") else ("# ",)
    if name.endswith(".mjs"):
        opening = ("//",)
    if not body or not body[0].startswith(opening):
        return [f"{name}: does not begin with a comment that says what it is for"]
    return []


def check_markdown(name: str, text: str) -> list[str]:
    outside_code = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    headings = len(re.findall(r"^# ", outside_code, flags=re.M))
    return [] if headings == 1 else [f"{name}: {headings} headings of level 1, not one"]


def check_rooms(root: pathlib.Path) -> list[str]:
    problems = []
    for room in layers.ORDER:
        if (root / "src" / room).is_dir() and not (root / "src" / room / "README.md").is_file():
            problems.append(f"src/{room}: no README.md")
    tests = "".join(p.read_text() for p in sorted((root / "tests").rglob("*"))
                    if p.suffix in (".cc", ".h", ".py", ".mjs")
                    and "node_modules" not in p.parts and "checks" not in p.parts)
    for number in CITED:
        if not re.search(rf"\b{number}\b", tests):
            problems.append(f"tests: the invariant {number} is cited by no test")
    return problems


def check_file(name: str, text: str) -> list[str]:
    suffix = pathlib.Path(name).suffix
    problems = check_text(name, text)
    if suffix in (".h", ".cc"):
        problems += check_cxx(name, text)
    elif suffix in (".py", ".sh", ".mjs"):
        problems += check_script(name, text)
    elif suffix == ".md":
        problems += check_markdown(name, text)
    return problems


PLANTED = [
    ("src/base/a.h", "#pragma once\n", "does not begin with a comment"),
    ("src/base/a.h", "// A.\nint a;\n", "no #pragma once"),
    ("src/base/a.cc", "// A.\n" + "\n" * 400, "more than 400"),
    ("src/base/a.cc", "// A.\nvoid f() {\n" + "g();\n" * 70 + "}\n", "f has 72 lines"),
    ("src/base/a.cc", "// A." + "a" * 100 + "\n", "columns"),
    ("src/base/a.cc", "// A.\nauto t = std::chrono::system_clock::now();\n", "is banned"),
    ("src/base/a.cc", "// A.\nint a = atoi(b);\n", "is banned"),
    ("src/base/a.cc", "// A.\nvoid f() { std::exit(1); }\n", "is banned"),
    ("src/base/a.cc", "// A.\nauto p = new Thing();\n", "is banned"),
    ("src/base/a.cc", "// A.\nvoid f() { std::this_thread::sleep_for(t); }\n", "is banned"),
    ("src/base/a.cc", "// A. TO" "DO later\n", "leftover"),
    ("src/base/a.cc", "// A.\nvoid f() {\n  switch (e) {\n    default: g();\n  }\n}\n", "hides"),
    ("src/base/a.cc", "// A. \n", "white space"),
    ("docs/A.md", "# A\n\n# B\n", "not one"),
    ("scripts/a.sh", "#!/bin/sh\nset -e\n", "does not begin with a comment"),
]
CLEAN = [
    ("src/base/a.cc", "void f() {\n  switch (c) {\n    case 'a':\n    default: g();\n  }\n}\n"),
    ("src/base/a.h", "// A: the system_clock::now() of \"nothing\".\n#pragma once\nint new_a();\n"),
    ("src/os/a.cc", "// A.\nauto t = std::chrono::system_clock::now();\n"),
    ("src/base/a.cc", "std::unique_ptr<a::B> f() { return std::unique_ptr<a::B>(new a::B()); }\n"),
    ("docs/A.md", "# A\n\n```\n# not a heading\n```\n"),
]


def self_test() -> None:
    problems = []
    for name, text, expected in PLANTED:
        found = check_file(name, text)
        if not any(expected in problem for problem in found):
            problems.append(f"{expected!r} is not found in {text[:60]!r}: {found}")
    for name, text in CLEAN:
        if found := check_file(name, text):
            problems.append(f"{name} is clean, but: {found}")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "src" / "base").mkdir(parents=True)
        (root / "tests").mkdir()
        if len(check_rooms(root)) != 1 + len(CITED):
            problems.append("a room without README or an invariant without a test is not found")
    repository.finish("tidy --self-test", problems, len(PLANTED) + len(CLEAN))


def main() -> None:
    paths = repository.files(".h", ".cc", ".py", ".sh", ".mjs", ".md", ".sql", ".cmake", ".toml")
    problems = check_rooms(repository.ROOT) + repository.generated()
    for path in paths:
        problems += check_file(repository.name(path), path.read_text())
    repository.finish("tidy", problems, len(paths))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    main()
