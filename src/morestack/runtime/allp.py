"""All processors."""

from morestack.dialect.machine import Array, Literal, Ptr, static, u64
from morestack.runtime.layout import P

allp = static(Array[Ptr[P], Literal[256]])
"""All processors ever made: the first GOMAXPROCS are in use."""
allp_n = static(u64)
