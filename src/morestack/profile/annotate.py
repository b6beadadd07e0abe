"""Findings for people and machines: text with the path, SARIF 2.1.0, GitHub's workflow commands.

Places are given as the repository has them: a build with -trimpath names files by module, `example.com/service/x.go`,
one without by absolute path; `Sources` makes both relative. A place outside the repository (the standard library) is
named in the message only, because neither GitHub nor a SARIF viewer can show it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path as File
from typing import Any

from morestack import __version__
from morestack.process.model import Place
from morestack.profile.budget import Finding

RULES = {
    "frame": "A function's frame is larger than its budget",
    "stack": "A goroutine's stack is larger than its budget",
    "total": "All goroutines together are over their budget",
    "growth": "Growing stacks takes more time than its budget",
}


class Sources:
    """Where the repository's files are: by module path, or below a folder."""

    def __init__(self, module: str = "", root: str = ".") -> None:
        self.module = module.rstrip("/")
        self.root = File(root).resolve()

    def relative(self, file: str) -> str | None:
        """A file as the repository names it; None when it is not of the repository."""
        if self.module and file.startswith(self.module + "/"):
            return file[len(self.module) + 1 :]
        if self.module and file.startswith(self.module + "@"):
            return file.partition("/")[2] or None
        if file.startswith("/"):
            try:
                return File(file).relative_to(self.root).as_posix()
            except ValueError:
                return None
        return file if (self.root / file).is_file() else None


def place_of(finding: Finding, sources: Sources) -> tuple[str, int] | None:
    """The place of a finding in the repository: its own, else the first on its path."""
    places = [finding.place] if finding.place else []
    places += [Place(f.function, f.file, f.line) for f in finding.path]
    for place in places:
        file = sources.relative(place.file) if place.file else None
        if file:
            return file, place.line
    return None


def text(findings: Sequence[Finding]) -> str:
    """Each finding with its path, innermost first."""
    out = []
    for finding in findings:
        out.append(f"over budget: {finding.message}\n")
        for frame in finding.path:
            size = "" if frame.frame_bytes is None or frame.inlined else f"{frame.frame_bytes:,}"
            where = f"{frame.file}:{frame.line}" if frame.file else ""
            out.append(f"    {size:>9} {frame.function} {where}".rstrip() + "\n")
    return "".join(out)


def github(findings: Iterable[Finding], sources: Sources) -> str:
    """Workflow commands: GitHub shows them at the lines of a pull request."""
    out = []
    for finding in findings:
        place = place_of(finding, sources)
        at = f"file={escape(place[0], True)},line={place[1]}," if place else ""
        path = "".join(f"\n{f.function} {f.file}:{f.line}" for f in finding.path[:20])
        out.append(f"::error {at}title={escape(RULES[finding.rule], True)}::{escape(finding.message + path)}\n")
    return "".join(out)


def escape(text: str, value: bool = False) -> str:
    """Text as workflow commands want it; a value between commas needs more."""
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *(((":", "%3A"), (",", "%2C")) if value else ())):
        text = text.replace(char, code)
    return text


def sarif(findings: Iterable[Finding], sources: Sources) -> str:
    """A SARIF 2.1.0 log, for code scanning."""
    results: list[dict[str, Any]] = []
    for finding in findings:
        result: dict[str, Any] = {
            "ruleId": f"morestack/{finding.rule}",
            "level": "error",
            "message": {"text": finding.message},
            "properties": {"bytes": finding.value, "allowed": finding.most},
        }
        place = place_of(finding, sources)
        if place:
            result["locations"] = [location(*place)]
        if finding.path:
            steps = []
            for frame in finding.path:
                file = sources.relative(frame.file) if frame.file else None
                where = location(file, frame.line) if file else {}
                where["message"] = {"text": f"{frame.function} ({frame.frame_bytes or 0:,} bytes)"}
                steps.append({"location": where})
            result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        results.append(result)
    rules = [{"id": f"morestack/{k}", "shortDescription": {"text": v}} for k, v in RULES.items()]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "morestack", "version": __version__, "rules": rules}},
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def location(file: str, line: int) -> dict[str, Any]:
    """A place as SARIF has it."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": file, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(line, 1)},
        }
    }
