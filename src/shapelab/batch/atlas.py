"""An atlas: the shapes of a sweep with their parameters and curvature diagrams, in memory and in one small file."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapelab.arguments import checked
from shapelab.batch.diagrams import diagram_from_rows, diagram_rows, member_diagram
from shapelab.batch.member import MEMBERS, RUN, Outcome
from shapelab.batch.sweep import PLAN, load_sweep
from shapelab.catalog import create, family
from shapelab.device import require_memory
from shapelab.errors import InputError, ShapelabError
from shapelab.frame import Frame, LayerData
from shapelab.io.layer_meta import check_place, plain_meta
from shapelab.io.presence import is_file, is_folder
from shapelab.measure import CurvatureDiagram
from shapelab.short_repr import short_repr
from shapelab.simulation import Simulation

__all__ = ["Atlas", "AtlasMember", "open_atlas", "shipped_atlas"]

SHIPPED = Path(__file__).parent / "atlas.npz"

_FORMAT = {"format": "shapelab atlas", "version": 1}
_LEVELS = 15
"""Steps between 0 and 1 that a stored field keeps; the surface moves by less than a tenth of a voxel."""
_FREE, _PACKING, _HELD = 50_000_000, 40, 30_000
"""An atlas may unpack to so many bytes and so many times its size; a member's diagram and entries take so much besides [bytes]."""

Progress = Callable[[int, int], None]


@short_repr
@dataclass(frozen=True, eq=False)
class AtlasMember:
    """One shape of an atlas."""

    name: str
    parameters: Mapping[str, Any]
    """What differs between members, the seed included."""
    observables: Mapping[str, float]
    shape: LayerData
    """Field (int8, 0 on the surface, positive inside) or labels."""
    diagram: CurvatureDiagram | None
    """Curvatures [1/unit], None without a surface."""

    @property
    def mask(self) -> np.ndarray:
        """The inside of the surface, or of all cells."""
        return np.asarray(self.shape.data) > 0


@short_repr
@dataclass(frozen=True, eq=False)
class Atlas:
    """Shapes of one family that differ in their parameters."""

    family: str
    preset: str | None
    common: Mapping[str, Any]
    """Parameters that all members share, and that differ from the preset's."""
    members: tuple[AtlasMember, ...]
    about: str = ""
    """One sentence: how it was made."""

    def __len__(self) -> int:
        return len(self.members)

    @property
    def title(self) -> str:
        """Name of the family for people."""
        return family(self.family).title

    def simulation(self, parameters: Mapping[str, Any]) -> Simulation:
        """Return a simulation of given parameters of a member, or between members."""
        return create(self.family, self.preset, **{**self.common, **parameters})

    def save(self, path: str | Path) -> Path:
        """Write the atlas as one compressed file."""
        arrays: dict[str, np.ndarray] = {}
        entries = []
        for index, member in enumerate(self.members):
            arrays[f"shape_{index}"] = np.asarray(member.shape.data)
            if member.diagram is not None:
                arrays[f"diagram_{index}"] = diagram_rows(member.diagram)
            layer = {"name": member.shape.name, "kind": member.shape.kind, "meta": plain_meta(member.shape.meta, member.shape.kind)}
            plain = {"name": member.name, "parameters": dict(member.parameters), "observables": dict(member.observables)}
            entries.append({**plain, "layer": layer})
        head: dict[str, Any] = {**_FORMAT, "family": self.family, "preset": self.preset, "common": dict(self.common)}
        head |= {"about": self.about, "members": entries}
        arrays["atlas.json"] = np.frombuffer(json.dumps(head, allow_nan=False).encode(), np.uint8)
        file = Path(path)
        np.savez_compressed(file, allow_pickle=False, **arrays)  # type: ignore[arg-type]
        return file

    @classmethod
    def load(cls, path: str | Path) -> Atlas:
        """Read an atlas file; nothing in it is executed.

        Raises
        ------
        InputError
            If the file is missing, damaged, or not an atlas.
        """
        file = Path(path)
        if not is_file(file):
            raise InputError(f"There is no file {str(file)!r}.")
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                held = sum(entry.file_size + _HELD for entry in entries)
                allowed = _FREE + _PACKING * file.stat().st_size
                if held > allowed:
                    raise InputError(f"{file.name} unpacks to {held / 1e6:.3g} MB, more than an atlas of its size holds: refused.")
                require_memory(held)
            with np.load(file, allow_pickle=False) as content:
                head = json.loads(content["atlas.json"].tobytes())
                if not isinstance(head, dict) or {key: head.get(key) for key in _FORMAT} != _FORMAT:
                    raise InputError(f"{file.name} is not an atlas of this version.")
                members = tuple(_read_member(entry, content, index) for index, entry in enumerate(head["members"]))
            family(head["family"])
            atlas = cls(head["family"], head["preset"], dict(head["common"]), members, str(head["about"]))
            for member in members:
                atlas.simulation(member.parameters)  # which only validates
            if not members:
                raise InputError(f"The atlas {file.name} has no members.")
            return atlas
        except ShapelabError:
            raise
        except Exception as error:  # what unpacks it raises anything on damaged files
            raise InputError(f"The atlas {file.name} is missing or damaged.") from error

    @classmethod
    def from_sweep(cls, folder: str | Path, *, progress: Progress | None = None) -> Atlas:
        """Collect the members of a sweep that are done; `progress` is called with how many of them have been read."""
        spec, results = load_sweep(folder)
        done = [item for item in results if item.status == "done"]
        members = []
        for index, outcome in enumerate(done):
            members.append(_from_run(Path(folder), outcome))
            if progress is not None:
                progress(index + 1, len(done))
        if not members:
            raise InputError(f"The sweep {Path(folder).name} has no finished member yet.")
        about = _about(Path(folder).name, results, len(spec.all_members()))
        return cls(spec.family, spec.preset, spec.parameters, tuple(members), about)


