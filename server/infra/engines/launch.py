"""The step between us and an engine: give up what it must not have, then become it.

Run as a script (`python -I -S launch.py SIGNAL PARENT UID GID COMMAND…`), never imported by the
server. Why a script and not `preexec_fn`: that runs between fork and exec, where a process which
had threads may deadlock; here we are a fresh process with one thread. Because the script ends in
`exec`, the engine has the pid that `Popen` returned and nothing stays resident.

It starts with the supervisor's rights, since the interpreter may lie where the engine's account
cannot read (/root), and drops them itself. UID -1 means: keep the present account.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
"""prctl(2), Linux: the signal that this process gets when the thread that started it ends."""


def main(arguments: list[str]) -> None:
    """Become the command. Exits with 1 when the supervisor has died in the meantime."""
    death_signal, parent, uid, gid = (int(text) for text in arguments[:4])
    command = arguments[4:]
    os.umask(0o077)
    # A core file would hold people's data outside every protection.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The interpreter ignores these two, and an ignored signal stays ignored after exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After setuid, for a change of account clears it. macOS has nothing like it: there an
        # engine whose supervisor was killed is found and stopped at the next start.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
