"""Become the server's user, tie our life to the parent's, then become the program.

Run as a script, `python -I -S launch.py PARENT USER CAPABILITY PROGRAM [ARGUMENT ...]`, because
this must happen between fork and exec, where a process with threads may not run Python code.
USER is `-` for no change of user, CAPABILITY is `-` for none.
"""

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


def main() -> None:
    """Do what the module says; never returns when all goes well."""
    parent, user, capability, *command = sys.argv[1:]
    # All lookups come before the change of user: python may be in a folder closed to that user.
    libc = ctypes.CDLL(None, use_errno=True)
    entry = None if user == "-" else pwd.getpwnam(user)
    if entry is not None:
        if capability != "-":
            _check(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
        if capability != "-":
            _keep_capability(libc, int(capability))
    if sys.platform == "linux":
        # After setuid, which clears it. SIGINT asks PostgreSQL for a clean, fast shutdown.
        _check(libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0))
        if os.getppid() != int(parent):
            sys.exit("the process that asked for this program is gone")
    os.execv(command[0], command)  # noqa: S606 - replaces this process, no shell


def _keep_capability(libc: ctypes.CDLL, number: int) -> None:
    """Hold one capability, and no other, through setuid and exec (capabilities(7))."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(*([1 << number] * 3 + [0] * 3))
    _check(libc.capset(header, sets))
    _check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))


def _check(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


if __name__ == "__main__":
    main()
