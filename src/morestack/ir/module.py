"""Modules, functions, blocks, instructions and their operands.

A function is a control-flow graph over *mutable registers*: any instruction may write any register, any
number of times (no SSA, no phi: LLVM's mem2reg makes SSA within a segment, and liveness is what frames
need). A register holds a value of any IR type. Variables whose address is taken live in frame objects or
on the heap. Rejected: SSA with phis, which continuation splitting would have to take apart again.

Every block ends in exactly one terminator, its last instruction. Evaluation order is instruction order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from morestack.ir.ops import Bounds
from morestack.ir.runtime_calls import RUNTIME_CALLS, RuntimeCall
from morestack.ir.types import PTR, Array, IRType, Scalar, Struct

if TYPE_CHECKING:
    from morestack.ir.ops import Op
    from morestack.types.core.types import Type


class Pos(NamedTuple):
    """A source place: for tracebacks, reports and messages."""

    file: str
    line: int
    col: int
    inlined: Inlined | None = None


class Inlined(NamedTuple):
    """A place is in a copy of the function named `function`, made instead of the call at `call`."""

    function: str
    call: Pos


class FunctionKind(Enum):
    """What a function is to tracebacks and to the passes."""

    GO = "go"  # written in the program
    MAIN = "main"  # main.main: it keeps its frame
    WRAPPER = "wrapper"  # compiler-made, hidden: for a method value, an embedded method, an interface's method
    THUNK = "thunk"  # compiler-made, hidden: the call of a go or defer statement
    INIT = "init"  # a package's init: hidden, except for its variables' initial values
    ENTRY = "entry"  # compiler-made, hidden: starts the program
    RUNTIME = "runtime"  # package runtime's own, in Go: hidden

    @property
    def is_wrapper(self) -> bool:
        """Whether the compiler made the function: `recover` and tracebacks look past it."""
        return self in _WRAPPERS


_WRAPPERS = frozenset((FunctionKind.WRAPPER, FunctionKind.THUNK, FunctionKind.INIT, FunctionKind.ENTRY))


class Leaf(NamedTuple):
    """What is known of a leaf function: one that runs on the thread's own stack."""

    can_panic: bool
    inline: bool  # small enough that LLVM is told to inline it
    allocates: bool
    frame: int  # bytes of the thread's stack that it and its callees take at most
    depth: int  # calls below it, itself included


@dataclass(eq=False, slots=True)
class Reg:
    """A virtual register; `name` is the Go variable it stands for, or empty."""

    id: int
    type: IRType
    name: str = ""

    def __repr__(self) -> str:
        return f"%{self.id}" + (f".{self.name}" if self.name else "")


@dataclass(frozen=True, slots=True)
class Const:
    """A scalar constant: an int in the type's *unsigned* range (bool 0 or 1, ptr 0), or a Python float."""

    type: IRType
    value: int | float


@dataclass(frozen=True, slots=True)
class Sym:
    """The address of a global, type descriptor (`type.<T>`), itab (`itab.<T>,<I>`) or function code."""

    name: str

    @property
    def type(self) -> IRType:
        return PTR


Operand: TypeAlias = Reg | Const | Sym


@dataclass(eq=False, slots=True)
class Object:
    """A frame object: memory in the function's own frame, for variables whose address is taken but does
    not escape. Contents are undefined until stored to; the builder clears what Go says is zero."""

    id: int
    type: IRType
    name: str = ""

    def __repr__(self) -> str:
        return f"${self.id}" + (f".{self.name}" if self.name else "")


class Signature(NamedTuple):
    """What an indirect call passes and gets."""

    params: tuple[IRType, ...]
    results: tuple[IRType, ...]


Immediate: TypeAlias = "int | str | Object | IRType | Bounds | Signature | tuple[int, ...] | None"
"""The values of `Instr.aux`; which of them an op has, its `Aux` says."""


