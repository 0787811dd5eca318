"""Copy what a dock computes as a Python script; the layers that it is computed from are saved where the script loads them."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtWidgets import QApplication, QPushButton

from napari_shapelab.viewer.layer_data import TakenLayer
from napari_shapelab.viewer.shapes import read_shape
from napari_shapelab.widgets.file_dialog import ask_folder
from napari_shapelab.work.task import Task
from shapelab.device import require_memory
from shapelab.errors import ShapelabError
from shapelab.frame import LayerData
from shapelab.movies import Movie
from shapelab.script import save_array

__all__ = ["CommandButton", "Script", "ScriptButton", "measure_command", "written"]

_WRITTEN_OUT = 100
"""Times that a script writes out; more are saved beside it."""


@dataclass(frozen=True)
class Script:
    """What a script does."""

    body: Sequence[str]
    """Lines that compute and print; each layer stands in the variable of its name, as a `LayerData`."""
    layers: Mapping[str, TakenLayer] = field(default_factory=dict)
    """Variable -> layer that the script loads."""
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Variable -> other array that it loads."""
    movies: Mapping[str, Movie] = field(default_factory=dict)
    """Variable -> movie that it loads."""


class ScriptButton(QPushButton):
    """The button.

    Parameters
    ----------
    make
        Returns what the script does; ShapelabError if there is nothing to do.
    say
        Shows a sentence, and whether something is wrong.
    """

    def __init__(self, make: Callable[[], Script], say: Callable[[str, bool], None]) -> None:
        super().__init__("Script")
        self._make, self._say = make, say
        self.setToolTip("Copy a Python script that computes this again; the layers it starts from are saved in a folder that you choose.")
        self.clicked.connect(lambda _=False: self.copy())

    def copy(self, folder: str | Path | None = None) -> None:
        """Put the script on the clipboard; its arrays go into `folder`, which the user is asked for if there is none."""
        try:
            script = self._make()
        except ShapelabError as error:
            self._say(str(error), True)
            return
        names = [*script.layers, *script.arrays, *script.movies]
        if names and folder is None:
            folder = ask_folder(self, f"Folder for {', '.join(f'{name}.npy' for name in names)}, which the script loads", save=True)
            if not folder:
                return
        work = partial(written, script, Path(folder) if folder is not None else Path())
        Task(self, work, self._show, lambda text: self._say(text, True))

    def _show(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self._say("The script is on the clipboard.", False)


class CommandButton(ScriptButton):
    """The same for a command line; the layer that it reads is saved, too.

    Parameters
    ----------
    make
        Returns the words of the command, in which the layer stands for its file; ShapelabError if a command cannot do it.
    say
        Shows a sentence, and whether something is wrong.
    """

    def __init__(self, make: Callable[[], Sequence[str | TakenLayer]], say: Callable[[str, bool], None]) -> None:
        super().__init__(lambda: Script(()), say)
        self._words = make
        self.setText("Command")
        self.setToolTip("Copy a command line that computes this again; the layer it reads is saved in a folder that you choose.")

    def copy(self, folder: str | Path | None = None) -> None:
        """Put the command on the clipboard; its layer goes into `folder`, which the user is asked for if there is none."""
        try:
            words = list(self._words())
        except ShapelabError as error:
            self._say(str(error), True)
            return
        if folder is None and any(isinstance(word, TakenLayer) for word in words):
            folder = ask_folder(self, "Folder for the layer, which the command reads", save=True)
            if not folder:
                return
        place = Path(folder) if folder is not None else Path()
        Task(self, lambda: shlex.join(written_words(words, place)), self._show, lambda text: self._say(text, True))

    def _show(self, text: str) -> None:
        QApplication.clipboard().setText(text)
        self._say("The command is on the clipboard.", False)


def written(script: Script, folder: Path) -> str:
    """Save the arrays of a script, and return its text; not in the window's thread.

    Raises
    ------
    InputError
        If a layer cannot be read, or a file already exists and holds something else.
    """
    lines = ["import numpy as np", "", "import shapelab as sl", "from shapelab.frame import LayerData", ""]
    if script.movies:
        lines[-1:] = ["from shapelab.movies import as_movie", ""]
    if not script.layers and not script.arrays and not script.movies:
        lines = ["import shapelab as sl", ""]
    for variable, taken in script.layers.items():
        layer = (read_shape(taken) if taken.kind in ("labels", "image") else taken.read()).layer_data()
        lines.append(_loaded(variable, layer, folder))
    for variable, array in script.arrays.items():
        lines.append(f"{variable} = {_saved(folder, variable, array)}")
    for variable, movie in script.movies.items():
        lines.append(_loaded_movie(variable, movie, folder))
    return "\n".join([*lines, *script.body, ""])


def measure_command(taken: TakenLayer, folder: Path) -> str:
    """Save a layer, and return the ``shapelab measure`` command that measures it; not in the window's thread."""
    words = written_words(["shapelab", "measure", taken], folder)
    return shlex.join([*words, *(["--periodic"] if taken.periodic else [])])


def written_words(words: Sequence[str | TakenLayer], folder: Path) -> list[str]:
    """Save the layers among the words of a command; return words that read them; not in the window's thread."""
    found: list[str] = []
    for word in words:
        if isinstance(word, str):
            found.append(word)
            continue
        read = read_shape(word)
        path = folder / f"{_file_name(word.name)}.npy"
        save_array(path, np.asarray(read.data))
        found += [str(path), "--voxel-size", *(f"{step:.12g}" for step in read.spacing)]
        found += (["--unit", read.unit] if read.unit else []) + (["--labels"] if word.kind == "labels" else [])
    return found


def _loaded(variable: str, layer: LayerData, folder: Path) -> str:
    if layer.kind == "surface":
        parts = (_saved(folder, f"{variable}_{part}", array) for part, array in zip(("vertices", "faces"), layer.data, strict=True))
        data = f"({', '.join(parts)})"
    else:
        data = _saved(folder, variable, layer.data)
    return f"{variable} = LayerData({layer.name!r}, {data}, {layer.kind!r}, {_plain(layer.meta)!r})"


def _loaded_movie(variable: str, movie: Movie, folder: Path) -> str:
    require_memory(len(movie) * math.prod(movie.shape) * movie[0].itemsize)
    frames = _saved(folder, variable, np.stack(list(movie)))
    meta = {**movie.place.meta(), "units": (movie.unit or "pixel",) * movie.ndim}
    given = [f"LayerData({variable!r}, {frames}, 'labels', {_plain(meta)!r})"]
    if movie.time_unit != "frame":
        short = len(movie) <= _WRITTEN_OUT
        given.append(f"times={movie.times.tolist() if short else _saved(folder, f'{variable}_times', movie.times)}")
    given += [f"time_unit={movie.time_unit!r}"] if movie.time_unit not in ("", "frame") else []
    given += [f"periodic={movie.periodic!r}"] if any(movie.periodic) else []
    return f"{variable} = as_movie({', '.join(given)})"


def _saved(folder: Path, name: str, array: Any) -> str:
    path = folder.absolute() / f"{name}.npy"
    save_array(path, np.asarray(array))
    return f"np.load({str(path)!r})"


def _plain(value: Any) -> Any:
    """Return the same in Python's own numbers, which a script can spell."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(_plain(entry) for entry in value)
    return value


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name).strip("_") or "layer"
