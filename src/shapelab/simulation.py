"""The one contract: parameters make a simulation, a simulation takes steps, now and then it hands out a frame."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np

from shapelab.device import require_memory
from shapelab.errors import EditError, NotFiniteError, OutOfMemoryError, ParameterError
from shapelab.frame import Frame, LayerData, LayerKind
from shapelab.parameters import ParameterInfo, Parameters, parameter
from shapelab.state import State

__all__ = ["Change", "Frame", "LayerData", "LayerKind", "Model", "ParameterInfo", "Parameters", "Simulation", "State", "parameter"]

P = TypeVar("P", bound=Parameters)
S = TypeVar("S", bound=State)


class Model(ABC, Generic[P, S]):
    """One equation. The docstring of a subclass states it, with its source.

    A model holds no data of a run: all of that is in the State. It may keep caches (compiled kernels, Fourier
    symbols, work arrays) that only depend on the parameters.
    """

    name: ClassVar[str]
    """Family name, as in ``shapelab run NAME``."""
    parameters_type: ClassVar[type[Parameters]]
    state_type: ClassVar[type[State]]
    citation: ClassVar[str] = ""
    edits: ClassVar[tuple[str, ...]] = ()
    """Names of the edits that `edit` understands."""

    @abstractmethod
    def init(self, parameters: P, initial: Any = None) -> S:
        """Return the state at step 0; `initial` may be a user's mask, labels, image or points."""

    @abstractmethod
    def step(self, state: S) -> S:
        """Take one unit of work (at most about 200 ms); may reuse the arrays of `state`."""

    @abstractmethod
    def frame(self, state: S) -> Frame:
        """Return what may be seen of `state`, in arrays that nobody will write to again."""

    def update(self, state: S, parameters: P) -> S:
        """Return `state` under new live `parameters`; by default they simply replace the old ones."""
        state.parameters = parameters
        return state

    def edit(self, state: S, action: str, **arguments: Any) -> S:
        """Apply the user's hand (one of `edits`) to `state`."""
        del arguments
        raise EditError(f"{self.name} has no edit {action!r}; it knows {list(self.edits) or 'none'}.")

    def finished(self, state: S) -> str | None:
        """Return why the run is over (one sentence), or None while it should go on."""
        del state
        return None

    def memory(self, parameters: P) -> int:
        """Return the estimate of the memory a run needs [bytes]."""
        del parameters
        return 0

    def device(self, parameters: P) -> str:
        """Return the device that a run with `parameters` uses ("cpu", "cuda", …)."""
        return getattr(parameters, "device", "cpu")


class Change(NamedTuple):
    """Something done by hand to a run: a live update, or an edit."""

    step: int
    """Steps taken before it."""
    action: str | None
    """Name of the edit, None for an update of parameters."""
    values: Mapping[str, Any]


