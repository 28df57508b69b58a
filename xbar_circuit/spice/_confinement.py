"""What the worker gives up once ngspice is loaded: programs, files, the network.

The deck was read and cleaned before it came here; this is for the case that something was missed.
On Linux the process forbids itself, for good and for all that it starts:

- new programs and new processes, native code from files, debugging and signalling others, sockets:
  a seccomp filter (seccomp(2), Linux 3.17; x86-64 and arm64);
- writing, making or removing files outside its own folder, and TCP: Landlock (landlock(7), Linux
  5.13; TCP from 6.7 on).

A thread that runs already would keep its rights under Landlock, so this comes before any thread.
Elsewhere nothing of it exists and the look at the text stands alone; ``xbar doctor`` says so.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from pathlib import Path

__all__ = ["confine"]

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _FILTER_ALL_THREADS = 1, 1
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
# classic BPF: load a word, jump if equal, if greater or equal, if a bit is set, return
_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000
_CLONE_THREAD, _PROT_EXEC = 0x00010000, 0x4

# audit architecture, seccomp, landlock_create_ruleset; then by name (asm/unistd.h of each)
_MACHINES = {"x86_64": (0xC000003E, 317), "aarch64": (0xC00000B7, 277)}
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "memfd_create": (319, 279),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "open_by_handle_at": (304, 265),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "personality": (135, 92),
    "reboot": (169, 142),
}
_OWN_SIGNALS = {"kill": (62, 129), "tgkill": (234, 131)}  # a crash raises one at itself
_CLONE, _CLONE3 = (56, 220), (435, 435)
_EXECUTABLE = {"mmap": (9, 222), "mprotect": (10, 226), "pkey_mprotect": (329, 288)}

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all machines
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _REMOVE_DIR = 1 << 0, 1 << 1, 1 << 4
# write, remove, make, link or rename, truncate, device commands: the rights of each version of the
# interface, from linux/landlock.h
_WRITES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_WRITES_SINCE = ((2, 1 << 13), (3, 1 << 14), (5, 1 << 15))
_TCP_SINCE, _TCP = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11  # abstract sockets, signals to others


def confine(folder: str | Path) -> tuple[str, ...]:
    """Give up what a simulation does not need, as far as the system allows it.

    Parameters
    ----------
    folder
        Where files may still be written.

    Returns
    -------
    tuple of str
        What can no longer be done: of ``"programs"``, ``"files"``, ``"network"``.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    files = _landlock(libc, Path(folder))
    programs = _seccomp(libc)
    return (
        *(("programs",) if programs else ()),
        *(("files",) if files else ()),
        *(("network",) if programs else ()),
    )


def _landlock(libc: ctypes.CDLL, folder: Path) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    writes = _WRITES | sum(right for since, right in _WRITES_SINCE if version >= since)
    words = [writes | _EXECUTE]
    if version >= _TCP_SINCE:
        words.append(_TCP)
    if version >= _SCOPES_SINCE:
        words.append(_SCOPES)
    attributes = struct.pack(f"={len(words)}Q", *words)
    rules = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        return False
    try:
        for path, rights in (
            (folder, writes),
            (folder.parent, _REMOVE_DIR),  # to take its own, empty folder away at the end
            (Path(os.devnull), _WRITE_FILE),
        ):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                rule = struct.pack("=Qi", rights, place)
                if libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0) != 0:
                    return False
            finally:
                os.close(place)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _MACHINES or sys.byteorder != "little":
        return False
    architecture, call = _MACHINES[machine]
    program = _program(architecture, column=list(_MACHINES).index(machine), own=os.getpid())
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    return bool(libc.syscall(call, _SECCOMP_SET_MODE_FILTER, _FILTER_ALL_THREADS, filter_) == 0)


def _program(architecture: int, *, column: int, own: int) -> list[tuple[int, int, int, int]]:
    """Return the filter as lines of classic BPF: operation, jump if true, if false, operand."""
    no = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    unknown = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)
    yes = (_RETURN, 0, 0, _ALLOW)

    def argument(place: int) -> tuple[int, int, int, int]:
        return (_LOAD, 0, 0, _ARGUMENTS + 8 * place)  # its lower half

    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        no,
    ]
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            lines += [(_EQUAL, 0, 1, number), no]
    # its flags lie in memory, where a filter cannot look: the C library then takes clone
    lines += [(_EQUAL, 0, 1, _CLONE3[column]), unknown]
    lines += [(_EQUAL, 0, 4, _CLONE[column]), argument(0), (_BITS, 1, 0, _CLONE_THREAD), no, yes]
    for numbers in _OWN_SIGNALS.values():
        lines += [(_EQUAL, 0, 4, numbers[column]), argument(0), (_EQUAL, 1, 0, own), no, yes]
    for numbers in _EXECUTABLE.values():
        lines += [(_EQUAL, 0, 4, numbers[column]), argument(2), (_BITS, 0, 1, _PROT_EXEC), no, yes]
    return [*lines, yes]
