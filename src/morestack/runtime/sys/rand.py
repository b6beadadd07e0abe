"""Random numbers that need to be fast and hard to guess: for seeds of maps, starts of iterations, choices of select.

Each M has its own generator, so drawing a number needs no lock, and no number is drawn twice. A generator is a counter
whose values are scrambled by a folded multiplication (wyrand). The operating system provides its seed.

Rejected: one generator changed by atomics. Creating any map would wait for that one cache line.
"""

from morestack.dialect.machine import Ptr, export, i64, local, mul_hi, native, noinline, u32, u64
from morestack.runtime.sys.layout import G, M
from morestack.runtime.sys.os import nanotime

# Odd, with about as many ones as zeros: digits of the golden ratio and of e.
K0 = u64(0x9E37_79B9_7F4A_7C15)
K1 = u64(0xB7E1_5162_8AED_2A6B)
GRND_NONBLOCK = u32(1)


@native("getrandom")
def getrandom(buf: u64, length: u64, flags: u32) -> i64: ...


def fold(a: u64, b: u64) -> u64:
    """High half xor low half of the product."""
    return u64(mul_hi(a, b) ^ u64(a * b))


@noinline
def random_seed() -> u64:
    """A nonzero random number from the operating system, or the clock if it provides none."""
    seed = local(u64)
    if getrandom(seed.addr, u64(8), GRND_NONBLOCK) != 8:
        seed[0] = u64(nanotime())
    return u64(seed[0] | 1)


def fastrand(m: Ptr[M]) -> u64:
    """A random number."""
    x = m.at.rand
    if x == 0:
        x = random_seed()
    x = u64(x + K0)
    m.at.rand = x
    return fold(x, u64(x ^ K1))


@export
def random(g: Ptr[G]) -> u64:
    """A random number, for Go's packages."""
    return fastrand(g.at.m)


def fastrand_below(m: Ptr[M], n: u64) -> u64:
    """A random number below n."""
    return mul_hi(fastrand(m), n)
