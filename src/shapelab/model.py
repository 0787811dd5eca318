"""What a family of simulations is made of: one class per equation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar

from shapelab.errors import EditError
from shapelab.frame import Frame
from shapelab.parameters import Parameters
from shapelab.state import State

__all__ = ["Model"]

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

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        """Copy and send a model without its caches."""
        return type(self), ()

    @abstractmethod
    def init(self, parameters: P, initial: Any = None) -> S:
        """Return the state at step 0; `initial` may be a user's mask, labels, image or points."""

    @abstractmethod
    def step(self, state: S) -> S:
        """Take one unit of work (at most about 200 ms); may reuse the arrays of `state`."""

    @abstractmethod
    def frame(self, state: S) -> Frame:
        """Return what may be seen of `state`, in arrays that nobody will write to again."""

    def statistics(self, state: S) -> Mapping[str, float]:
        """Return the observables that the `expect` of a scenario is about: by default the scalars of the frame."""
        return self.frame(state).scalars

    def update(self, state: S, parameters: P) -> S:
        """Return `state` under new live `parameters`; by default they simply replace the old ones."""
        state.parameters = parameters
        return state

    def edit(self, state: S, action: str, **arguments: Any) -> S:
        """Apply the user's hand (one of `edits`) to `state`."""
        del arguments
        raise EditError(f"{self.name} has no edit {action!r}; choose from {list(self.edits) or 'none'}.")

    def finished(self, state: S) -> str | None:
        """Return why the run is over (one sentence), or None while it should go on."""
        del state
        return None

    def warm_up(self, parameters: P) -> None:
        """Compile what a run needs, if that takes long: so that a run can be stopped meanwhile. Must be safe on any thread."""
        del parameters

    def snapshot(self, state: S) -> S:
        """Return what a step of `state` that is stopped within goes back to; by default a copy."""
        return state.copy()

    def drawable(self, state: S) -> S | None:
        """Return a small copy of `state`, which `draw` can draw finer; None if frames are as fine as they get."""
        del state
        return None

    def forget(self) -> None:
        """Drop caches that work which was stopped within may have left half made."""

    def memory(self, parameters: P, initial: Any = None) -> int:
        """Return the estimate of the memory a run needs at its highest, with its start and two frames [bytes]."""
        del parameters, initial
        return 0

    def device(self, parameters: P) -> str:
        """Return the device that a run with `parameters` uses ("cpu", "cuda", …)."""
        return getattr(parameters, "device", "cpu")
