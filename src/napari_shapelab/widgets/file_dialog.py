"""Ask for a file or a folder, beginning where the user was last: the folders that napari's own dialogs remember."""

from __future__ import annotations

from pathlib import Path

from napari.utils.history import get_open_history, get_save_history, update_open_history, update_save_history
from qtpy.QtWidgets import QFileDialog, QWidget

__all__ = ["ask_file", "ask_files", "ask_folder", "ask_target"]


def ask_file(parent: QWidget, title: str, filters: str) -> str:
    """Return the file to open that the user chooses, "" for none."""
    path, _ = QFileDialog.getOpenFileName(parent, title, get_open_history()[0], filters)
    if path:
        update_open_history(path)
    return str(path)


def ask_files(parent: QWidget, title: str, filters: str) -> list[str]:
    """Return the files to open that the user chooses, none for none."""
    paths, _ = QFileDialog.getOpenFileNames(parent, title, get_open_history()[0], filters)
    if paths:
        update_open_history(paths[0])
    return [str(path) for path in paths]


def ask_folder(parent: QWidget, title: str, *, save: bool = False) -> str:
    """Return the folder that the user chooses to open (or to `save` into), "" for none."""
    path = QFileDialog.getExistingDirectory(parent, title, (get_save_history() if save else get_open_history())[0])
    if path:
        (update_save_history if save else update_open_history)(str(path))
    return str(path)


def ask_target(parent: QWidget, title: str, name: str, filters: str, *, overwrite: bool = True) -> str:
    """Return the file to write that the user chooses, "" for none.

    Parameters
    ----------
    parent, title
        Parent and title of the dialog.
    name
        Proposed name: of a file in the folder that was saved to last, or a whole path.
    filters
        Kinds of files, as Qt writes them.
    overwrite
        Whether Qt asks before a file is replaced; otherwise whoever writes the file says that it exists.
    """
    proposed = Path(name) if Path(name).is_absolute() else Path(get_save_history()[0]) / name
    options = QFileDialog.Option(0) if overwrite else QFileDialog.Option.DontConfirmOverwrite
    path, _ = QFileDialog.getSaveFileName(parent, title, str(proposed), filters, options=options)
    if path:
        update_save_history(path)
    return str(path)
