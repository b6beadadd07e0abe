"""Executables built by Go's own compiler: functions, lines, inlining, stack frames; ELF, Mach-O and PE."""

from morestack.binary.errors import BinaryError
from morestack.binary.file import Binary, open_binary
from morestack.binary.pclntab import Func, InlineFrame, Pclntab
from morestack.binary.pctable import PcTable

__all__ = ["Binary", "BinaryError", "Func", "InlineFrame", "PcTable", "Pclntab", "open_binary"]
