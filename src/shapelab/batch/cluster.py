"""Where a sweep computes: a local Dask cluster of single-threaded processes, or a scheduler that is already there."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shapelab.device import available_memory, cpu_count
from shapelab.errors import InputError, OutOfMemoryError

__all__ = ["Workers", "given_up", "workers"]

_PROCESS = 500_000_000
"""Memory that a worker takes before it computes anything [bytes]: Python, numba, torch."""
_SHARE = 0.8
"""Part of the free memory that a sweep may take."""
_SECONDS, _WORKERS = 20, 120
"""How long to wait for a scheduler, and for the first worker [s]."""


@dataclass(frozen=True)
class Workers:
    """Processes that members can be given to."""

    client: Any
    """`distributed.Client`."""

    def slots(self) -> int:
        """Return how many members can run at the same time now; workers may come and go."""
        return sum(int(worker["nthreads"]) for worker in self._workers())

    def memory(self) -> float:
        """Return the memory for all members together [bytes]; infinite where no worker has a limit."""
        return sum(self._limits()) or float("inf")

    def largest(self) -> float:
        """Return the memory for the largest member [bytes]."""
        return max(self._limits(), default=float("inf"))

    def _workers(self) -> list[dict[str, Any]]:
        return list(self.client.scheduler_info(n_workers=-1)["workers"].values())

    def _limits(self) -> list[float]:
        return [max(worker["memory_limit"] - _PROCESS, 0.0) or 1.0 for worker in self._workers() if worker.get("memory_limit")]


def given_up(future: Any) -> bool:
    """Tell whether Dask has given work up because workers were lost that were to do it, begun or not."""
    from distributed.scheduler import KilledWorker

    return isinstance(future.exception(), KilledWorker)


@contextlib.contextmanager
def workers(
    folder: Path, *, scheduler: str | None, count: int | None, members: int, need: int, dashboard: str | None = None
) -> Iterator[Workers]:
    """Give workers for a sweep; a local cluster ends with it, a foreign scheduler stays.

    Parameters
    ----------
    folder
        Where the results go: every worker must see it.
    scheduler
        Address such as ``tcp://host:8786``; None makes a local cluster.
    count
        Processes of a local cluster; by default one per core, or as many as the memory allows.
    members
        Number of members that are left to run.
    need
        Memory of the largest member [bytes].
    dashboard
        Address of Dask's page about a local cluster; None for no page.

    Raises
    ------
    InputError
        If Dask is missing, no scheduler answers, or a worker lacks shapelab or does not see the folder.
    """
    try:
        import distributed
    except ImportError as error:
        raise InputError("A sweep needs Dask: install it with  pip install 'napari-shapelab[batch]'.") from error
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            address: Any = stack.enter_context(_local_cluster(distributed, count, members, need, dashboard))
        else:
            address = scheduler
            _warn_if_open(scheduler)
        try:
            client: Any = stack.enter_context(distributed.Client(address, timeout=_SECONDS, set_as_default=False))  # type: ignore[no-untyped-call]
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"No Dask scheduler answers at {scheduler!r}: {error}.") from error
        try:
            client.wait_for_workers(1, timeout=_WORKERS)
        except TimeoutError as error:
            raise InputError(f"The scheduler {scheduler or ''} has no workers: none has come within {_WORKERS} s.") from error
        _require_ready(client, folder)
        yield Workers(client)  # never the process's default: arrays that others compute meanwhile are not the sweep's


def _warn_if_open(address: str) -> None:
    """Say that whoever reaches a scheduler beyond this machine may have anything computed there, and that all is readable."""
    protocol, _, place = address.rpartition("://")
    host = place.rpartition(":")[0].strip("[]") or place
    if protocol in ("", "tcp", "ws", "ucx") and host not in ("localhost", "::1") and not host.startswith("127."):
        warnings.warn(
            f"The scheduler {address} is not encrypted and asks for no password: whoever reaches it can run programs on its workers. "
            "Use it in a network that you trust, or start it with TLS (tls://…, see Dask's page on security).",
            stacklevel=4,
        )


def _local_cluster(distributed: Any, count: int | None, members: int, need: int, dashboard: str | None) -> Any:
    free = _SHARE * available_memory()
    fitting = int(free // (need + _PROCESS))
    if fitting < 1:
        raise OutOfMemoryError(
            f"One member needs about {(need + _PROCESS) / 1e9:.3g} GB and {free / 1e9:.3g} GB can be used: choose a smaller shape."
        )
    processes = max(1, min(count or cpu_count(), fitting, members))
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    return distributed.LocalCluster(
        n_workers=processes,
        threads_per_worker=1,
        memory_limit=int(free / processes),
        host="127.0.0.1",
        dashboard_address=dashboard or "127.0.0.1:0",
        scheduler_kwargs={"dashboard": dashboard is not None},
        worker_dashboard_address=None,
        env=one,
        silence_logs=50,
    )


def _require_ready(client: Any, folder: Path) -> None:
    """Ask every worker whether it can do the work, before anything is sent there."""
    try:
        answers = client.run(_sees, str(folder))
    except Exception as error:  # whatever a foreign worker lacks: it must have this package, in this version
        raise InputError(f"The workers cannot run shapelab: {type(error).__name__}: {error}.") from error
    blind = [address for address, sees in answers.items() if not sees]
    if blind:
        raise InputError(f"The worker {blind[0]} does not see the folder {str(folder)!r}: choose one on a disk that all of them share.")


def _sees(folder: str) -> bool:
    return Path(folder).is_dir()
