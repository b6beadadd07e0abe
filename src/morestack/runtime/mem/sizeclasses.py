"""Size classes of small objects: Go's table, so that append computes the same capacities as Go.

The sizes, in units of 8 bytes, and pages of a span are literals of two bytes and one byte a class; the tables from size
to class are built once at start.
"""

from morestack.dialect.machine import Array, Literal, boolean, cstr, static, struct, u8, u32, u64

NUM_CLASSES = u64(68)
MAX_SMALL = u64(32768)
SMALL_MAX = u64(1024)
HEADER = u64(8)
MIN_FOR_HEADER = u64(512)
PAGE = u64(8192)


@struct
class SizeClasses:
    """Class to size and pages; (size + 7) / 8 to class up to 1024, (size - 1024 + 127) / 128 above."""

    size: Array[u32, Literal[68]]
    pages: Array[u8, Literal[68]]
    class8: Array[u8, Literal[136]]
    class128: Array[u8, Literal[256]]


size_classes = static(SizeClasses)


def sizeclasses_init() -> None:
    """Build the tables."""
    sizes = cstr(
        b"\x00\x00\x01\x00\x02\x00\x03\x00\x04\x00\x06\x00\x08\x00\x0a\x00\x0c\x00\x0e\x00\x10\x00\x12\x00"
        b"\x14\x00\x16\x00\x18\x00\x1a\x00\x1c\x00\x1e\x00\x20\x00\x24\x00\x28\x00\x2c\x00\x30\x00\x34\x00"
        b"\x38\x00\x3c\x00\x40\x00\x48\x00\x50\x00\x58\x00\x60\x00\x70\x00\x80\x00\x90\x00\xa0\x00\xb0\x00"
        b"\xc0\x00\xe0\x00\x00\x01\x20\x01\x50\x01\x80\x01\x90\x01\xb0\x01\x00\x02\x60\x02\xa0\x02\x00\x03"
        b"\x30\x03\x50\x03\x60\x03\x00\x04\xa0\x04\xc0\x04\x00\x05\x50\x05\x00\x06\xa0\x06\x00\x07\x00\x08"
        b"\x00\x09\x50\x09\x00\x0a\xa0\x0a\x00\x0c\x50\x0d\x00\x0e\x00\x10"
    )
    pages = cstr(
        b"\x00\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01"
        b"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x02\x01\x02\x01\x02\x01\x03\x02\x03\x01\x03\x02\x03"
        b"\x04\x05\x06\x01\x07\x06\x05\x04\x03\x05\x07\x02\x09\x07\x05\x08\x03\x0a\x07\x04"
    )
    for c in range(NUM_CLASSES):
        low = u32(sizes[c * 2])
        high = u32(sizes[c * 2 + 1])
        size_classes.at.size[c] = u32((low | high << 8) * 8)
        size_classes.at.pages[c] = pages[c]
    c8 = u64(0)
    for i in range(u64(129)):
        while u64(size_classes.at.size[c8]) < i * 8:
            c8 = u64(c8 + 1)
        size_classes.at.class8[i] = u8(c8)
    for i in range(u64(249)):
        while u64(size_classes.at.size[c8]) < SMALL_MAX + i * 128:
            c8 = u64(c8 + 1)
        size_classes.at.class128[i] = u8(c8)


def class_of(size: u64) -> u64:
    """The class of a small size."""
    if size <= SMALL_MAX - 8:
        return u64(size_classes.at.class8[(size + 7) >> 3])
    return u64(size_classes.at.class128[(size - SMALL_MAX + 127) >> 7])


def roundupsize(size: u64, noscan: boolean) -> u64:
    """The size of the block that holds `size` bytes, without Go's malloc header for large objects with pointers."""
    if size <= MAX_SMALL - HEADER:
        extra = HEADER if not noscan and size > MIN_FOR_HEADER else u64(0)
        return u64(u64(size_classes.at.size[class_of(u64(size + extra))]) - extra)
    rounded = u64(size + PAGE - 1)
    if rounded < size:
        return size
    return u64(rounded & ~(PAGE - 1))
