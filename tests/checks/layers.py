#!/usr/bin/env python3
"""Holds every #include under src/ to the arrows between the rooms.

A room may include itself and the rooms that its CMakeLists.txt names after ROOMS (and what those
name). The order of ORDER is the law for those lists, so no arrow can point up. Pure rooms see no
socket, file, clock, thread or log. `layers.py --self-test` plants one violation of each kind in a
small tree and fails unless every one is found.
"""

import pathlib
import re
import sys
import tempfile

import repository

ORDER = ["base", "crypto", "duty", "protection", "os", "telemetry", "http", "store", "keys",
         "signer", "api", "cli"]
PURE = {"base", "crypto", "duty", "protection"}

# What an implementation of DutyStore includes is nobody else's business; the cli chooses one.
STORE_BACKENDS = {"memory", "sqlite", "postgres"}
MAY_CHOOSE_A_STORE = {"cli"}

IMPURE_HEADERS = re.compile(
    r"^(sys/(?!types\.h).*|netinet/.*|arpa/.*|netdb\.h|unistd\.h|fcntl\.h|poll\.h|signal\.h|"
    r"pthread\.h|time\.h|ctime|csignal|thread|mutex|shared_mutex|condition_variable|future|"
    r"stop_token|semaphore|latch|barrier|fstream|filesystem|iostream|cstdio|stdio\.h|random|"
    r"boost/(asio|beast|filesystem|process)(/.*|\.hpp)|libpq-fe\.h|sqlite3\.h|openssl/ssl\.h|"
    r"openssl/rand\.h|prometheus/.*|spdlog/.*)$")
IMPURE_CALLS = re.compile(r"_clock::now\s*\(|\bclock_gettime\s*\(|\bstd::(getenv|system)\s*\(")
# A failed CHECK must say so before it stops the process.
ALLOWED = {("src/base/check.cc", "cstdio")}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
ROOM = re.compile(r"holdfast_room\s*\(\s*(\w+)(.*?)\)", re.S)
KEYWORDS = {"SOURCES", "ROOMS", "LIBRARIES"}


def declared_rooms(root: pathlib.Path) -> tuple[dict[str, set[str]], list[str]]:
    """The rooms that each folder of src/ names, and what is wrong with those lists."""
    allowed: dict[str, set[str]] = {}
    folder_of: dict[str, str] = {}
    named: list[tuple[str, str]] = []
    for cmake in sorted((root / "src").rglob("CMakeLists.txt")):
        parts = cmake.relative_to(root / "src").parts
        for match in ROOM.finditer(re.sub(r"#.*", "", cmake.read_text())):
            folder_of[match[1]] = parts[0]
            allowed.setdefault(parts[0], set())
            keyword = ""
            for word in match[2].split():
                if word in KEYWORDS:
                    keyword = word
                elif keyword == "ROOMS":
                    named.append((parts[0], word))
    problems = []
    for folder, room in named:
        target = folder_of.get(room, room)
        if folder not in ORDER or target not in ORDER:
            problems.append(f"src/{folder}/CMakeLists.txt: {room} is not a room of the order")
        elif ORDER.index(target) > ORDER.index(folder):
            problems.append(f"src/{folder}/CMakeLists.txt: the arrow to {room} points up")
        elif target != folder:
            allowed[folder].add(target)
    for folder in sorted(allowed, key=lambda f: ORDER.index(f) if f in ORDER else -1):
        for below in list(allowed[folder]):
            allowed[folder] |= allowed.get(below, set())
    return allowed, problems


def check_include(source: str, room: str, quoted: bool, header: str,
                  allowed: dict[str, set[str]]) -> str | None:
    if not quoted:
        if room in PURE and IMPURE_HEADERS.match(header) and (source, header) not in ALLOWED:
            return f"the pure room {room} includes <{header}>"
        return None
    parts = header.split("/")
    if len(parts) < 2 or parts[0] not in ORDER:
        return f'"{header}" is not written as "room/file.h"'
    target = parts[0]
    if target != room and target not in allowed.get(room, set()):
        kind = "pure room" if room in PURE else "room"
        return f"the {kind} {room} includes {header}, but does not name {target} in its ROOMS"
    backend = parts[1] if target == "store" and len(parts) > 2 else None
    own = source.split("/")[2] if room == "store" else None
    if backend in STORE_BACKENDS and own != backend and room not in MAY_CHOOSE_A_STORE:
        return f"{header} belongs to the {backend} store alone"
    return None


def check_tree(root: pathlib.Path) -> tuple[list[str], int]:
    allowed, problems = declared_rooms(root)
    count = 0
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        count += 1
        source = str(path.relative_to(root))
        room = source.split("/")[1]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if match := INCLUDE.match(line):
                problem = check_include(source, room, match[1] == '"', match[2], allowed)
                if problem:
                    problems.append(f"{source}:{number}: {problem}")
            elif room in PURE and IMPURE_CALLS.search(line.split("//")[0]):
                problems.append(f"{source}:{number}: the pure room {room} reads the outside world")
    return problems, count


PLANTED = [
    ("src/duty/bad.cc", '#include "store/duty_store.h"\n', "pure room duty includes store"),
    ("src/duty/bad.cc", "#include <thread>\n", "includes <thread>"),
    ("src/duty/bad.cc", "#include <boost/asio.hpp>\n", "includes <boost/asio.hpp>"),
    ("src/duty/bad.cc", "auto t = std::chrono::system_clock::now();\n", "reads the outside"),
    ("src/duty/bad.cc", '#include "duty.h"\n', 'not written as "room/file.h"'),
    ("src/signer/bad.cc", '#include "store/postgres/connection.h"\n', "postgres store alone"),
    ("src/store/sqlite/bad.cc", '#include "store/postgres/a.h"\n', "postgres store alone"),
    ("src/duty/CMakeLists.txt", "holdfast_room(duty SOURCES a.cc ROOMS base store)\n", "points up"),
]


def self_test() -> None:
    problems = []
    for place, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for room in ("base", "duty", "store", "signer"):
                (root / "src" / room).mkdir(parents=True)
                below = " ".join(ORDER[:ORDER.index(room)])
                (root / "src" / room / "CMakeLists.txt").write_text(
                    f"holdfast_room({room} SOURCES a.cc ROOMS {below})\n")
            (root / "src" / "duty" / "good.cc").write_text(
                '#include "base/result.h"\n#include <vector>\n')
            clean, _ = check_tree(root)
            if clean:
                problems.append(f"the tree without a violation is refused: {clean}")
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(text)
            found, _ = check_tree(root)
            if not any(expected in problem for problem in found):
                problems.append(f"{text.strip()} in {place} is not found: {found}")
    repository.finish("layers --self-test", problems, len(PLANTED))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    repository.finish("layers", *check_tree(repository.ROOT))
