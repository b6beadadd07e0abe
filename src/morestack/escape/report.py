"""The decisions as text, as `go build -gcflags='-m -l'` prints them, and as JSON."""

from __future__ import annotations

import json

from morestack.escape.explain import sentences
from morestack.escape.result import EscapeResult


def report(result: EscapeResult, explain: bool = False) -> str:
    """One message a line, in gc's order; with `explain`, each escape is followed by its path in words."""
    lines: list[str] = []
    reasons = {(r.span.file.path, r.span.start): r for r in result.reasons.values()}
    told: set[tuple[str, int]] = set()
    for m in result.messages:
        lines.append(str(m))
        place = (m.span.file.path, m.span.start)
        reason = reasons.get(place)
        if explain and reason is not None and place not in told and not m.stays:
            told.add(place)
            lines.extend("\t" + line for line in sentences(reason))
    return "".join(line + "\n" for line in lines)


def to_json(result: EscapeResult) -> str:
    """The messages and the reasons, as a JSON array sorted by position."""
    reasons = {(r.span.file.path, r.span.start): r for r in result.reasons.values()}
    items: list[dict[str, object]] = []
    for m in sorted(result.messages, key=lambda m: (m.span.file.path, m.span.start)):
        reason = reasons.get((m.span.file.path, m.span.start))
        item: dict[str, object] = {
            "file": m.span.file.path,
            "line": m.span.line,
            "column": m.span.col,
            "message": m.text,
        }
        if reason is not None:
            item["path"] = [
                {
                    "dst": s.dst,
                    "src": s.src,
                    "derefs": s.derefs,
                    "by": [{"at": str(span), "code": text, "why": why} for span, text, why in s.notes],
                }
                for s in reason.steps
            ]
        items.append(item)
    return json.dumps(items, indent=1)
