"""Deadlock: every thread sleeps, so no goroutine can ever run again.

A thread that is about to sleep calls `checkdead`, with sched.lock held and itself counted as idle. Threads in system
calls are not idle, nor is the thread that sleeps until a timer is due (timerwait.py).
"""

from morestack.dialect.machine import boolean, cstr, noinline, u64
from morestack.runtime.sched.globrunq import sched
from morestack.runtime.sched.idle import mcount
from morestack.runtime.stack.traceback import traceback_all
from morestack.runtime.sys.allp import goroutines_alive
from morestack.runtime.sys.fatal import die, stopped
from morestack.runtime.sys.print import begin, end, puts
from morestack.runtime.sys.system import finalizers_run


def running_threads() -> u64:
    """How many threads run goroutines, look for goroutines, or are in system calls. sched.lock is held."""
    return u64(mcount() - sched.at.nmidle - sched.at.nmidlelocked - sched.at.nmsys)


def checkdead() -> boolean:
    """Whether nothing can ever run again. sched.lock is held."""
    return stopped.value == 0 and running_threads() == 0


@noinline
def deadlock() -> None:
    """Report every goroutine, and end the program."""
    begin()
    if goroutines_alive() == u64(finalizers_run.value):
        puts(cstr(b"fatal error: no goroutines (main called runtime.Goexit) - deadlock!\n"))
    else:
        puts(cstr(b"fatal error: all goroutines are asleep - deadlock!\n"))
    traceback_all()
    end()
    die()
