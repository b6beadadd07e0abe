"""Collect the rows of many profiles into one Parquet file, here or on a Dask cluster.

Profiles are extracted in batches, by processes on this machine or by the cluster's workers (which must see the same
paths and have morestack installed), and go into a DuckDB table on disk as they come, so memory does not grow with the
fleet. Profiles that were skipped are told, and stand with the reason in the file's metadata.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from morestack.profile.errors import ProfileError, extra
from morestack.profile.fleet.rows import COLUMNS, UNKNOWN, Extracted, Version, extract

BATCH = 16
"""Profiles that a worker reads in one go."""
WAIT = 10
"""Seconds to wait for a cluster's scheduler."""
AHEAD = 4
"""Batches in work for each worker: enough to keep it busy, few enough to bound what waits here."""


@dataclass(slots=True)
class Collected:
    """What a collection did."""

    output: str
    files: int
    read: int = 0
    rows: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def find_files(patterns: Sequence[str]) -> list[str]:
    """The files that glob patterns name, each once; `**` stands for any folders."""
    found: dict[str, None] = {}
    for pattern in patterns:
        names = [pattern] if os.path.isfile(pattern) else sorted(glob.glob(pattern, recursive=True))
        found.update((name, None) for name in names if os.path.isfile(name))
    if not found:
        raise ProfileError(f"no file matches {' '.join(patterns)}")
    return list(found)


def parse_version(text: str) -> Version:
    """A binary as `--binary` gives it: a path, or NAME=PATH."""
    name, equals, path = text.partition("=")
    if not equals or os.path.exists(text):
        return Version(Path(text).name, text)
    return Version(name, path)


def collect(
    patterns: Sequence[str],
    versions: Sequence[Version],
    output: str,
    dask: str | None = None,
    jobs: int | None = None,
    progress: Callable[[int, int], None] = lambda done, all: None,
) -> Collected:
    """Write the rows of all profiles that match to a Parquet file."""
    duckdb = extra("duckdb", "fleet")
    extra("numpy", "inspect")
    files = find_files(patterns)
    if not os.path.isdir(os.path.dirname(output) or "."):
        raise ProfileError(f"cannot write {output}: its folder does not exist")
    for version in versions:
        if not os.path.isfile(version.binary):
            raise ProfileError(f"no binary {version.binary}")
    done = Collected(output, len(files))
    batches = [files[i : i + BATCH] for i in range(0, len(files), BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(os.path.join(folder, "rows.duckdb"))
        try:
            connection.execute(f"CREATE TABLE rows ({', '.join(f'{name} {kind}' for name, kind in COLUMNS)})")
            for part in extracted(batches, versions, dask, jobs):
                insert(connection, part)
                done.read += part.read
                done.rows += len(part)
                done.skipped += part.skipped
                progress(done.read + len(done.skipped), len(files))
            if done.read == 0:
                first = "; ".join(f"{name}: {reason}" for name, reason in done.skipped[:3])
                raise ProfileError(f"none of {len(files):,} files could be read: {first}")
            done.skipped.sort()
            write(connection, output, done)
        finally:
            connection.close()
    return done


def insert(connection: Any, part: Extracted) -> None:
    """Add a batch's columns to the table."""
    if not len(part):
        return
    import numpy as np

    kinds = {"VARCHAR": object, "DOUBLE": np.float64, "BOOLEAN": np.bool_}
    columns: dict[str, Any] = {name: np.array(part.columns[name], kinds.get(kind, np.int64)) for name, kind in COLUMNS}
    connection.register("part", columns)
    chosen = (f"NULLIF({n}, {UNKNOWN})" if k in ("BIGINT", "INTEGER") else n for n, k in COLUMNS)
    connection.execute(f"INSERT INTO rows SELECT {', '.join(chosen)} FROM part")
    connection.unregister("part")


def write(connection: Any, output: str, done: Collected) -> None:
    """Write the table to the file, whole or not at all."""
    skipped = json.dumps(done.skipped[:10_000])
    part = f"{output}.part"
    quoted = (text.replace("'", "''") for text in (part, skipped))
    try:
        connection.execute(
            "COPY (SELECT * REPLACE (to_timestamp(taken) AS taken) FROM rows ORDER BY taken, profile, path, depth) "
            "TO '{}' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{skipped: '{}'}})".format(*quoted)
        )
        os.replace(part, output)
    except Exception as error:
        raise ProfileError(f"cannot write {output}: {error}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(part)


def extracted(
    batches: list[list[str]], versions: Sequence[Version], dask: str | None, jobs: int | None
) -> Iterator[Extracted]:
    """Each batch's rows, in the order they are ready."""
    if dask is not None:
        yield from on_cluster(batches, versions, dask)
        return
    jobs = jobs or os.cpu_count() or 1
    if jobs == 1 or len(batches) == 1:
        yield from (extract(batch, versions) for batch in batches)
        return
    with ProcessPoolExecutor(min(jobs, len(batches)), get_context("spawn")) as pool:
        todo = iter(batches)
        waiting: set[Future[Extracted]] = set()
        while True:
            for batch in todo:
                waiting.add(pool.submit(extract, batch, versions))
                if len(waiting) >= jobs * AHEAD:
                    break
            if not waiting:
                return
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ready:
                yield future.result()


def on_cluster(batches: list[list[str]], versions: Sequence[Version], address: str) -> Iterator[Extracted]:
    """The same through a Dask cluster; what fails there is skipped with the reason."""
    distributed: Any = extra("distributed", "fleet")
    absolute = [Version(v.name, os.path.abspath(v.binary)) for v in versions]
    try:
        client = distributed.Client(address, timeout=WAIT)
    except (OSError, ValueError, TimeoutError) as error:
        raise ProfileError(f"cannot reach the Dask scheduler at {address}: {error}") from None
    with client:
        workers = max(len(client.scheduler_info().get("workers", {})), 1)
        todo = iter(batches)
        running: Any = distributed.as_completed()
        sent: dict[str, list[str]] = {}

        def send(batch: list[str]) -> None:
            future = client.submit(extract, [os.path.abspath(f) for f in batch], absolute, pure=False)
            sent[future.key] = batch
            running.add(future)

        for batch, _ in zip(todo, range(workers * AHEAD), strict=False):
            send(batch)
        for future in running:
            batch = sent.pop(future.key)
            try:
                yield named(future.result(), batch)
            except Exception as error:  # a worker that died, a file system it does not have
                yield Extracted(skipped=[(f, f"on the cluster: {type(error).__name__}: {error}") for f in batch])
            following = next(todo, None)
            if following is not None:
                send(following)


def named(part: Extracted, batch: list[str]) -> Extracted:
    """A batch's rows with the names the caller gave its files."""
    names = {os.path.abspath(f): f for f in batch}
    part.columns["profile"] = [names.get(f, f) for f in part.columns["profile"]]
    part.skipped = [(names.get(f, f), reason) for f, reason in part.skipped]
    return part
