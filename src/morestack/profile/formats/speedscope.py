"""Paths as a file of speedscope's (www.speedscope.app; also read by other viewers): a sampled profile a value type."""

from __future__ import annotations

import json

from morestack.process.model import Frame
from morestack.profile.paths import PathSet

UNITS = {"bytes": "bytes", "nanoseconds": "nanoseconds", "microseconds": "microseconds"}


def speedscope(paths: PathSet) -> bytes:
    """The file's bytes."""
    numbers: dict[tuple[str, str, int], int] = {}
    frames: list[dict[str, str | int]] = []

    def number(frame: Frame) -> int:
        key = (frame.function, frame.file, frame.line)
        known = numbers.get(key)
        if known is None:
            known = numbers[key] = len(frames)
            entry: dict[str, str | int] = {"name": frame.function}
            if frame.file:
                entry |= {"file": frame.file, "line": frame.line}
            frames.append(entry)
        return known

    stacks = [([number(f) for f in reversed(path)], values) for path, values in paths.rows.items()]
    profiles = []
    for i, kind in enumerate(paths.types):
        shown = [(stack, values[i]) for stack, values in stacks if values[i] > 0]
        profiles.append(
            {
                "type": "sampled",
                "name": kind.name,
                "unit": UNITS.get(kind.unit, "none"),
                "startValue": 0,
                "endValue": sum(weight for _, weight in shown),
                "samples": [stack for stack, _ in shown],
                "weights": [weight for _, weight in shown],
            }
        )
    document = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "morestack",
        "name": paths.title,
        "activeProfileIndex": paths.default,
        "shared": {"frames": frames},
        "profiles": profiles,
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
