"""Paths written for other tools: `go tool pprof`, flame graph scripts, speedscope, a browser."""

from __future__ import annotations

from collections.abc import Callable

from morestack.profile.formats.folded import folded
from morestack.profile.formats.html import html
from morestack.profile.formats.pprof import pprof
from morestack.profile.formats.speedscope import speedscope
from morestack.profile.paths import PathSet

FORMATS: dict[str, Callable[[PathSet], bytes]] = {
    "pprof": pprof,
    "folded": folded,
    "speedscope": speedscope,
    "html": html,
}
"""Each format by the name that `--format` takes."""
