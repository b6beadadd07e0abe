"""Reading another process's memory and stopping it, on a Python process that sleeps."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from morestack.process.errors import MemoryGone, ProcessError
from morestack.process.memory import AddressSpace, Mapping, ProcessMemory, parse_maps, refusal
from morestack.process.stop import stopped


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_gather_marks_what_is_not_there() -> None:
    page = mmap.PAGESIZE
    area = mmap.mmap(-1, 3 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    area[:8], area[page : page + 8] = b"12345678", b"abcdefgh"
    memory = ProcessMemory(os.getpid())
    addresses = np.array([start, 16, start + page, 24, 32], np.uint64)
    got = memory.gather(addresses, np.array([8, 8, 8, 8, 0], np.int64))
    assert got.good.tolist()[:4] == [True, False, True, False]
    assert bytes(got.data[:8]) == b"12345678"
    assert bytes(got.data[16:24]) == b"abcdefgh"
    memory._vectored = False
    again = memory.gather(addresses[:4], np.full(4, 8, np.int64))
    assert again.good.tolist() == [True, False, True, False]
    assert (again.data[:8] == got.data[:8]).all()
    with pytest.raises(MemoryGone):
        memory.read(16, 8)
    memory.close()


def test_more_ranges_than_one_call_takes() -> None:
    words = np.arange(5000, dtype=np.uint64)
    base = words.ctypes.data
    memory = ProcessMemory(os.getpid())
    addresses = (base + 8 * np.arange(5000)).astype(np.uint64)
    addresses[1500] = 16
    got = memory.gather(addresses, np.full(5000, 8, np.int64))
    memory.close()
    expected = np.ones(5000, np.bool_)
    expected[1500] = False
    assert (got.good == expected).all()
    assert (got.data.view(np.uint64)[got.good] == words[got.good]).all()


def test_maps_and_what_is_writable() -> None:
    text = "00400000-00401000 r-xp 00001000 fd:00 12 /usr/bin/a b\n7f0000000000-7f0000002000 rw-p 0 00:00 0 \n"
    mappings = parse_maps(text)
    assert mappings[0] == Mapping(0x400000, 0x401000, 0x1000, "r-xp", "/usr/bin/a b")
    space = AddressSpace(mappings)
    found = space.writable(np.array([0x400000, 0x7F0000001FFF, 0x7F0000002000], np.uint64))
    assert found.tolist() == [False, True, False]
    assert space.find(0x400FFF) is mappings[0]
    assert space.find(0x401000) is None


def test_no_such_process() -> None:
    with pytest.raises(ProcessError, match="there is no process 4194305"):
        ProcessMemory(4194305)


def test_a_refusal_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: "1\n")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    text = str(refusal(os.getpid(), PermissionError(13, "Permission denied")))
    assert "CAP_SYS_PTRACE" in text
    assert "ptrace_scope is 1" in text
    assert f"belongs to user {os.getuid()}" in text


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_threads_stand_still_and_go_on(sleeper: subprocess.Popen[bytes]) -> None:
    time.sleep(0.2)
    with stopped(sleeper.pid) as threads:
        assert [thread.tid for thread in threads] == [sleeper.pid]
        assert threads[0].sp > 4096
        assert state(sleeper.pid) == "t"
    assert state(sleeper.pid) != "t"
    assert sleeper.poll() is None


def test_an_error_inside_lets_threads_go(sleeper: subprocess.Popen[bytes]) -> None:
    with pytest.raises(ZeroDivisionError), stopped(sleeper.pid):
        raise ZeroDivisionError
    assert state(sleeper.pid) != "t"


def test_a_program_that_is_not_gos(sleeper: subprocess.Popen[bytes]) -> None:
    from morestack.process.target import open_source

    with pytest.raises(ProcessError, match="cannot be read as a Go program"):
        open_source(str(sleeper.pid))
