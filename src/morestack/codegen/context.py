"""State that the functions of one LLVM module share: symbols, declarations, records and metadata blobs."""

from __future__ import annotations

from morestack.abi.metadata import ENTRY_MARK, FUNC_NO_PARAMS, FUNC_RUNTIME, FUNC_WRAPPER, LARGE_BITMAP, SITE_END
from morestack.codegen.convention import PARAMS, convention
from morestack.ir.module import Function, FunctionKind, Module, Pos
from morestack.llvm.text import cell_symbol, quote, text_bytes

PREFIX_TYPE = "{i64, i32, i32}"
RECORD_TYPE = "{i32, i32, i32, i32, i32, i32, i32}"
SITE_TYPE = "{i32, i32, i32, i32, i32}"
"""A function record; see docs/abi.md."""

_INTRINSICS = {
    "memcpy": "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1 immarg)",
    "memmove": "declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1 immarg)",
    "memset": "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1 immarg)",
}


def c_string(text: str) -> tuple[str, int]:
    """LLVM's literal for NUL-terminated UTF-8, and its length."""
    data = text.encode() + b"\0"
    return f'c"{text_bytes(data)}"', len(data)


def relative(target: str, base: str, base_offset: int = 0) -> str:
    """The i32 constant `target - (base + base_offset)`."""
    at = f"ptr {base}" if not base_offset else f"ptr getelementptr (i8, ptr {base}, i64 {base_offset})"
    return f"i32 trunc (i64 sub (i64 ptrtoint (ptr {target} to i64), i64 ptrtoint ({at} to i64)) to i32)"


_KIND_FLAGS = {
    FunctionKind.GO: 0,
    FunctionKind.MAIN: 0,
    FunctionKind.WRAPPER: FUNC_WRAPPER,
    FunctionKind.THUNK: FUNC_WRAPPER,
    FunctionKind.INIT: FUNC_WRAPPER,
    FunctionKind.ENTRY: FUNC_WRAPPER | FUNC_RUNTIME,
    FunctionKind.RUNTIME: FUNC_RUNTIME,
}


def flags_of(f: Function) -> int:
    """The function record flags of f itself."""
    return _KIND_FLAGS[f.kind] | (0 if f.params else FUNC_NO_PARAMS)


