"""The client of the warm process: ``python -I -S warm_client.py ARGUMENT...``.

It has the warm process run a Python program in a fork, and stands for that program: output, exit
code and signals are the program's, and if client or program ends, the other one ends as well. If
the warm process refuses, the client runs the program itself (cold).

A run of the engine starts several clients, so it imports the modules in C below `socket` and
`signal`: with those two a start takes twice the time.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # typeshed has only what is above it
import _socket as socket
import os
import select
import sys

VARIABLE = "MTASTS_WARM"
NUMBER_BYTES = 4
FILES = 4
_FILE_BYTES = 4  # an int of C
REFUSED = 0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Ask the warm process for a child, wait until it ends, and end with the same status."""
    arguments, parent = sys.argv[1:], os.getppid()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(os.environ[VARIABLE])
    fields = [str(parent), str(len(arguments)), *arguments]
    fields += [f"{name}={value}" for name, value in os.environ.items()]
    message = b"\0".join(map(os.fsencode, fields))
    _send_files(connection, len(message), [0, 1, 2, os.open(".", os.O_RDONLY)])
    connection.sendall(message)
    child = _number(connection)
    if child == REFUSED:
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - run the program cold

    def pass_on(number: int, _frame: object) -> None:
        try:
            os.kill(child, number)
        except ProcessLookupError:
            return  # the child has just ended; contextlib takes long to import

    for each in _SIGNALS:
        signal.signal(each, pass_on)
    watched = os.pidfd_open(parent)
    if os.getppid() != parent:
        os._exit(1)  # this closes the connection, and then the child ends as well
    ready, _, _ = select.select([connection.fileno(), watched], [], [])
    if connection.fileno() not in ready:
        os._exit(1)
    status = _number(connection)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def _send_files(connection: socket.socket, number: int, files: list[int]) -> None:
    """Send a number, and with it the open files, as `socket.send_fds` does."""
    raw = b"".join(each.to_bytes(_FILE_BYTES, sys.byteorder) for each in files)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, raw)]
    connection.sendmsg([number.to_bytes(NUMBER_BYTES, "big")], rights)


def _number(connection: socket.socket) -> int:
    """The next number from the warm process; ends this process if the warm one has ended."""
    got = b""
    while len(got) < NUMBER_BYTES:
        more = connection.recv(NUMBER_BYTES - len(got))
        if not more:
            sys.stderr.write("the warm process of the local cloud has ended\n")
            os._exit(1)
        got += more
    return int.from_bytes(got, "big")


if __name__ == "__main__":
    main()
