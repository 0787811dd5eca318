"""A run as a Python script or a command that repeats it: same parameters, seed and changes by hand, same result."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.catalog import Family, families, scenarios
from shapelab.errors import InputError
from shapelab.frame import LayerData
from shapelab.io.output import new_file
from shapelab.simulation import Simulation

__all__ = ["as_command", "as_script", "edited_arrays", "given_arrays", "option_words", "save_array"]

_WRITTEN_OUT = 100
"""Numbers that a script writes out; larger arrays are saved beside it."""


def as_script(simulation: Simulation, folder: str | Path | None = None) -> str:
    """Return a Python script that repeats `simulation` up to its present step.

    Parameters
    ----------
    simulation
        A run of a family that the catalog knows. Changes of live parameters are repeated at their steps. A run that
        was resumed from a run folder is so in the script too.
    folder
        Where to save the arrays that the run was given (starting shape, painted walls…); the script loads them from
        there. By default it expects them beside it, and its first lines name them.

    Raises
    ------
    InputError
        If the run was resumed from a restored state, so that a script cannot repeat it.
    """
    history, by_hand = _history(simulation), edited_arrays(simulation)
    begin, done = _resumed(*simulation.origin) if simulation.origin is not None else (_made(simulation, folder), 0)
    lines = [*_loading(by_hand, folder), *begin] if by_hand else [*begin]
    for number, change in enumerate(history, 1):
        lines += _run(change.step - done)
        done = change.step
        loaded = {name: _load(_edited(number, name), folder) for name in change.values if _edited(number, name) in by_hand}
        what = ", ".join(f"{name}={loaded.get(name) or _plain(value)}" for name, value in change.values.items())
        lines.append(f"simulation.update({what})" if change.action is None else f"simulation.edit({change.action!r}, {what})")
    lines += [*_run(simulation.step_number - done), "frame = simulation.frame()", "print(frame.step, dict(frame.scalars))", ""]
    return "\n".join(lines)


def edited_arrays(simulation: Simulation) -> dict[str, np.ndarray]:
    """Return name -> array of what was edited by hand and is too large to be written out, such as a painted wall."""
    return {
        _edited(number, name): np.asarray(value)
        for number, change in enumerate(simulation.history or [], 1)
        for name, value in change.values.items()
        if isinstance(value, np.ndarray) and value.size > _WRITTEN_OUT
    }


def _edited(number: int, name: str) -> str:
    return f"edit_{number}_{name}"


def _loading(arrays: Mapping[str, np.ndarray], folder: str | Path | None) -> list[str]:
    """Return the first lines of a script that loads arrays; they are saved in `folder`, if that is given."""
    if folder is None:
        return ["import numpy as np", "", f"# beside this script: {', '.join(f'{name}.npy' for name in arrays)}"]
    for name, array in arrays.items():
        save_array(Path(folder) / f"{name}.npy", array)
    return ["import numpy as np", ""]


def _load(name: str, folder: str | Path | None) -> str:
    return f"np.load({(f'{name}.npy' if folder is None else (Path(folder) / f'{name}.npy').as_posix())!r})"


def _resumed(path: str, step: int) -> tuple[list[str], int]:
    return ["from shapelab.io import load_run", "", f"simulation = load_run({path!r}).simulation({step})"], step


def _made(simulation: Simulation, folder: str | Path | None) -> list[str]:
    """Return the lines that make the simulation again; its arrays are saved in `folder`, if that is given."""
    entry = _family(simulation)
    arrays = given_arrays(simulation)
    if folder is not None:
        for name, layer in arrays.items():
            save_array(Path(folder) / f"{name}.npy", np.asarray(layer.data))
    lines = ["import numpy as np", ""] if arrays else []
    lines += ["import shapelab as sl", ""]
    if arrays and folder is None:
        lines.append(f"# beside this script: {', '.join(f'{name}.npy' for name in arrays)}")
    arguments = [*_arguments(simulation, entry), *_array_arguments(arrays, folder)]
    return [*lines, f"simulation = sl.{entry.simulation.rpartition(':')[2]}(", *(f"    {argument}," for argument in arguments), ")"]


def save_array(file: Path, array: np.ndarray) -> None:
    """Save an array; another one of that name is not overwritten."""
    if file.exists():
        present = np.load(file, mmap_mode="r", allow_pickle=False)
        if present.dtype == array.dtype and np.array_equal(present, array):
            return
        raise InputError(f"{str(file)!r} already exists and holds something else: choose another folder; nothing was overwritten.")
    with new_file(file) as partial, partial.open("wb") as stream:  # by name, numpy would add a suffix
        np.save(stream, array)


def as_command(simulation: Simulation) -> str:
    """Return the ``shapelab run`` command (or ``resume``, for a run that was resumed from a folder) that repeats `simulation`.

    What it computes is kept in a run folder named after the preset, in the folder where the command is called.

    Raises
    ------
    InputError
        If the run was given arrays or changed by hand: only a script can repeat that.
    """
    entry = _family(simulation)
    if _history(simulation) or given_arrays(simulation):
        raise InputError("A command cannot repeat a run that was given arrays or changed by hand; copy it as a Python script.")
    steps, out = simulation.step_number, f"{simulation.preset or entry.name}.zarr"
    if simulation.origin is not None:
        path, first = simulation.origin
        words, steps, out = ["shapelab", "resume", path, "--from-step", str(first)], steps - first, f"{Path(path).stem}-{first}.zarr"
    else:
        words = ["shapelab", "run", entry.name]
        if simulation.preset:
            words += [f"--{entry.keyword}", simulation.preset]
        words += option_words(_differences(simulation, entry))
    words += ["--out", out]
    return shlex.join([*words, "--steps", str(steps)] if steps else words)


def option_words(values: Mapping[str, Any]) -> list[str]:
    """Return parameters as the options of a command: ``interface_width`` as ``--interface-width=…``."""
    words = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        words += [option, *map(str, value)] if isinstance(value, list | tuple) else [f"{option}={value}"]
    return words


def given_arrays(simulation: Simulation) -> dict[str, LayerData]:
    """Return argument name -> array that the run was given beside its parameters, {} if none.

    What a model takes as `initial` may say this itself, by a method ``layers() -> Mapping[str, LayerData]``; there
    "fields.a20" stands for the item "a20" of the argument `fields`.
    """
    initial = simulation.initial
    if initial is None:
        return {}
    if hasattr(initial, "layers"):
        return dict(initial.layers())
    if isinstance(initial, LayerData):
        return {"initial": initial}
    return {"initial": LayerData("initial", np.asarray(initial), "image")}


def _history(simulation: Simulation) -> list[Any]:
    if simulation.history is None:
        raise InputError(
            "This run was continued from a restored checkpoint, so its history is not known; repeat it from the checkpoint instead."
        )
    return simulation.history


def _family(simulation: Simulation) -> Family:
    for entry in families().values():
        if simulation.model.name == entry.name or (simulation.preset and simulation.preset in scenarios(entry.name)):
            return entry
    raise InputError(f"The catalog has no family {simulation.model.name!r}, so that no script can make its simulation.")


def _differences(simulation: Simulation, entry: Family) -> dict[str, Any]:
    """Return the parameters that differ from those of the preset."""
    first = simulation.first_parameters
    preset = scenarios(entry.name)[simulation.preset].parameters if simulation.preset else {}
    reference = type(first)(**preset)
    return {name: getattr(first, name) for name in type(first).model_fields if getattr(first, name) != getattr(reference, name)}


def _arguments(simulation: Simulation, entry: Family) -> list[str]:
    """Return the arguments: all that differs from the preset, the seed, and everything where arrays may bring their own values."""
    first = simulation.first_parameters
    names = list(type(first).model_fields) if given_arrays(simulation) else [*_differences(simulation, entry)]
    if "seed" in type(first).model_fields and "seed" not in names:
        names.append("seed")
    preset = [repr(simulation.preset)] if simulation.preset else []
    return preset + [f"{name}={_plain(getattr(first, name))}" for name in names]


def _plain(value: Any) -> str:
    return repr(value.tolist() if isinstance(value, np.generic | np.ndarray) else value)


def _array_arguments(arrays: Mapping[str, LayerData], folder: str | Path | None) -> list[str]:
    """Return arguments that load the arrays; "fields.a20" is the item "a20" of the argument `fields`."""
    groups: dict[str, list[str]] = {}
    for name, layer in arrays.items():
        argument, _, item = name.partition(".")
        path = f"{name}.npy" if folder is None else (Path(folder) / f"{name}.npy").as_posix()
        meta = {key: layer.meta[key] for key in ("scale", "units", "features") if key in layer.meta}
        loaded = f"{item!r}: np.load({path!r})" if item else f"(np.load({path!r}), {meta!r}, {layer.kind!r})"
        groups.setdefault(argument, []).append(loaded)
    items = {name.partition(".")[0] for name in arrays if "." in name}
    return [f"{name}={{{', '.join(parts)}}}" if name in items else f"{name}={parts[0]}" for name, parts in groups.items()]


def _run(steps: int) -> list[str]:
    return [f"for frame in simulation.run(steps={steps}, every=50):", "    pass"] if steps else []
