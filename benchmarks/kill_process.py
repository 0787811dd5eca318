"""Processes to kill, and the tally of what came of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """What was done to one kind of victim, and what came of it."""

    kind: str
    kills: int = 0
    before: int = 0
    """Kills before anything was complete: nothing is there, and nothing is expected."""
    resumed: int = 0
    wrong: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return a line of the table."""
        return f"{self.kind:44}{self.kills:7}{self.before:18}{self.resumed:10}{len(self.wrong):8}"


def forked(work: Callable[[], None], *, group: bool = False) -> int:
    """Call `work` in a forked process; return its number."""
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    status = 1
    try:
        if group:
            os.setsid()
        work()
        status = 0
    finally:
        os._exit(status)
    raise AssertionError


def kill(number: int, *, group: bool = False) -> bool:
    """Kill a process (and those it has started); return False if it had ended before."""
    if os.waitpid(number, os.WNOHANG)[0]:
        return False
    (os.killpg if group else os.kill)(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return True


def running(number: int) -> bool:
    """Tell whether a process has not ended yet; it can still be waited for."""
    return os.waitid(os.P_PID, number, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def in_a_process(work: Callable[..., Any], *given: Any) -> Any:
    """Return what `work` returns in a forked process, so that this one stays free of threads."""
    context = multiprocessing.get_context("fork")
    reader, writer = context.Pipe(duplex=False)

    def answer() -> None:
        try:
            writer.send(work(*given))
        except Exception as error:
            writer.send(error)

    number = forked(answer)
    found = reader.recv()
    os.waitpid(number, 0)
    if isinstance(found, Exception):
        raise found
    return found