def _about(name: str, results: list[Outcome], planned: int) -> str:
    """Return what became of the members of a sweep, as a sentence."""
    known = Counter(item.status for item in results)
    rest = [(known["failed"], "failed"), (known["not viable"], "not viable"), (planned - len(results), "not computed yet")]
    said = ", ".join(f"{count} {what}" for count, what in rest if count)
    if not said:
        return f"All {planned} members of the sweep {name}." if planned > 1 else f"The only member of the sweep {name}."
    return f"{known['done']} of {planned} members of the sweep {name} ({said})."


@checked()
def open_atlas(path: str | Path, *, progress: Progress | None = None) -> Atlas:
    """Open an atlas file, or the members of a sweep folder."""
    place = Path(path)
    if is_file(place / PLAN):
        return Atlas.from_sweep(place, progress=progress)
    if is_folder(place):
        raise InputError(f"{str(place)!r} is not a sweep: it has no {PLAN}. Choose the folder that shapelab sweep made.")
    return Atlas.load(place)


def shipped_atlas() -> Atlas:
    """Return the atlas that comes with the package."""
    return Atlas.load(SHIPPED)


def _from_run(root: Path, outcome: Outcome) -> AtlasMember:
    from shapelab.io import load_run

    run = load_run(root / MEMBERS / outcome.name / RUN)
    layer = _shape_of(run.frame(), outcome.name)
    diagram = None
    if layer.kind == "image":
        if "scale" not in layer.meta:
            raise InputError(f"The run of the member {outcome.name} has no voxel size.")
        boundary = run.record.parameters.get("boundary", "replicate")
        diagram = member_diagram(layer.data, layer.meta["scale"][0], boundary)
        meta = {**layer.meta, "contrast_limits": (-_LEVELS, _LEVELS)}
        layer = LayerData(layer.name, _levels(layer.data), "image", meta)
    return AtlasMember(outcome.name, outcome.parameters, outcome.observables, layer, diagram)


def _levels(field: np.ndarray) -> np.ndarray:
    """Round a field away from 0, so that every voxel stays on its side."""
    scaled = np.clip(field, -1, 1) * _LEVELS
    levels: np.ndarray = np.where(scaled > 0, np.ceil(scaled), np.floor(scaled)).astype(np.int8)
    return levels


def _shape_of(frame: Frame, name: str) -> LayerData:
    for layer in frame:
        data = np.asarray(layer.data)
        if layer.kind == "labels" or (layer.kind == "image" and data.ndim == 3 and data.dtype.kind == "f"):
            return layer
    raise InputError(f"The member {name} has neither a field nor labels to show.")


def _read_member(entry: Mapping[str, Any], content: Any, index: int) -> AtlasMember:
    data = content[f"shape_{index}"]
    layer = entry["layer"]
    if layer["kind"] not in ("image", "labels") or data.ndim not in (2, 3) or data.dtype.kind not in "iu" or data.size == 0:
        raise InputError(f"The shape of the member {entry['name']!r} is neither a field nor labels.")
    if not all(isinstance(entry[part], dict) for part in ("parameters", "observables")):
        raise InputError(f"The member {entry['name']!r} has no parameters.")
    diagram = diagram_from_rows(content[f"diagram_{index}"]) if f"diagram_{index}" in content else None
    observables = {str(name): float(value) for name, value in entry["observables"].items()}
    if not np.isfinite(list(observables.values())).all():
        raise InputError(f"The observables of the member {entry['name']!r} are not all finite.")
    shape = LayerData(str(layer["name"]), data, layer["kind"], plain_meta(layer["meta"], layer["kind"]))
    check_place(shape.meta, data.ndim, shape.name)
    if shape.kind == "image" and ("scale" not in shape.meta or data.ndim != 3):
        raise InputError(f"The field of the member {entry['name']!r} has no voxel size, or is not 3-D.")
    return AtlasMember(str(entry["name"]), entry["parameters"], observables, shape, diagram)
