"""Processes to kill, and the tally of what came of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shapelab.errors import ShapelabError


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


def forked(work: Callable[..., Any], *given: Any, group: bool = False) -> int:
    """Call `work` with what is given in a forked process; return its number.

    What it raises is printed, wherever `work` has sent its own messages.
    """
    sys.stdout.flush()
    number = os.fork()
    if number:
        return number
    said, status = os.dup(2), 1
    try:
        if group:
            os.setsid()
        work(*given)
        status = 0
    except ShapelabError as error:
        os.write(said, f"{error}\n".encode())
    except BaseException:
        os.write(said, traceback.format_exc().encode())
    finally:
        os._exit(status)
    raise AssertionError


def killed(number: int) -> bool:
    """Wait for a process; return True if it was killed, False if it has done its work.

    Raises
    ------
    RuntimeError
        If it failed, as it has said itself.
    """
    return _was_killed(os.waitpid(number, 0)[1])


def kill(number: int, *, group: bool = False) -> bool:
    """Kill a process (and those it has started); return False if it had done its work before. Raises as `killed` does."""
    ended, status = os.waitpid(number, os.WNOHANG)
    if ended:
        return _was_killed(status)
    (os.killpg if group else os.kill)(number, signal.SIGKILL)
    os.waitpid(number, 0)
    return True


def _was_killed(status: int) -> bool:
    if not os.WIFSIGNALED(status) and status:
        raise RuntimeError("A process failed that should have done its work or been killed.")
    return os.WIFSIGNALED(status)


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
