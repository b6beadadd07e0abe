"""The op table: every instruction of the IR, its operands, and its effects.

Passes test `op.effect` and never list opcodes. Integer ops work modulo 2^width on unsigned representations.
`ir.interp` defines each op and is codegen's oracle; docs/ir.md describes each in words.
"""

from enum import Enum
from typing import NamedTuple


class Effect:
    """What an op may do besides writing its results, as bits of an int.

    Rejected: enum.Flag, whose `&` took a fifth of the time spent generating LLVM text.
    """

    NONE = 0
    READ = 1  # reads memory
    WRITE = 2  # writes memory
    PANIC = 4  # may panic
    CALL = 8  # runs Go code: needs a continuation
    PARK = 16  # may switch goroutines: needs a continuation
    NORETURN = 32
    TERM = 64  # ends a block


class Aux(Enum):
    """The kind of an op's immediate. `Instr` has a typed accessor for each kind."""

    NONE = "nothing"
    FIELD = "a field number"  # Instr.number
    BYTES = "a number of bytes"  # Instr.number
    OBJECT = "a frame object"  # Instr.object
    TYPE = "an IR type"  # Instr.memory_type
    BOUNDS = "Bounds"  # Instr.bounds
    FUNCTION = "a function's name"  # Instr.callee
    RUNTIME = "a runtime call's name"  # Instr.runtime_call
    SIGNATURE = "a Signature"  # Instr.signature
    CASES = "case values"  # Instr.cases
    SHARED = "shared, or nothing"  # Instr.is_shared


class OpInfo(NamedTuple):
    """Mnemonic, number of operands (-1: any), number of results (-1: any), effect, kind of `aux`."""

    mnemonic: str
    operands: int
    results: int = 1
    effect: int = Effect.NONE
    aux: Aux = Aux.NONE


E = Effect


