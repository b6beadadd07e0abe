"""Modules, functions, blocks, instructions and their operands.

A function is a control-flow graph over *mutable registers*: any instruction may write any register, any number of
times. There is no SSA and no phi: LLVM's mem2reg constructs SSA within a segment, and the layout of frames needs only
liveness. A register holds a value of any IR type. Variables whose address is taken live in frame objects or on the
heap. Rejected: SSA with phis, which continuation splitting would have to undo.

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
    """A source position, for tracebacks, reports and messages."""

    file: str
    line: int
    col: int
    inlined: Inlined | None = None


class Inlined(NamedTuple):
    """Marks a position in a copy of the function named `function` that replaced the call at `call`."""

    function: str
    call: Pos


class FunctionKind(Enum):
    """The role of a function, for tracebacks and passes."""

    GO = "go"  # written in the program
    MAIN = "main"  # main.main, which keeps its frame
    WRAPPER = "wrapper"  # compiler-made, hidden: for a method value, embedded method or interface method
    THUNK = "thunk"  # compiler-made, hidden: the call of a go or defer statement
    INIT = "init"  # a package's init: hidden, except where it computes initial values of variables
    ENTRY = "entry"  # compiler-made, hidden: starts the program
    RUNTIME = "runtime"  # package runtime's own, in Go: hidden

    @property
    def is_wrapper(self) -> bool:
        """Whether the compiler made the function; `recover` and tracebacks skip such functions."""
        return self in _WRAPPERS


_WRAPPERS = frozenset((FunctionKind.WRAPPER, FunctionKind.THUNK, FunctionKind.INIT, FunctionKind.ENTRY))


class Leaf(NamedTuple):
    """Facts about a leaf function, that is, a function that runs on the thread's own stack."""

    can_panic: bool
    inline: bool  # so small that LLVM is told to inline it
    allocates: bool
    frame: int  # the most bytes of the thread's stack that it and its callees use
    depth: int  # the depth of calls, including itself


@dataclass(eq=False, slots=True)
class Reg:
    """A virtual register; `name` is the Go variable it holds, or empty."""

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
    """A frame object: memory in the function's own frame, for variables whose address is taken but does not escape.
    Its contents are undefined until the first store; the builder clears objects that Go defines to be zero."""

    id: int
    type: IRType
    name: str = ""

    def __repr__(self) -> str:
        return f"${self.id}" + (f".{self.name}" if self.name else "")


class Signature(NamedTuple):
    """The parameter and result types of an indirect call."""

    params: tuple[IRType, ...]
    results: tuple[IRType, ...]


Immediate: TypeAlias = "int | str | Object | IRType | Bounds | Signature | tuple[int, ...] | None"
"""The values of `Instr.aux`; the `Aux` of an op tells which of them the op takes."""


@dataclass(eq=False, slots=True)
class Instr:
    """One instruction. `aux` is the op's immediate; `targets` are the successors of a terminator.

    The properties return the immediate with the type that the op's `Aux` names. Asking an op for the immediate of
    another kind is a bug of ours and raises AssertionError.
    """

    op: Op
    dst: tuple[Reg, ...] = ()
    args: tuple[Operand, ...] = ()
    aux: Immediate = None
    targets: tuple[Block, ...] = ()
    pos: Pos | None = None

    @property
    def number(self) -> int:
        """The field number of EXTRACT and INSERT, the byte offset of OFFSET, or the element size of INDEX."""
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
        """The type of the memory that MOVE copies or CLEAR clears."""
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
        """The parameter and result types of an indirect call."""
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
    local: bool = False  # other modules that need it build their own copy
    leaf: Leaf | None = None  # set by the find_leaves pass
    shown: str = ""  # the name that tracebacks print, if it is not `name`
    body_of: str = ""  # the function that contains the early exits this function lacks (opt/early_exits.py)
    has_defer: bool = False
    result_objects: list[Object | None] = field(default_factory=list)
    """With `has_defer`: the object that holds each result, so that a recovered panic can return it."""

    def instructions(self) -> Iterator[Instr]:
        """Yield all instructions, block by block."""
        for b in self.blocks:
            yield from b.instrs

    def reg(self, type: IRType, name: str = "") -> Reg:
        """Add a register."""
        r = Reg(len(self.regs), type, name)
        self.regs.append(r)
        return r

    def object(self, type: IRType, name: str = "") -> Object:
        """Add a frame object."""
        o = Object(len(self.objects), type, name)
        self.objects.append(o)
        return o

    def single_objects(self) -> frozenset[Object]:
        """Return the objects that a single ADDR refers to and no other instruction: each loop iteration has a new one
        there."""
        named = Counter(i.aux for b in self.blocks for i in b.instrs if isinstance(i.aux, Object))
        return frozenset(o for o, n in named.items() if n == 1)

    def block(self) -> Block:
        """Append a new block."""
        b = Block(len(self.blocks))
        self.blocks.append(b)
        return b


@dataclass(eq=False, slots=True)
class Global:
    """Static data. `data` holds the initial contents, zero-extended to the size of the type; `relocs` place addresses
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
    """The required type descriptors, from symbol `type.<string>` to Go type. Codegen adds those they refer to."""
    itabs: dict[str, tuple[Type, Type]] = field(default_factory=dict)
    """The required itabs, from symbol `itab.<T>,<I>` to (concrete type, interface type)."""
    methods: dict[str, list[MethodEntry]] = field(default_factory=dict)
    """The method set of each described type (by symbol), sorted by name, for itabs and reflection."""


class MethodEntry(NamedTuple):
    """A method of a described type: `code` takes the receiver as an interface's data word."""

    name: str  # unexported names are qualified by `pkg`
    pkg: str
    type: Type  # signature without receiver
    code: str  # symbol