class ModuleContext:
    """Collects what functions ask for; `trailer` renders it."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.declared: dict[str, None] = {}
        self.data: list[str] = []
        self._functions: set[str] = set()
        self._data_symbols: set[str] = set()
        self._cells: set[str] = set()
        self._names: dict[str, str] = {}
        self._records: dict[tuple[str, int, str], str] = {}
        self._described: dict[str, tuple[Function, int, str]] = {}
        self._sites: dict[tuple[str, int, int, str], str] = {}
        self._blobs: dict[tuple[str, int, int], str] = {}
        self._bitmaps: dict[tuple[int, int], str] = {}
        self._masks: dict[bytes, str] = {}
        self.objects: dict[str, list[tuple[int, int]]] = {}
        """First word and number of words of each object with pointers in a function's frame."""
        self.defined: set[str] = set()

    # symbols

    def declare(self, text: str) -> None:
        self.declared[text] = None

    def use_intrinsic(self, name: str) -> None:
        self.declared[_INTRINSICS[name]] = None

    def function(self, name: str) -> str:
        """The entry of a goroutine function, for calling."""
        self._functions.add(name)
        return quote(name)

    def symbol(self, name: str) -> str:
        """The address of a function, a global, a type descriptor or an itab."""
        if name in self.module.functions:
            self._functions.add(name)
        else:
            self._data_symbols.add(name)
        return quote(name)

    def cell(self, name: str) -> str:
        """The pointer cell of a runtime function."""
        self._cells.add(name)
        return quote(cell_symbol(name))

    # records

    def name(self, text: str) -> str:
        """A NUL-terminated string."""
        known = self._names.get(text)
        if known is None:
            known = self._names[text] = f"@name.{len(self._names)}"
            literal, size = c_string(text)
            self.data.append(f"{known} = private constant [{size} x i8] {literal}, align 1")
        return known

    def function_record(self, f: Function, flags: int, file: str = "") -> str:
        """The function record of f; of its code from another file when one is given."""
        key = (f.name, flags, file)
        known = self._records.get(key)
        if known is None:
            known = self._records[key] = f"@func.{len(self._records)}"
            self._described[known] = f, flags, file
        return known

    def _describe(self, record: str, f: Function, flags: int, file: str) -> None:
        """Define a function record, after all functions: one that f is inlined in may ask for it before f's frame is
        laid out."""
        name = self.name(f.shown or f.body_of or f.name)
        line = f.pos.line if f.pos else 0
        file = file or (f.pos.file if f.pos else "")
        call = convention((r.type for r in f.params), f.results)
        self.data.append(
            f"{record} = private constant {RECORD_TYPE} {{{relative(name, record)}, "
            f"{relative(self.name(file), record)}, i32 {line}, i32 {flags}, "
            f"i32 {call.args}, i32 {call.area}, {self._object_table(record, f)}}}, align 8"
        )

    def _object_table(self, record: str, f: Function) -> str:
        """The field of a function record that refers to the table of the frame's objects: their words as bits (in
        frames of at most 64 words), their number, and their places."""
        ranges = self.objects.get(f.name)
        if not ranges:
            return "i32 0"
        table = f"{record}.objects"
        words = sum(((1 << n) - 1) << first for first, n in ranges) & (1 << 64) - 1
        places = ", ".join(f"i32 {w}" for pair in ranges for w in pair)
        self.data.append(
            f"{table} = private constant {{i64, i32, [{2 * len(ranges)} x i32]}} "
            f"{{i64 {words}, i32 {len(ranges)}, [{2 * len(ranges)} x i32] [{places}]}}, align 8"
        )
        return relative(table, record)

    def site(self, f: Function, pos: Pos | None, flags: int, used: int = 0) -> str:
        """The site record of a position in f, where the objects in the mask `used` are live. The compiler makes a
        package's init, but initial values of variables stand in files, and tracebacks show those."""
        caller = ""
        if pos is not None and pos.inlined is not None:
            caller = self.site(f, pos.inlined.call, flags)
            f = self.module.functions[pos.inlined.function]
            flags = flags_of(f)
        file = ""
        if f.kind is FunctionKind.INIT and pos is not None and f.pos is not None and pos.file != f.pos.file:
            file = pos.file
            flags &= ~FUNC_WRAPPER
        record = self.function_record(f, flags, file)
        line = (pos or f.pos or Pos("", 0, 0)).line
        key = (record, line, used, caller)
        known = self._sites.get(key)
        if known is None:
            known = self._sites[key] = f"@site.{len(self._sites)}"
            self.data.append(
                f"{known} = private constant {SITE_TYPE} {{{relative(record, known)}, i32 {line}, i32 {used}, "
                f"{relative(caller, known) if caller else 'i32 0'}, i32 {SITE_END}}}, align 8"
            )
        return known

    def bitmap(self, bits: int, words: int, flags: int) -> tuple[str, int]:
        """The i64 constant at -16 and the words field at -8 for a frame."""
        if words <= 64:
            return f"i64 {bits}", words | flags
        key = (bits, words)
        known = self._bitmaps.get(key)
        if known is None:
            known = self._bitmaps[key] = f"@bitmap.{len(self._bitmaps)}"
            size = -(-words // 8)
            data = "".join(f"\\{b:02X}" for b in bits.to_bytes(size, "little"))
            init = f'c"{data}"' if bits else "zeroinitializer"
            self.data.append(f"{known} = private constant [{size} x i8] {init}, align 1")
        return f"i64 ptrtoint (ptr {known} to i64)", words | flags | LARGE_BITMAP

    def mask(self, data: bytes) -> str:
        """Read-only bytes: which words of a global hold pointers."""
        known = self._masks.get(data)
        if known is None:
            known = self._masks[data] = f"@rootmask.{len(self._masks)}"
            text = "".join(f"\\{b:02X}" for b in data)
            self.data.append(f'{known} = private constant [{len(data)} x i8] c"{text}", align 1')
        return known

    def prefix(self, symbol: str, bits: int, words: int, site: str, flags: int) -> str:
        """The prefix clause of a continuation."""
        bitmap, count = self.bitmap(bits, words, flags)
        return f"prefix {PREFIX_TYPE} {{{bitmap}, i32 {count}, {relative(site, symbol)}}}"

    def entry_prefix(self, symbol: str, reg_bitmap: int, record: str) -> str:
        """The prefix clause of a function entry."""
        return f"prefix {PREFIX_TYPE} {{i64 {reg_bitmap}, i32 {ENTRY_MARK}, {relative(record, symbol)}}}"

    def blob(self, bits: int, words: int, site: str, flags: int = 0) -> str:
        """The "pc" of a place that panics, to which nothing returns."""
        key = (site, bits, words)
        known = self._blobs.get(key)
        if known is None:
            known = self._blobs[key] = f"@blob.{len(self._blobs)}"
            bitmap, count = self.bitmap(bits, words, flags)
            self.data.append(
                f"{known} = private constant {{i64, i32, i32, i64}} {{{bitmap}, i32 {count}, "
                f"{relative(site, known, 16)}, i64 0}}, align 16"
            )
        return f"getelementptr (i8, ptr {known}, i64 16)"

    def trailer(self) -> list[str]:
        """Declarations of the symbols that the module uses but does not define, and its private data."""
        out = list(self.declared)
        out.extend(f"{quote(cell_symbol(c))} = external hidden global ptr" for c in sorted(self._cells))
        for name in sorted(self._functions - self.defined):
            out.append(f"declare hidden preserve_nonecc void {quote(name)}{PARAMS}")
        for name in sorted(self._data_symbols - self._functions - self.defined):
            out.append(f"{quote(name)} = external hidden global i8")
        for record, (f, flags, file) in self._described.items():
            self._describe(record, f, flags, file)
        out.extend(self.data)
        out.append('!0 = !{!"branch_weights", i32 1048575, i32 1}')
        return out
