"""A run in a notebook: the page of a simulation in a frame, and the run that goes on in Python beside it."""

from __future__ import annotations

import base64
import io
import uuid
from typing import Any
from weakref import WeakKeyDictionary

from PIL import Image

from shapelab.batch.thumbnails import thumbnail
from shapelab.errors import InputError
from shapelab.page.live_run import LiveRun
from shapelab.page.template import notebook_program
from shapelab.simulation import Simulation

__all__ = ["RunView", "run_view"]

_PICTURE = 220
"""Side of the picture that stays in a saved notebook [pixels]."""
_SURFACE = (230, 160, 90)

_shown: WeakKeyDictionary[Simulation, RunView] = WeakKeyDictionary()
"""A simulation is stepped by one view at a time."""


class RunView:
    """A page that shows a simulation while it runs, with its buttons and sliders.

    The run pauses when the last output that shows it is cleared, and ends with `close`.

    Parameters
    ----------
    run
        What is shown.
    play
        Whether it begins to run as soon as it is seen.

    Raises
    ------
    InputError
        If anywidget is not installed, or there is no notebook.
    """

    def __init__(self, run: LiveRun, *, play: bool = True) -> None:
        self.run, self._play, self._outputs, self._displayed = run, play, 0, False
        self._name = uuid.uuid4().hex
        self.widget = _widget(run.scene.page())
        """What a notebook shows (`anywidget.AnyWidget`), for layouts of widgets."""
        run.send, run.rested = self.widget.send, self._keep_picture
        self.widget.on_msg(lambda _, content, buffers: self._receive(content))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.run.simulation!r}>"

    def close(self) -> None:
        """End the run and leave the picture of its last frame."""
        self.run.stop()
        self.run.wait()
        if self._displayed:
            self._displayed = False
            _publish(self._picture(), {}, self._name, again=True)
        self.widget.close()

    def _receive(self, content: Any) -> None:
        """Do what was pressed in the page."""
        known = content if isinstance(content, dict) else {}
        match known.get("kind"):
            case "open":
                self._outputs += 1
                self.run.show()
                if self._play:
                    self._play = False
                    self.run.play()
            case "closed":
                self._outputs -= 1
                if self._outputs <= 0:
                    self.run.pause()
            case "play":
                self.run.play()
            case "pause":
                self.run.pause()
            case "stop":
                self.run.stop()
            case "drawn":
                self.run.drawn()
            case "update":
                self.run.update(str(known.get("name")), known.get("value"))

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the widget, and a picture for where there is no kernel."""
        data, meta = self.widget._repr_mimebundle_(**kwargs) or ({}, {})
        return {**self._picture(), **data, "text/plain": repr(self)}, meta

    def _ipython_display_(self) -> None:
        self._displayed = True
        _publish(*self._repr_mimebundle_(), self._name)

    def _keep_picture(self) -> None:
        """Put the newest picture into the notebook, beside the widget."""
        if self._displayed:
            _publish(*self._repr_mimebundle_(), self._name, again=True)

    def _picture(self) -> dict[str, Any]:
        layer = next(layer for layer in self.run.scene.frame if layer.kind in ("image", "labels"))
        file = io.BytesIO()
        Image.fromarray(thumbnail(layer, _PICTURE, _SURFACE)).save(file, "PNG", optimize=True)
        return {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": repr(self)}


def run_view(simulation: Simulation, *, steps: int | None = None, play: bool = True) -> RunView:
    """Return a view of a simulation; another one that there is already is closed.

    Raises
    ------
    InputError
        If anywidget is not installed, there is no notebook, or a page cannot show this simulation.
    """
    before = _shown.pop(simulation, None)
    if before is not None:
        before.close()
    view = _shown[simulation] = RunView(LiveRun(simulation, steps=steps), play=play)
    return view


def _widget(text: str) -> Any:
    """Return a widget that shows a page and passes messages on."""
    try:
        import anywidget
        import traitlets
        from comm import DummyComm
    except ImportError as error:
        raise InputError("show() needs anywidget: install it with  pip install 'napari-shapelab[notebook]'.") from error

    class PageWidget(anywidget.AnyWidget):
        _esm = traitlets.Unicode(notebook_program()).tag(sync=True)
        page = traitlets.Unicode().tag(sync=True)

    widget = PageWidget(page=text)
    if isinstance(widget.comm, DummyComm):
        widget.close()
        raise InputError("There is no notebook here: call show() in Jupyter, or write a page with shapelab.page.write_page.")
    return widget


def _publish(data: dict[str, Any], meta: dict[str, Any], name: str, *, again: bool = False) -> None:
    """Show what has several forms as an output, or in the place of the output of that name."""
    from IPython import display

    show: Any = display.update_display if again else display.display
    show(data, metadata=meta, raw=True, display_id=name)
