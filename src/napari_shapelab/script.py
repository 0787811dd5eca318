"""The run as a Python script that makes it again."""

from __future__ import annotations

from typing import Any

from shapelab.catalog import family, scenario
from shapelab.parameters import Parameters

__all__ = ["script_of"]


def script_of(
    family_name: str, preset: str | None, parameters: Parameters, *, observable: str, layer: str, source: str | None = None
) -> str:
    """Return a script.

    Parameters
    ----------
    family_name, preset
        As in `shapelab.catalog`.
    parameters
        Those in force; the script states what differs from the preset's.
    observable
        Scalar that the script prints.
    layer
        Layer of the frames that it keeps.
    source
        File that the run started from, if it started from an image; "" if its file is not known.
    """
    entry = family(family_name)
    common = type(parameters)(**scenario(family_name, preset).parameters) if preset else type(parameters)()
    changed = {name: value for name, value in parameters if value != getattr(common, name)}
    arguments = [f"{entry.keyword}={preset!r}"] if preset else []
    lines = ["import shapelab as sl"]
    if source is not None:
        lines += ["from shapelab.io import read_image", "", f"start = read_image({source or 'your_mask.tif'!r})"]
        arguments += ["initial=start", "target=start"] if changed.get("fidelity") else ["initial=start"]
    arguments += [f"{name}={_literal(value)}" for name, value in changed.items()]
    maker = entry.simulation.partition(":")[2]
    lines += ["", f"sim = sl.{maker}(", *(f"    {argument}," for argument in arguments), ")"]
    lines += [
        "for frame in sim.run(every=50):",
        f"    print(frame.step, frame.scalars[{observable!r}])",
        "print(sim.reason)",
        "",
        f"{layer} = frame[{layer!r}]  # NumPy array (z, y, x)",
        "print(sl.measure(field, spacing=sim.parameters.voxel_size))" if layer == "field" else "",
    ]
    return "\n".join(lines).rstrip() + "\n"


def _literal(value: Any) -> str:
    return repr(value)
