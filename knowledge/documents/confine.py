"""No network and no other program for this process, from the kernel: a seccomp filter, where Linux has it."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

# Calls by machine: their architecture for the kernel, and socket, connect, execve, execveat, ptrace, fork, vfork, and the
# older door to all network calls. fork by clone is not barred: threads need clone, and a fork has the same filter.
_MACHINES: dict[str, tuple[int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, (41, 42, 53, 59, 322, 101, 57, 58, 425)),
    "aarch64": (0xC00000B7, (198, 203, 199, 221, 281, 117, 425)),
}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32 = 0x40000000  # other numbers for the same calls, on x86_64


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine() -> bool:
    """Bar network and programs for the rest of this process. False where the kernel or the machine does not offer it:
    the reader's audit hook then stands alone."""
    known = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    program = _program(*known)
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    given = _Program(len(program) // 8, program)
    return bool(libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(given), zero, zero) == 0)


def _program(architecture: int, barred: tuple[int, ...]) -> bytes:
    """A filter that refuses ``barred`` and everything of another architecture with EPERM."""
    steps = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _REFUSE),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, len(barred) + 1, 0, _X32),
    ]
    # Each jump leads to the last step.
    steps += [(_EQUAL, len(barred) - place, 0, number) for place, number in enumerate(barred)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
