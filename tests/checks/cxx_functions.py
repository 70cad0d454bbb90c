"""Finds the functions of a C++ source and how long they are, without a compiler."""

import re

_CONTAINER = re.compile(r"\b(namespace|class|struct|enum|union|extern)\b")
_STRINGS = re.compile(r'R"(\w*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'')
_COMMENTS = re.compile(r"//[^\n]*|/\*(?:.|\n)*?\*/")
_DIRECTIVES = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)


def _blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def code_only(text: str) -> str:
    """The text with strings, comments and directives blanked; lines keep their numbers."""
    # Strings first, so that // inside one is no comment; a quote inside a comment is put out of
    # the way before that.
    text = re.sub(r"//[^\n]*", lambda m: m[0].replace('"', " ").replace("'", " ")
                  if m.start() == 0 or text[m.start() - 1] in " \t\n;{}(),"
                  else m[0], text)
    text = _STRINGS.sub(_blank, text)
    text = _COMMENTS.sub(_blank, text)
    return _DIRECTIVES.sub(_blank, text)


def functions(text: str) -> list[tuple[str, int, int]]:
    """(name, first line, lines) of every outermost function body."""
    code = code_only(text)
    found = []
    stack: list[tuple[str, str, int]] = []
    header_start = 0
    for index, char in enumerate(code):
        if char == "{":
            header = code[header_start:index].strip()
            in_function = any(kind == "function" for kind, _, _ in stack)
            if in_function or header.endswith("=") or header.endswith(","):
                kind = "block"
            elif _CONTAINER.search(header) and not header.endswith(")"):
                kind = "container"
            else:
                kind = "function" if ")" in header else "block"
            stack.append((kind, header, index))
            header_start = index + 1
        elif char == "}":
            if stack:
                kind, header, start = stack.pop()
                if kind == "function":
                    first = code.count("\n", 0, start) + 1
                    last = code.count("\n", 0, index) + 1
                    name = re.search(r"([\w:~]+)\s*\(", header)
                    found.append((name[1] if name else header[:40], first, last - first + 1))
            header_start = index + 1
        elif char == ";":
            header_start = index + 1
    return found
