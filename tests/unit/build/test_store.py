"""The object cache holds what was stored, and treats anything damaged as absent."""

import multiprocessing
from pathlib import Path

import pytest

from morestack.build import store as cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MORESTACK_CACHE", str(tmp_path))
    return tmp_path


def entry(folder: Path) -> Path:
    (path,) = folder.glob("??/*.o")
    return path


def test_round_trip() -> None:
    key = cache.digest("a", b"b")
    assert cache.load(key) is None
    cache.store(key, b"object")
    assert cache.load(key) == b"object"


def test_boundaries_are_part_of_the_key() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc")


@pytest.mark.parametrize("damage", [b"", b"morestack object 1\n", b"x" * 400])
def test_damage_reads_as_absent(folder: Path, damage: bytes) -> None:
    key = cache.digest("a")
    cache.store(key, b"object" * 50)
    entry(folder).write_bytes(damage)
    assert cache.load(key) is None
    cache.store(key, b"again")
    assert cache.load(key) == b"again"


def test_a_flipped_bit_reads_as_absent(folder: Path) -> None:
    key = cache.digest("a")
    cache.store(key, b"object" * 50)
    data = bytearray(entry(folder).read_bytes())
    data[-7] ^= 1
    entry(folder).write_bytes(data)
    assert cache.load(key) is None


def test_unwritable_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("MORESTACK_CACHE", str(blocked))
    cache.store(cache.digest("a"), b"object")
    assert cache.load(cache.digest("a")) is None


def write_many(key: str, payload: bytes) -> None:
    for _ in range(50):
        cache.store(key, payload)
        assert cache.load(key) is not None


def test_concurrent_writers_never_show_a_torn_file() -> None:
    key = cache.digest("a")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=write_many, args=(key, bytes([n]) * 10_000)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(worker.exitcode == 0 for worker in workers)
    payload = cache.load(key)
    assert payload is not None and len(set(payload)) == 1


def test_trim_removes_the_oldest(folder: Path) -> None:
    import os

    for n in range(4):
        cache.store(cache.digest(str(n)), b"x" * 1000)
        os.utime(cache._path(cache.digest(str(n))), (n, n))
    size = entry_size = next(folder.glob("??/*.o")).stat().st_size
    assert cache.trim(2 * size) == 2 * entry_size
    assert cache.load(cache.digest("0")) is None
    assert cache.load(cache.digest("3")) is not None