class Op(Enum):
    """dst = op args, with `aux`."""

    # values
    COPY = OpInfo("copy", 1)
    ZERO = OpInfo("zero", 0)  # the zero value of dst's type
    SELECT = OpInfo("select", 3)  # args: bool, then, else
    # integers (both operands have the same type; the count of a shift is an unsigned i64 of any value:
    # if it is the width or more, SHL and LSHR yield 0 and ASHR yields the sign)
    ADD = OpInfo("add", 2)
    SUB = OpInfo("sub", 2)
    MUL = OpInfo("mul", 2)
    SDIV = OpInfo("sdiv", 2)  # the divisor is not 0 (DIVCHECK); MIN / -1 = MIN
    UDIV = OpInfo("udiv", 2)
    SREM = OpInfo("srem", 2)  # MIN % -1 = 0
    UREM = OpInfo("urem", 2)
    AND = OpInfo("and", 2)
    OR = OpInfo("or", 2)
    XOR = OpInfo("xor", 2)
    SHL = OpInfo("shl", 2)
    LSHR = OpInfo("lshr", 2)
    ASHR = OpInfo("ashr", 2)
    # floats
    FADD = OpInfo("fadd", 2)
    FSUB = OpInfo("fsub", 2)
    FMUL = OpInfo("fmul", 2)
    FDIV = OpInfo("fdiv", 2)
    FNEG = OpInfo("fneg", 1)
    # comparisons yield bool; EQ and NE take any scalar except floats
    EQ = OpInfo("eq", 2)
    NE = OpInfo("ne", 2)
    SLT = OpInfo("slt", 2)
    SLE = OpInfo("sle", 2)
    ULT = OpInfo("ult", 2)
    ULE = OpInfo("ule", 2)
    FEQ = OpInfo("feq", 2)
    FNE = OpInfo("fne", 2)  # true when unordered
    FLT = OpInfo("flt", 2)
    FLE = OpInfo("fle", 2)
    NOT = OpInfo("not", 1)  # of a bool
    # conversions, to dst's type
    TRUNC = OpInfo("trunc", 1)
    SEXT = OpInfo("sext", 1)
    ZEXT = OpInfo("zext", 1)  # also from bool
    FPTOSI = OpInfo("fptosi", 1)  # out of range: amd64's 0x8000... for i64, its truncation for narrower
    FPTOUI = OpInfo("fptoui", 1)  # out of range: the result of gc on amd64
    SITOFP = OpInfo("sitofp", 1)
    UITOFP = OpInfo("uitofp", 1)
    FPEXT = OpInfo("fpext", 1)
    FPTRUNC = OpInfo("fptrunc", 1)
    BITCAST = OpInfo("bitcast", 1)  # between f64 and i64, f32 and i32
    PTRTOINT = OpInfo("ptrtoint", 1)
    INTTOPTR = OpInfo("inttoptr", 1)
    # aggregates in registers
    MAKE = OpInfo("make", -1)  # a struct or array, from all its fields
    EXTRACT = OpInfo("extract", 1, aux=Aux.FIELD)
    INSERT = OpInfo("insert", 2, aux=Aux.FIELD)  # args: aggregate, new field; dst: the changed copy
    # memory
    ADDR = OpInfo("addr", 0, aux=Aux.OBJECT)  # address of a frame object
    OFFSET = OpInfo("offset", 1, aux=Aux.BYTES)  # ptr + constant
    INDEX = OpInfo("index", 2, aux=Aux.BYTES)  # ptr + i64 * size; bounds have been checked
    LOAD = OpInfo("load", 1, effect=E.READ)  # of dst's type; the address is not nil (NILCHECK)
    STORE = OpInfo("store", 2, 0, E.WRITE)  # args: address, value
    MOVE = OpInfo("move", 2, 0, E.READ | E.WRITE, Aux.TYPE)  # args: to, from; may overlap
    CLEAR = OpInfo("clear", 1, 0, E.WRITE, Aux.TYPE)  # zero memory
    # checks: panic unless ...
    NILCHECK = OpInfo("nilcheck", 1, 0, E.PANIC)  # the pointer is not nil
    BOUNDS = OpInfo("bounds", 2, 0, E.PANIC, Aux.BOUNDS)  # args: i64 index, i64 limit; see Bounds
    DIVCHECK = OpInfo("divcheck", 1, 0, E.PANIC)  # the integer is not 0
    # calls; args follow the callee; dst are the results
    CALL = OpInfo("call", -1, -1, E.CALL | E.PANIC | E.READ | E.WRITE, Aux.FUNCTION)
    CALL_CLOSURE = OpInfo("callclosure", -1, -1, E.CALL | E.PANIC | E.READ | E.WRITE, Aux.SIGNATURE)
    # args[0]: closure address, not nil (NILCHECK)
    CALL_CODE = OpInfo("callcode", -1, -1, E.CALL | E.PANIC | E.READ | E.WRITE, Aux.SIGNATURE)
    # args[0]: code address, from an itab
    RT = OpInfo("rt", -1, -1, E.READ | E.WRITE, Aux.RUNTIME)  # effect: see runtime_calls
    DEFER = OpInfo(
        "defer", 1, 0, E.WRITE, Aux.SHARED
    )  # args[0]: a closure without parameters, which runs when the function ends
    DEFER_RETURN = OpInfo("deferreturn", 0, 0, E.CALL | E.PANIC | E.READ | E.WRITE)  # before RETURN: run them all
    # terminators
    JUMP = OpInfo("jump", 0, 0, E.TERM)
    BRANCH = OpInfo("branch", 1, 0, E.TERM)  # targets: if true, if false
    SWITCH = OpInfo("switch", 1, 0, E.TERM, Aux.CASES)  # targets: one per value, then default
    RETURN = OpInfo("return", -1, 0, E.TERM)
    TAIL_CALL = OpInfo("tailcall", -1, 0, E.TERM | E.PANIC | E.READ | E.WRITE, Aux.FUNCTION)
    # the callee takes the place of this function and returns to its caller
    LOOP_CHECK = OpInfo("loopcheck", 0, 0, E.TERM | E.READ)  # targets: continue, and yield
    UNREACHABLE = OpInfo("unreachable", 0, 0, E.TERM)  # after a NORETURN runtime call

    def __init__(self, mnemonic: str, operands: int, results: int, effect: int, aux: Aux) -> None:
        self.mnemonic = mnemonic
        self.operands = operands
        self.results = results
        self.effect = effect
        self.aux = aux

    __hash__ = object.__hash__  # Enum's own __hash__ hashes the name, in Python code


class Bounds(NamedTuple):
    """aux of BOUNDS: the kind of check, and how to interpret the index if the check fails.

    INDEX requires index < limit, all other kinds index <= limit, unsigned. For CONVERT the index is the length of the
    array, and the limit is that of the slice.
    """

    kind: "BoundsKind"
    signed: bool  # the index had a signed type, so it may be printed as negative


class BoundsKind(Enum):
    """The values are Go's messages, where x is the index and y the limit."""

    INDEX = "index out of range [%x] with length %y"
    SLICE_ALEN = "slice bounds out of range [:%x] with length %y"
    SLICE_ACAP = "slice bounds out of range [:%x] with capacity %y"
    SLICE_B = "slice bounds out of range [%x:%y]"
    SLICE3_ALEN = "slice bounds out of range [::%x] with length %y"
    SLICE3_ACAP = "slice bounds out of range [::%x] with capacity %y"
    SLICE3_B = "slice bounds out of range [:%x:%y]"
    SLICE3_C = "slice bounds out of range [%x:%y:]"
    CONVERT = "cannot convert slice with length %y to array or pointer to array with length %x"


BOUNDS_CODE = {kind: number for number, kind in enumerate(BoundsKind)}
"""The runtime's number for each kind."""
