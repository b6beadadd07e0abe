"""Deferred calls: records of them, running them while a goroutine panics, recover.

A function that returns runs its own deferred calls (codegen/emit/defer.py). A panic, or Goexit, takes the newest record
of the goroutine and calls its closure on two linkages below the frame that panicked:

        sp      frame that panicked       p.sp
        sp-8    its site blob             sp-16   its BP
        sp-24   rt.panicreturn            sp-32   sp-16, the BP of rt.panicreturn's empty frame
                the closure's frame, whose BP is sp-32

so the frames that panicked are kept until the deferred calls have run, and tracebacks show them. All of this is done by
setting g.sched and returning: g stays RUNNING, and rt.schedule continues there.

Note [Who may recover]: recover returns the newest panic's value if its caller is the function that the panic called,
which returns to rt.panicreturn's frame, at p.sp - 16. Wrappers in between (methods promoted or called through pointers,
closures that hold the arguments of a deferred call) do not count. If the function that calls recover is itself a
wrapper (`defer recover()`), its caller counts.

Note [Resuming]: a record holds its function's exit continuation, which reads only frame objects. After a recovered
panic g continues there with the frame's SP: the function's other deferred calls run, its results are loaded, and it
returns. Panics that began below that frame end; a Goexit that began there continues instead.
"""

from morestack.abi.convention import LINK
from morestack.abi.metadata import FUNC_WRAPPER
from morestack.dialect.machine import Ptr, boolean, export, local, nil, ptr_at, ptr_to, size_of, static, struct, u64
from morestack.runtime.fail.error import errorvalue
from morestack.runtime.mem.extra import extra_of, panics_of
from morestack.runtime.mem.records import RecordCentral, central_init, pool_give, pool_take
from morestack.runtime.stack.discipline import abandon, make_room
from morestack.runtime.stack.unwind import (
    Frame,
    first_frame,
    frame_bytes,
    func_flags,
    func_of,
    is_within,
    next_frame,
    panicreturn_pc,
)
from morestack.runtime.sys.layout import Defer, G, Panic

DEFER_HEAP = u64(1)
"""Set in the pc of a record that lies in the heap."""


@struct
class GoInterface:
    """An interface value: the type of an empty one, and its data word."""

    typ: u64
    data: u64


@struct
class FreeRecords:
    """The central lists: records that are in no P's pool."""

    defers: RecordCentral
    panics: RecordCentral


free_records = static(FreeRecords)


def defer_init() -> None:
    """Start with no free records."""
    central_init(ptr_to(free_records.at.defers))
    central_init(ptr_to(free_records.at.panics))


panicval_pc = static(u64)


@export
def setreturns(panicval: u64, panicreturn: u64) -> None:
    """Set the addresses of the stubs to which methods and deferred calls made by panics return."""
    panicval_pc.value = panicval
    panicreturn_pc.value = panicreturn


def new_panic(g: Ptr[G]) -> Ptr[Panic]:
    """Add a panic record that begins at g.sched, as the newest of g's."""
    p = ptr_at(Panic, pool_take(ptr_to(g.at.m.at.p.at.panicpool), ptr_to(free_records.at.panics), size_of(Panic)))
    x = extra_of(g)
    p.at.link = x.at.panics
    x.at.panics = p
    p.at.kind = u64(0)
    p.at.a = u64(0)
    p.at.typ = u64(0)
    p.at.data = u64(0)
    p.at.sp = g.at.sched.sp
    p.at.frame = u64(0)
    p.at.retpc = u64(0)
    p.at.printing = nil(Panic)
    p.at.text = u64(0)
    p.at.has_text = False
    p.at.goexit = False
    p.at.recovered = False
    p.at.repanicked = False
    p.at.leaf_count = u64(0)
    return p


def free_panics(g: Ptr[G], last: Ptr[Panic]) -> None:
    """Free g's panics down to, but without, `last`."""
    x = g.at.extra
    while x.at.panics != last:
        p = x.at.panics
        x.at.panics = p.at.link
        p.at.data = u64(0)
        pool_give(ptr_to(g.at.m.at.p.at.panicpool), ptr_to(free_records.at.panics), p.addr)


def free_defer(g: Ptr[G], d: Ptr[Defer]) -> None:
    """Keep a heap record for reuse. A record in a frame is freed with the frame."""
    if d.at.pc & DEFER_HEAP != 0:
        d.at.fn = u64(0)
        pool_give(ptr_to(g.at.m.at.p.at.deferpool), ptr_to(free_records.at.defers), d.addr)


def new_defer(g: Ptr[G], fn: u64, sp: u64, pc: u64) -> Ptr[Defer]:
    """Take a heap record, and fill it in. It is not linked yet."""
    d = ptr_at(Defer, pool_take(ptr_to(g.at.m.at.p.at.deferpool), ptr_to(free_records.at.defers), size_of(Defer)))
    d.at.fn = fn
    d.at.sp = sp
    d.at.pc = u64(pc | DEFER_HEAP)
    return d