class Simulation:
    """A model, its parameters and its current state.

    Making one only validates; the state is made at the first step, frame or `prepare`. One thread at a time may
    step it; `stop` may be called from any thread.

    Parameters
    ----------
    model
        The equation.
    parameters
        Validated parameters of the model.
    initial
        What to start from, if not from the model's own initial state (array or layer triple).
    preset
        Name of the preset or scenario the parameters came from, for provenance.
    """

    def __init__(self, model: Model[Any, Any], parameters: Parameters, *, initial: Any = None, preset: str | None = None) -> None:
        self.model = model
        self.initial = initial
        self.preset = preset
        self.done = False
        self.failed = False
        """True if the run is over because its numbers were no longer finite; `reason` is the sentence."""
        self.stopped = False
        """True if `stop` ended the last `run`."""
        self.reason: str | None = None
        self.history: list[Change] | None = []
        """What was done by hand since the start; None after a restored state, whose past is not known."""
        self.origin: tuple[str, int] | None = None
        """Run folder and kept step that this run went on from, if it did; `history` then begins there."""
        self.first_parameters = parameters
        """The parameters that the state was made with."""
        self._parameters = parameters
        self._state: State | None = None
        self._stop = threading.Event()

    def __repr__(self) -> str:
        preset = f", preset={self.preset!r}" if self.preset else ""
        return f"<{type(self).__name__} {self.model.name}{preset} step={self.step_number} {self._parameters!r}>"

    @property
    def parameters(self) -> Parameters:
        """The parameters in force."""
        return self._parameters

    @property
    def device(self) -> str:
        """The device that the run uses."""
        return self.model.device(self._parameters)

    @property
    def step_number(self) -> int:
        """Number of steps taken."""
        return self._state.step if self._state is not None else 0

    def prepare(self) -> None:
        """Make the state if there is none; refuse a run that will not fit into memory."""
        if self._state is None:
            require_memory(self.model.memory(self._parameters), self.device)
            with _memory_errors():
                self._state = self.model.init(self._parameters, self.initial)
            self.first_parameters = self._parameters

    def frame(self) -> Frame:
        """Return what may be seen now."""
        return self.model.frame(self._prepared())

    def step(self) -> None:
        """Take one step; afterwards `done` and `reason` tell whether the run is over."""
        if self.done:
            return
        state = self._prepared()
        try:
            with _memory_errors():
                self._state = self.model.step(state)
        except NotFiniteError as error:
            self._finish(str(error))
            self.failed = True
            return
        reason = self.model.finished(self._state)
        if reason is not None:
            self._finish(reason)

    def run(self, steps: int | None = None, every: int = 10) -> Iterator[Frame]:
        """Return an iterator over a frame after every `every` steps, and one at the end.

        Parameters
        ----------
        steps
            Steps to take at the most; None until the model says that it is over.
        every
            Steps between frames.

        Yields
        ------
        Frame
            The newest frame; the last one is yielded whatever ended the run (`reason` says what).
        """
        if every < 1:
            raise ParameterError(f"every: {every} is not allowed, choose a whole number of steps of at least 1.")
        if steps is not None and steps < 0:
            raise ParameterError(f"steps: {steps} is not allowed, choose a whole number of at least 0, or leave it out to run to the end.")
        self._stop.clear()  # here and not at the first frame, before which somebody may already ask to stop
        return self._frames(steps, every)

    def _frames(self, steps: int | None, every: int) -> Iterator[Frame]:
        self.stopped = False
        first = last = self.step_number
        self.prepare()
        while not self.done and (steps is None or self.step_number - first < steps):
            if self._stop.is_set():
                self.stopped, self.reason = True, "Stopped."
                break
            self.step()
            if self.step_number - last >= every:
                last = self.step_number
                yield self.frame()
        else:
            if not self.done:
                self.reason = f"Step limit of {steps} reached."
        if self.step_number > last or last == first:
            yield self.frame()

    def stop(self) -> None:
        """Ask the last `run` to end after its current step, also before its first frame (any thread may call this)."""
        self._stop.set()

    def update(self, **live: Any) -> None:
        """Change parameters marked live, from the next step on."""
        fixed = sorted(set(live) - self._parameters.live_fields())
        if fixed and self._state is not None:
            allowed = ", ".join(sorted(self._parameters.live_fields()))
            raise ParameterError(f"{', '.join(fixed)} cannot change while the simulation runs; only {allowed} can.")
        parameters = self._parameters.replace(**live)
        if self._state is not None:
            self._state = self.model.update(self._state, parameters)
            self._note(None, live)
        self._parameters = parameters
        self._resume()

    def edit(self, action: str, **arguments: Any) -> None:
        """Apply the user's hand: move a seed, paint a wall… (what the model's `edits` lists)."""
        self._state = self.model.edit(self._prepared(), action, **arguments)
        self._note(action, arguments)
        self._resume()

    def state(self) -> State:
        """Return a copy of the current state: a checkpoint."""
        return self._prepared().copy()

    def restore(self, state: State) -> None:
        """Go on from `state` (a copy of it), bit for bit on the same device."""
        if not isinstance(state, self.model.state_type):
            raise ParameterError(
                f"{self.model.name} cannot go on from a {type(state).__name__}; it needs a {self.model.state_type.__name__}."
            )
        self._state = state.copy()
        self._parameters = state.parameters
        self.history, self.origin = None, None
        self._resume()

    def checkpoint(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the state as ``(plain JSON-ready data, arrays)``, see `State.pack`."""
        return self._prepared().pack()

    def restore_checkpoint(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `checkpoint` returned."""
        parameters = self.model.parameters_type.from_json(plain["parameters"])
        self.restore(self.model.state_type.unpack(plain, arrays, parameters))

    def _prepared(self) -> State:
        self.prepare()
        assert self._state is not None
        return self._state

    def _note(self, action: str | None, values: Mapping[str, Any]) -> None:
        if self.history is not None:
            self.history.append(Change(self.step_number, action, dict(values)))

    def _finish(self, reason: str) -> None:
        self.done, self.reason = True, reason

    def _resume(self) -> None:
        self.done, self.failed, self.reason = False, False, None


class _memory_errors:
    """Turn the out-of-memory errors of NumPy and torch into one sentence."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None:
            return
        if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
            raise OutOfMemoryError("There is not enough memory for this run: choose a smaller shape or a coarser grid.") from error
