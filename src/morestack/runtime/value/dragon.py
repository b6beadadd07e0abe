"""The shortest decimal digits that read back as a given binary float, exactly.

The free-format algorithm of Steele & White, in the form of Burger & Dybvig (PLDI 1996): v = r / s, and m_plus / s,
m_minus / s are half the gaps to the neighbours; digits are produced until the remainder lies within a gap. All four are
big natural numbers of 32-bit limbs, least significant first.

The work space is static and takes 1.8 KB. It belongs to the thread that holds the print lock (print.py).

Rejected: libc's ecvt_r, whose digits are wrong from 17 places on; Ryu, because it needs 10 KB of tables that only print
would use.
"""

from morestack.dialect.machine import (
    Array,
    Literal,
    Ptr,
    bit_length,
    boolean,
    f64,
    i64,
    ptr_to,
    static,
    struct,
    u8,
    u32,
    u64,
)  # fmt: skip


@struct
class Big:
    """A natural number: n limbs."""

    n: u64
    limb: Array[u32, Literal[80]]


@struct
class Dragon:
    """Work space and result: digits (values 0..9), their count, and the point: 0.d1d2... * 10^point."""

    r: Big
    s: Big
    m_plus: Big
    m_minus: Big
    sum: Big
    digits: Array[u8, Literal[24]]
    count: u64
    point: i64


dragon = static(Dragon)


def big_set(b: Ptr[Big], v: u64, shift: u64) -> None:
    """b = v << shift."""
    for i in range(80):
        b.at.limb[i] = u32(0)
    word = u64(shift >> 5)
    bit = u64(shift & 31)
    low = u64(v & 0xFFFF_FFFF) << bit
    high = u64(v >> 32) << bit
    b.at.limb[word] = u32(low)
    mid = u64((low >> 32) + (high & 0xFFFF_FFFF))
    b.at.limb[u64(word + 1)] = u32(mid)
    b.at.limb[u64(word + 2)] = u32((mid >> 32) + (high >> 32))
    b.at.n = u64(word + 3)
    trim(b)


def trim(b: Ptr[Big]) -> None:
    """Drop leading zero limbs."""
    n = b.at.n
    while n != 0 and b.at.limb[u64(n - 1)] == 0:
        n = u64(n - 1)
    b.at.n = n


def big_mul(b: Ptr[Big], k: u64) -> None:
    """b *= k, for small k."""
    carry = u64(0)
    for i in range(b.at.n):
        carry = u64(carry + u64(b.at.limb[i]) * k)
        b.at.limb[i] = u32(carry)
        carry = u64(carry >> 32)
    if carry != 0:
        b.at.limb[b.at.n] = u32(carry)
        b.at.n = u64(b.at.n + 1)


def big_compare(a: Ptr[Big], b: Ptr[Big]) -> i64:
    """Below 0, 0 or above 0 as a < b, a == b, a > b."""
    if a.at.n != b.at.n:
        return i64(-1) if a.at.n < b.at.n else i64(1)
    i = a.at.n
    while i != 0:
        i = u64(i - 1)
        if a.at.limb[i] != b.at.limb[i]:
            return i64(-1) if a.at.limb[i] < b.at.limb[i] else i64(1)
    return i64(0)


def big_sub(a: Ptr[Big], b: Ptr[Big]) -> None:
    """a -= b. Requires: a >= b."""
    borrow = i64(0)
    for i in range(a.at.n):
        d = i64(i64(a.at.limb[i]) + borrow)
        if i < b.at.n:
            d = i64(d - i64(b.at.limb[i]))
        borrow = i64(0)
        if d < 0:
            d = i64(d + 0x1_0000_0000)
            borrow = i64(-1)
        a.at.limb[i] = u32(d)
    trim(a)


def big_sum(a: Ptr[Big], b: Ptr[Big], out: Ptr[Big]) -> None:
    """out = a + b."""
    n = a.at.n if a.at.n > b.at.n else b.at.n
    carry = u64(0)
    for i in range(n):
        if i < a.at.n:
            carry = u64(carry + u64(a.at.limb[i]))
        if i < b.at.n:
            carry = u64(carry + u64(b.at.limb[i]))
        out.at.limb[i] = u32(carry)
        carry = u64(carry >> 32)
    out.at.limb[n] = u32(carry)
    out.at.n = u64(n + 1)
    trim(out)


def scale(mantissa: u64, exponent: i64, lowest: boolean) -> None:
    """Set r, s and the gaps for mantissa * 2^exponent; `lowest`: the gap below is half as wide."""
    r = ptr_to(dragon.at.r)
    s = ptr_to(dragon.at.s)
    plus = ptr_to(dragon.at.m_plus)
    minus = ptr_to(dragon.at.m_minus)
    extra = u64(1) if lowest else u64(0)
    if exponent >= 0:
        e = u64(exponent)
        big_set(r, mantissa, u64(e + 1 + extra))
        big_set(s, u64(2), extra)
        big_set(plus, u64(1), u64(e + extra))
        big_set(minus, u64(1), e)
    else:
        big_set(r, mantissa, u64(1 + extra))
        big_set(s, u64(1), u64(u64(0 - exponent) + 1 + extra))
        big_set(plus, u64(1), extra)
        big_set(minus, u64(1), u64(0))
    guess = f64(i64(exponent + i64(bit_length(mantissa)) - 1)) * 0.30102999566398114 - 1e-10
    k = i64(guess)
    if f64(k) < guess:
        k = i64(k + 1)
    dragon.at.point = k
    while k > 0:
        big_mul(s, u64(10))
        k = i64(k - 1)
    while k < 0:
        times_ten()
        k = i64(k + 1)


def times_ten() -> None:
    """Advance by one digit."""
    big_mul(ptr_to(dragon.at.r), u64(10))
    big_mul(ptr_to(dragon.at.m_plus), u64(10))
    big_mul(ptr_to(dragon.at.m_minus), u64(10))


def shortest(mantissa: u64, exponent: i64, lowest: boolean) -> None:
    """Find the digits of mantissa * 2^exponent, which is greater than 0."""
    scale(mantissa, exponent, lowest)
    r = ptr_to(dragon.at.r)
    s = ptr_to(dragon.at.s)
    total = ptr_to(dragon.at.sum)
    # A value exactly at the edge of the gap reads back only if the mantissa is even.
    tie = i64(0) if mantissa & 1 == 0 else i64(1)
    big_sum(r, ptr_to(dragon.at.m_plus), total)
    if big_compare(total, s) >= tie:
        dragon.at.point = i64(dragon.at.point + 1)
    else:
        times_ten()
    n = u64(0)
    going = True
    while going:
        digit = u64(0)
        while big_compare(r, s) >= 0:
            big_sub(r, s)
            digit = u64(digit + 1)
        low = big_compare(r, ptr_to(dragon.at.m_minus)) <= i64(0 - tie)
        big_sum(r, ptr_to(dragon.at.m_plus), total)
        high = big_compare(total, s) >= tie
        if low or high:
            going = False
            up = high
            if low and high:
                big_sum(r, r, total)
                up = big_compare(total, s) >= 0
            if up:
                digit = u64(digit + 1)
        else:
            times_ten()
        dragon.at.digits[n] = u8(digit)
        n = u64(n + 1)
    dragon.at.count = n
