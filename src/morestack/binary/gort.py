"""What Go's runtime does with stacks, as far as code shows it: sizes, checks, and the functions it treats specially."""

from __future__ import annotations

import re

MIN_STACK = 2048
SMALL = 128  # frames up to this may lie below the guard, so a check compares SP itself
GUARD = 928  # bytes below the guard that functions without a check may use
GUARD_WINDOWS = 928 + 4096
AT_ENTRY = {"amd64": 40, "arm64": 48}  # bytes above SP when a goroutine's first function begins
RETURN_ADDRESS = {"amd64": 8, "arm64": 0}  # what a call pushes; arm64 keeps it in the callee's frame

MORESTACK = re.compile(r"runtime\.morestack(_noctxt|c)?$")

# What these call runs on another stack, or never returns to this one.
SWITCHES = re.compile(
    r"runtime\.(systemstack|systemstack_switch|mcall|asmcgocall(_no_g|_landingpad)?|cgocallback|gogo|goexit|mstart|rt0_go"
    r"|morestack|morestack_noctxt|corostart|coroswitch)$"
)

# Calls that end in a panic or in the program's end are not followed: what happens then is not the goroutine's work.
ENDS = re.compile(
    r"runtime\.(gopanic|goPanic\w*|panic[A-Za-z0-9]*|throw|fatal|fatalthrow|fatalpanic|sigpanic|abort|exit"
    r"|bad[a-z]\w*|unreachableMethod|racefuncenter)(\.abi0)?$"
)

SYSTEM = re.compile(r"(runtime|internal/runtime/[\w/]+|internal/abi)\.")


def next_size(size: int) -> int:
    """The stack size a goroutine with so many bytes in use has: a power of two from 2 KB on."""
    return max(MIN_STACK, 1 << max(0, size - 1).bit_length())