@export
def deferproc(g: Ptr[G], fn: u64, sp: u64, pc: u64) -> None:
    """Defer a call in a loop: the frame has no room for a record for each."""
    d = new_defer(g, fn, sp, pc)
    d.at.link = g.at.defers
    g.at.defers = d


@export
def deferprocat(g: Ptr[G], fn: u64, marker: u64) -> None:
    """Defer a call for the frame that has deferred the closure `marker`: the call runs before that frame's other
    deferred calls."""
    m = g.at.defers
    while m.at.fn != marker:
        m = m.at.link
    d = new_defer(g, fn, m.at.sp, m.at.pc)
    before = nil(Defer)
    at = g.at.defers
    while at.at.sp != d.at.sp:
        before = at
        at = at.at.link
    d.at.link = at
    if before == nil(Defer):
        g.at.defers = d
    else:
        before.at.link = d


@export
def deferreturn(g: Ptr[G], sp: u64) -> u64:
    """Unlink the newest record if the frame at sp made it. Returns its closure, or 0."""
    d = g.at.defers
    if d == nil(Defer) or d.at.sp != sp:
        return u64(0)
    g.at.defers = d.at.link
    fn = d.at.fn
    free_defer(g, d)
    return fn


def enter_below(g: Ptr[G], code: u64, context: u64, argument: u64, back: u64) -> None:
    """Let g continue in a function called below the frame it is stopped in. The function returns to the stub `back`."""
    sp = g.at.sched.sp
    ptr_at(u64, u64(sp - 8))[0] = g.at.sched.pc
    ptr_at(u64, u64(sp - 16))[0] = g.at.sched.bp
    ptr_at(u64, u64(sp - 24))[0] = back
    ptr_at(u64, u64(sp - 32))[0] = u64(sp - 16)
    g.at.sched.pc = code
    g.at.sched.sp = u64(sp - 16)
    g.at.sched.bp = u64(sp - 16)
    g.at.sched.ctxt = context
    g.at.sched.ret = argument


def leave_below(g: Ptr[G], sp: u64) -> None:
    """Undo enter_below: the stub's frame is at sp."""
    g.at.sched.sp = u64(sp + LINK)
    g.at.sched.pc = ptr_at(u64, u64(sp + 8))[0]
    g.at.sched.bp = ptr_at(u64, sp)[0]


def next_deferred(g: Ptr[G], p: Ptr[Panic]) -> boolean:
    """Let g, stopped where p began, run the newest deferred call. Returns False if there is none."""
    d = g.at.defers
    if d == nil(Defer):
        return False
    make_room(g)
    p.at.sp = g.at.sched.sp
    d = g.at.defers
    g.at.defers = d.at.link
    fn = d.at.fn
    p.at.frame = d.at.sp
    p.at.retpc = u64(d.at.pc & ~DEFER_HEAP)
    free_defer(g, d)
    enter_below(g, ptr_at(u64, fn)[0], fn, u64(0), panicreturn_pc.value)
    return True


def recovery(g: Ptr[G], p: Ptr[Panic]) -> Ptr[Panic]:
    """Let g continue in the frame whose deferred call has recovered p. See Note [Resuming].

    Returns a Goexit that the panic had interrupted, if any, with g stopped where it began.
    """
    sp = p.at.frame
    pc = p.at.retpc
    q = p
    while q != nil(Panic) and is_within(g, q.at.sp, sp) and not q.at.goexit:
        q = q.at.link
    goexits = q != nil(Panic) and q.at.goexit and is_within(g, q.at.sp, sp)
    free_panics(g, q)
    if q == nil(Panic):
        g.at.extra.at.sigpc = u64(0)
    elif goexits:
        abandon(g, q.at.sp)
        leave_below(g, u64(q.at.sp - LINK))
        return q
    abandon(g, sp)
    g.at.sched.pc = pc
    g.at.sched.sp = sp
    g.at.sched.bp = u64(sp + frame_bytes(pc))
    g.at.sched.ctxt = u64(0)
    g.at.sched.ret = u64(0)
    return nil(Panic)


def is_wrapper(pc: u64) -> boolean:
    """Whether pc lies in a function that does not occur in the source."""
    return func_flags(func_of(pc)) & FUNC_WRAPPER != 0


@export
def gorecover(g: Ptr[G], out: Ptr[GoInterface]) -> None:
    """recover(), called from the frame in g.sched. See Note [Who may recover]."""
    out.at.typ = u64(0)
    out.at.data = u64(0)
    p = panics_of(g)
    if p == nil(Panic) or p.at.goexit or p.at.recovered:
        return
    f = local(Frame)
    first_frame(f, g)
    if is_wrapper(f.at.pc):
        next_frame(f)
    next_frame(f)
    while is_wrapper(f.at.pc):
        next_frame(f)
    if f.at.sp != u64(p.at.sp - LINK):
        return
    p.at.recovered = True
    if p.at.typ == 0:
        errorvalue(g, p)
    out.at.typ = p.at.typ
    out.at.data = p.at.data
