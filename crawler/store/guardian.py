"""Keeps one mongod running for as long as it is used; a script of its own, see `crawler.store.server`.

Usage: python guardian.py FOLDER PORT COMMAND...

Goes to the background once mongod accepts connections. Exit status: 0 when it does, mongod's own when it
ended instead, BUSY when another guardian already looks after the folder.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

STATE_FILE = "server.json"
USERS_FILE = "users.lock"
LOG_FILE = "mongod.log"
HOST = "127.0.0.1"
BUSY = os.EX_TEMPFAIL
MAX_LOG_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1
STEADY_SECONDS = 10.0  # a mongod that ran for longer was well
MAX_PAUSE = 60.0  # seconds between the starts of one that is not


def main(folder: Path, port: int, command: list[str]) -> int:
    """Start a guardian in the background.

    Args:
        folder: where the lock files and the log are.
        port: where mongod will listen on the loopback.
        command: the command line of mongod.

    Returns:
        The exit status.
    """
    state = os.open(folder / STATE_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return BUSY
    os.ftruncate(state, 0)
    redirect_output(folder)
    reader, writer = os.pipe()
    if os.fork():  # a lock belongs to both processes until the second of them has gone
        os.close(writer)
        return int(os.read(reader, 3) or os.EX_SOFTWARE)
    os.close(reader)
    guard(folder, port, command, state, writer)
    return 0


def redirect_output(folder: Path) -> None:
    """Send all output to the log; one older log is kept, so that logs never fill the disk."""
    path = folder / LOG_FILE
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.old"))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)


def guard(folder: Path, port: int, command: list[str], state: int, writer: int) -> None:
    """Run mongod until nobody uses it any more; ``writer`` gets the exit status of the starting process."""
    keeper = Keeper(command, port)
    status = keeper.start()
    if not status:
        os.write(state, json.dumps({"port": port}).encode())
    os.write(writer, b"%d" % (status if status >= 0 else 128 - status))
    os.close(writer)
    if not status:
        threading.Thread(target=end_when_unused, args=(folder, keeper), daemon=True).start()
        keeper.keep()
    os.ftruncate(state, 0)


class Keeper:
    """Keeps mongod running: one that crashes or is killed is started again, on the same port.

    Args:
        command: the command line of mongod.
        port: where it listens on the loopback.

    Attributes:
        mongod: the process, running or ended.
    """

    mongod: subprocess.Popen[bytes]

    def __init__(self, command: list[str], port: int) -> None:
        self._command = command
        self._port = port
        self._unused = threading.Event()
        self._turn = threading.Lock()

    def start(self) -> int:
        """Start mongod and wait until it accepts connections.

        Returns:
            0, or the exit status of a mongod that ended instead.
        """
        with self._turn:
            if self._unused.is_set():
                return 0
            self.mongod = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        while self.mongod.poll() is None and not accepts(self._port):
            time.sleep(0.02)
        return self.mongod.returncode or 0

    def keep(self) -> None:
        """Wait for the end: `end`, a shutdown in good order, or a mongod that gives up as it starts."""
        pause = 0.0
        status = 0
        while status <= 0:  # below 0, a signal killed it while it was starting
            started = time.monotonic()
            if self.mongod.wait() == 0:
                return
            was_well = time.monotonic() - started > STEADY_SECONDS
            pause = 0.0 if was_well else min(max(0.5, 2 * pause), MAX_PAUSE)
            if self._unused.wait(pause):
                return
            status = self.start()

    def end(self) -> None:
        """Shut mongod down, for good."""
        with self._turn:
            self._unused.set()
            self.mongod.terminate()


def end_with_parent() -> None:
    """Let the kernel end mongod, in good order, should the guardian itself be killed. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_when_unused(folder: Path, keeper: Keeper) -> None:
    """Wait until no process holds the users' lock, then shut mongod down.

    The exclusive lock is kept until this process has gone, so newcomers wait for the shutdown to be complete.
    """
    users = os.open(folder / USERS_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(users, fcntl.LOCK_EX)
    keeper.end()


def accepts(port: int) -> bool:
    """Tell whether somebody listens on the port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
