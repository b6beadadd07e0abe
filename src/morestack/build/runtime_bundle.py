"""The runtime as objects: compiled once per compiler version and machine, then read from the cache.

A bundle is the runtime's object, the stubs' object, and the names of the runtime's cells in the order of its
`dialect.table`; with the names cached, a run needs neither the dialect's compiler nor the runtime's sources.
What is Go in the runtime is a package like others (golib/runtime).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from morestack.build import store
from morestack.build.package import without_collector
from morestack.llvm.target import host


@dataclass(frozen=True, slots=True)
class Bundle:
    """What every program links with."""

    runtime: bytes
    stubs: bytes
    cells: tuple[str, ...]

    def pack(self) -> bytes:
        """As one payload: a line of JSON, then the objects."""
        head = json.dumps({"runtime": len(self.runtime), "cells": self.cells})
        return head.encode() + b"\n" + self.runtime + self.stubs

    @classmethod
    def unpack(cls, payload: bytes) -> Bundle:
        head, _, objects = payload.partition(b"\n")
        facts = json.loads(head)
        split = facts["runtime"]
        return cls(objects[:split], objects[split:], tuple(facts["cells"]))


def runtime_bundle(progress: Callable[[str], None]) -> Bundle:
    """The bundle for this machine, compiled when the cache has none."""
    key = store.digest("runtime", store.compiler(), host())
    return Bundle.unpack(store.kept(key, lambda: _compile(progress).pack()))


def _compile(progress: Callable[[str], None]) -> Bundle:
    """Compile the runtime."""
    # a cached start does without the dialect's compiler and the runtime's sources
    from morestack.codegen.stubs import emit_stubs
    from morestack.dialect.lower import compile_modules, table_of
    from morestack.llvm.objects import emit_object
    from morestack.llvm.passes import Passes
    from morestack.runtime import modules

    progress("compiling the runtime (once)")
    live = modules()
    with without_collector():
        return Bundle(
            emit_object(compile_modules(live), Passes.FULL, here=True),
            emit_object(emit_stubs(), Passes.FULL, here=True),
            table_of(live).cells,
        )