@dataclass(eq=False, slots=True)
class Instr:
    """One instruction. `aux` is the op's immediate; `targets` are the successors of a terminator.

    The properties give the immediate as the type that the op's `Aux` says. To ask one op for the immediate of another
    is a mistake of ours and raises AssertionError.
    """

    op: Op
    dst: tuple[Reg, ...] = ()
    args: tuple[Operand, ...] = ()
    aux: Immediate = None
    targets: tuple[Block, ...] = ()
    pos: Pos | None = None

    @property
    def number(self) -> int:
        """The field of EXTRACT and INSERT; the bytes of OFFSET; the size of an element of INDEX."""
        aux = self.aux
        assert isinstance(aux, int)
        return aux

    @property
    def object(self) -> Object:
        """The frame object of ADDR."""
        aux = self.aux
        assert isinstance(aux, Object)
        return aux

    @property
    def memory_type(self) -> IRType:
        """What MOVE copies, or CLEAR clears."""
        aux = self.aux
        assert isinstance(aux, Scalar | Struct | Array)
        return aux

    @property
    def bounds(self) -> Bounds:
        """The kind of a BOUNDS check."""
        aux = self.aux
        assert isinstance(aux, Bounds)
        return aux

    @property
    def callee(self) -> str:
        """The function that CALL and TAIL_CALL name."""
        aux = self.aux
        assert isinstance(aux, str)
        return aux

    @property
    def runtime_call(self) -> RuntimeCall:
        """The runtime function that RT calls."""
        aux = self.aux
        assert isinstance(aux, str)
        return RUNTIME_CALLS[aux]

    @property
    def signature(self) -> Signature:
        """What an indirect call passes and gets."""
        aux = self.aux
        assert isinstance(aux, Signature)
        return aux

    @property
    def cases(self) -> tuple[int, ...]:
        """The values of SWITCH, one for each target but the last."""
        aux = self.aux
        assert isinstance(aux, tuple) and not isinstance(aux, Bounds | Signature)
        return aux


@dataclass(eq=False, slots=True)
class Block:
    """A basic block; `id` is unique in its function."""

    id: int
    instrs: list[Instr] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"b{self.id}"


@dataclass(eq=False, slots=True)
class Function:
    """`blocks[0]` is the entry. `params` are registers, written on entry.

    A function that is the code of a closure has `context` set: a register that holds the address of the
    closure object {code, captures...} on entry. Every function can be called through a closure.
    """

    name: str
    params: list[Reg] = field(default_factory=list)
    results: list[IRType] = field(default_factory=list)
    context: Reg | None = None
    regs: list[Reg] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    pos: Pos | None = None
    pragmas: tuple[str, ...] = ()
    kind: FunctionKind = FunctionKind.GO
    local: bool = False  # other modules that need it make one of their own
    leaf: Leaf | None = None  # set by the pass find_leaves
    shown: str = ""  # the name that tracebacks print, when it is not `name`
    body_of: str = ""  # the function whose early exits this one lacks (opt/early_exits.py)
    has_defer: bool = False
    result_objects: list[Object | None] = field(default_factory=list)
    """With `has_defer`: where each result lives, so that a recovered panic can return it."""

    def instructions(self) -> Iterator[Instr]:
        """All instructions, block by block."""
        for b in self.blocks:
            yield from b.instrs

    def reg(self, type: IRType, name: str = "") -> Reg:
        """A new register."""
        r = Reg(len(self.regs), type, name)
        self.regs.append(r)
        return r

    def object(self, type: IRType, name: str = "") -> Object:
        """A new frame object."""
        o = Object(len(self.objects), type, name)
        self.objects.append(o)
        return o

    def single_objects(self) -> frozenset[Object]:
        """The objects that only one instruction, an ADDR, names: there each round of a loop has a new one."""
        named = Counter(i.aux for b in self.blocks for i in b.instrs if isinstance(i.aux, Object))
        return frozenset(o for o, n in named.items() if n == 1)

    def block(self) -> Block:
        """A new block, appended."""
        b = Block(len(self.blocks))
        self.blocks.append(b)
        return b


@dataclass(eq=False, slots=True)
class Global:
    """Static data. `data` is the initial contents, zero-extended to the type's size; `relocs` put addresses
    at offsets."""

    name: str
    type: IRType
    data: bytes = b""
    relocs: tuple[tuple[int, Sym], ...] = ()
    readonly: bool = False


@dataclass(eq=False, slots=True)
class Module:
    """One Go package (or generated unit) in IR."""

    name: str
    functions: dict[str, Function] = field(default_factory=dict)
    globals: dict[str, Global] = field(default_factory=dict)
    go_types: dict[str, Type] = field(default_factory=dict)
    """Type descriptors wanted: symbol `type.<string>` to the Go type. Codegen adds those they refer to."""
    itabs: dict[str, tuple[Type, Type]] = field(default_factory=dict)
    """Itabs wanted: symbol `itab.<T>,<I>` to (concrete type, interface type)."""
    methods: dict[str, list[MethodEntry]] = field(default_factory=dict)
    """Method set of each described type (by symbol), sorted by name: what itabs and reflection call."""


class MethodEntry(NamedTuple):
    """A method of a described type: `code` takes the receiver as an interface's data word."""

    name: str  # exported or not; unexported ones are qualified by `pkg`
    pkg: str
    type: Type  # signature without receiver
    code: str  # symbol
