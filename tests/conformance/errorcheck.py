"""Go's `// errorcheck` annotations: which messages a file must give, line by line.

`// ERROR "re" "re"` beside a line: each regular expression must match a message of that line, and every
message must be matched by one. `LINE`, `LINE+1`, `LINE-1` in an expression are line numbers. The rules are
those of Go's own test driver.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

_ANNOTATION = re.compile(r"// (?:GC_)?ERROR (.*)")
_QUOTED = re.compile(r'"([^"]*)"|`([^`]*)`')
_LINE = re.compile(r"LINE(?:([+-])(\d+))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One annotation: its line and its expression."""

    line: int
    pattern: str

    def __str__(self) -> str:
        return f"{self.line} {self.pattern}"


def annotations(text: str) -> list[Wanted]:
    """The annotations of a file."""
    result: list[Wanted] = []
    for number, line in enumerate(text.splitlines(), 1):
        if "////" in line:
            continue  # the driver's way to comment an annotation out
        found = _ANNOTATION.search(line)
        if found is None:
            continue

        def line_number(m: re.Match[str], here: int = number) -> str:
            if m[1] is None:
                return str(here)
            return str(here + int(m[2]) if m[1] == "+" else here - int(m[2]))

        for quoted in _QUOTED.finditer(found[1]):
            pattern = quoted[1] if quoted[1] is not None else quoted[2]
            result.append(Wanted(number, _LINE.sub(line_number, pattern)))
    return result


def compare(
    wanted: Iterable[Wanted], messages: Iterable[tuple[int, str]]
) -> tuple[list[Wanted], list[tuple[int, str]]]:
    """The annotations no message meets, and the messages no annotation expects."""
    left: dict[int, list[str]] = defaultdict(list)
    for line, text in messages:
        left[line].append(text)
    missing: list[Wanted] = []
    for want in wanted:
        expression = re.compile(want.pattern.replace(r"\pL", r"\w"))
        here = left[want.line]
        rest = [text for text in here if not expression.search(text)]
        if len(rest) == len(here):
            missing.append(want)
        left[want.line] = rest
    return missing, [(line, text) for line, texts in sorted(left.items()) for text in texts]
