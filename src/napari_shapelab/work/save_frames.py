"""A button for a run of which only the present frame is there: its frames are saved from now on, so that they become a movie."""

from __future__ import annotations

from collections.abc import Callable

from napari.layers import Layer
from qtpy.QtWidgets import QPushButton

from napari_shapelab.viewer.recorded import FrameSaver, saver_of

__all__ = ["SaveFramesButton"]


class SaveFramesButton(QPushButton):
    """The button; it is hidden until a run needs it.

    Parameters
    ----------
    say
        Shows a sentence.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__("Save the run's frames")
        self._say = say
        self._saver: FrameSaver | None = None
        self.setToolTip("Tick Save every in the run's dock, so that its frames can be measured and compared.")
        self.clicked.connect(lambda _=False: self.save())
        self.setVisible(False)

    def offer(self, *layers: Layer | None) -> None:
        """Show the button if one of these is a run whose frames can be saved, and are not."""
        savers = [saver_of(layer) for layer in layers if layer is not None]
        self._saver = next((saver for saver in savers if saver is not None), None)
        self.setVisible(self._saver is not None)

    def save(self) -> None:
        """Save the frames of the run from now on."""
        if self._saver is not None:
            self._say(self._saver.save_frames())
            self.setVisible(False)
