"""The one contract: parameters make a simulation, a simulation takes steps, now and then it hands out a frame."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import numpy as np

from shapelab.arguments import checked
from shapelab.device import require_memory
from shapelab.errors import NotFiniteError, OutOfMemoryError, ParameterError, Stopped
from shapelab.frame import Frame, LayerData, LayerKind
from shapelab.model import Model
from shapelab.numerical_errors import numerical_errors_in_words
from shapelab.parameters import ParameterInfo, Parameters, parameter
from shapelab.state import State
from shapelab.stopping import apart, check_stop, stoppable

__all__ = ["Change", "Frame", "LayerData", "LayerKind", "Model", "ParameterInfo", "Parameters", "Simulation", "State", "parameter"]


T = TypeVar("T")


class Change(NamedTuple):
    """Something done by hand to a run: a live update, or an edit."""

    step: int
    """Steps taken before it."""
    action: str | None
    """Name of the edit, None for an update of parameters."""
    values: Mapping[str, Any]


class Simulation:
    """A model, its parameters and its current state.

    Creating one only validates its parameters; the state is made at the first step, frame or `prepare`. One thread at a time may
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
        """Run folder and saved step that this run was resumed from, None if it was not; `history` then begins there."""
        self.first_parameters = parameters
        """The parameters that the state was made with."""
        self._parameters = parameters
        self._state: State | None = None
        self._stop = threading.Event()
        self._warm = False

    def __repr__(self) -> str:
        preset = f", preset={self.preset!r}" if self.preset else ""
        return f"<{type(self).__name__} {self.model.name}{preset} step={self.step_number} {self._parameters!r}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy goes on from, bit for bit on the same device, also in another process."""
        kept = {name: value for name, value in vars(self).items() if name != "_stop"}
        return {**kept, "_state": None if self._state is None else self._state.copy(), "_warm": False}

    def __setstate__(self, kept: dict[str, Any]) -> None:
        vars(self).update(kept)
        self._stop = threading.Event()

    @property
    def parameters(self) -> Parameters:
        """The parameters in force."""
        return self._parameters

    @property
    def device(self) -> str:
        """The device that the run uses."""
        return self.model.device(self._parameters)

    @property
    def periodic(self) -> bool:
        """Whether opposite sides of the box are joined."""
        given = self._parameters
        return bool(
            getattr(self.model, "periodic", False) or getattr(given, "periodic", False) or getattr(given, "boundary", None) == "periodic"
        )

    @property
    def step_number(self) -> int:
        """Number of steps taken."""
        return self._state.step if self._state is not None else 0

    def prepare(self) -> None:
        """Make the state if there is none; refuse a run that will not fit into memory.

        Raises
        ------
        OutOfMemoryError
            If it will not fit.
        Stopped
            If `stop` was called meanwhile: there is still no state.
        """
        if self._state is not None:
            return
        require_memory(self.model.memory(self._parameters, self.initial), self.device)
        try:
            with numerical_errors_in_words(), stoppable(self._stop):
                check_stop()
                self._warm_up()
                self._state = self.model.init(self._parameters, self.initial)
        except Stopped:
            self._interrupted()
            raise
        except OutOfMemoryError:
            self.model.forget()  # what was made so far
            raise
        self.first_parameters = self._parameters

    def frame(self) -> Frame:
        """Return what may be seen now."""
        state = self._prepared()
        with numerical_errors_in_words():
            return self.model.frame(state)

    def step(self) -> None:
        """Take one step; afterwards `done` and `reason` tell whether the run is over.

        A step within which `stop` is called is not taken: the state stays that of before, bit for bit.
        """
        if not self.done:
            self._step()

    def _step(self) -> bool:
        """Take a step; return False if it was stopped within."""
        state = self._prepared()
        before = self.model.snapshot(state)
        try:
            with numerical_errors_in_words(), stoppable(self._stop):
                check_stop()
                self._warm_up()
                self._state = self.model.step(state)
        except Stopped:
            self._state = before
            self._interrupted()
            check_stop()  # whoever works with this run may be stopped too, and must hear of it
            return False
        except NotFiniteError as error:
            self._finish(str(error))
            self.failed = True
            return True
        reason = self.model.finished(self._state)
        if reason is not None:
            self._finish(reason)
        return True

    def _warm_up(self) -> None:
        """Compile what a step needs, once; a state that was restored has not been prepared."""
        if not self._warm:
            apart(partial(self.model.warm_up, self._parameters))
            self._warm = True

    def _interrupted(self) -> None:
        self._stop.clear()
        self.model.forget()
        self.stopped, self.reason = True, "Stopped."

    @checked()
    def run(self, steps: int | None = None, every: int = 10) -> Iterator[Frame]:
        """Return an iterator over a frame after every `every` steps, and one at the end.

        Parameters
        ----------
        steps
            Most steps to take; None to run until the model says that it is over.
        every
            Steps between frames.

        Returns
        -------
        Iterator of Frame
            The newest frames; the last one is yielded whatever ended the run (`reason` says what), unless `stop` came
            while the first state was made.
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
        early = self._stop.is_set()  # before it began: then there is one frame, of the start
        self._stop.clear()
        try:
            self.prepare()
        except Stopped:
            check_stop()
            return
        if early:
            self._interrupted()
            yield self.frame()
            return
        while not self.done and (steps is None or self.step_number - first < steps):
            if not self._step():
                break
            if self.step_number - last >= every:
                last = self.step_number
                yield self.frame()
        else:
            if not self.done:
                self.reason = f"Step limit of {steps} reached."
        if self.step_number > last or last == first:
            yield self.frame()

    def stop(self) -> None:
        """Ask `run`, `prepare` or `step` to end: within the present step, which is then not taken (any thread may call this).

        What has not begun yet ends at its beginning; calling `run` again takes the wish back.
        """
        self._stop.set()

    @contextlib.contextmanager
    def stoppable(self) -> Iterator[None]:
        """Let `stop` end what else is done with this run within the block, with `Stopped`; the run itself stays as it is."""
        try:
            with stoppable(self._stop):
                check_stop()
                yield
        except Stopped:
            self._stop.clear()
            raise

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

    @checked()
    def show(self, *, steps: int | None = None, play: bool = True) -> Any:
        """Show this run in a notebook while it goes on: a picture to turn, buttons, and sliders for what may change.

        It runs on a thread of its own; pause it before you step or change it from Python.

        Parameters
        ----------
        steps
            Most steps to take; None to run until the model says that it is over.
        play
            Whether it begins to run as soon as it is seen.

        Returns
        -------
        shapelab.page.notebook.RunView
            What the notebook shows; its method `close` ends the run and leaves a picture.

        Raises
        ------
        InputError
            If anywidget is not installed, there is no notebook, or a page cannot show this simulation.
        """
        # by its name: pages stand on a floor above this one
        return import_module("shapelab.page.notebook").run_view(self, steps=steps, play=play)

    def state(self) -> State:
        """Return a copy of the current state: a checkpoint."""
        return self._prepared().copy()

    def look(self, function: Callable[[State], T]) -> T:
        """Return what `function` makes of the current state itself, which it must not change or keep: `state` without the copy."""
        return function(self._prepared())

    def restore(self, state: State) -> None:
        """Continue from `state` (a copy of it), bit for bit on the same device."""
        if not isinstance(state, self.model.state_type):
            raise ParameterError(
                f"{self.model.name} cannot resume from a {type(state).__name__}; it needs a {self.model.state_type.__name__}."
            )
        self._state = state.copy()
        self._parameters = state.parameters
        self.history, self.origin = None, None
        self._resume()

    def checkpoint(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the state as ``(plain JSON-ready data, arrays)``, see `State.pack`."""
        return self._prepared().pack()

    def drawable(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Return, packed as a checkpoint is, what the present frame can be drawn from on any grid; None where there is no such thing."""
        small = self.model.drawable(self._prepared())
        return None if small is None else small.pack()

    def restore_checkpoint(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Continue from what `checkpoint` returned."""
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
