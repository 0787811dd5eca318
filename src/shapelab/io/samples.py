"""Small real data that come with the package; ``SOURCES.md`` beside them says where each is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from shapelab.errors import InputError
from shapelab.frame import LayerData, LayerKind
from shapelab.io.image import read_image
from shapelab.io.mesh import read_mesh
from shapelab.near_names import near_names

__all__ = ["SAMPLES", "Sample", "load", "path"]

_FOLDER = Path(__file__).parents[1] / "sample_data"


@dataclass(frozen=True)
class _File:
    path: str
    layer: str
    kind: LayerKind
    look: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """One entry of the sample menu."""

    title: str
    description: str
    credit: str
    files: tuple[_File, ...]


SAMPLES: Mapping[str, Sample] = MappingProxyType(
    {
        "yeast_mitochondria": Sample(
            "Yeast mitochondria (3-D)",
            "Fluorescence image of mitochondria and a mask of them; voxels are four times longer than wide.",
            "A. E. Y. T. Lefebvre, nellie, CC BY 4.0",
            (
                _File("yeast_mitochondria/mitochondria.ome.tif", "mitochondria", "image"),
                _File("yeast_mitochondria/mitochondria_mask.ome.tif", "mitochondria mask", "labels"),
            ),
        ),
        "ct_abdomen": Sample(
            "CT organs (3-D)",
            "61 organs of an abdomen at 3 mm, labelled by a neural network.",
            "TotalSegmentator, Apache 2.0",
            (_File("ct_abdomen/organ_labels.nii.gz", "organs", "labels", {"units": ("mm",) * 3}),),
        ),
        "plant_ovule": Sample(
            "Plant ovule (3-D cells)",
            "Confocal image of an ovule and its 50 cells, which fill space.",
            "PlantSeg, MIT",
            (
                _File("plant_ovule/ovule.ome.tif", "ovule", "image"),
                _File("plant_ovule/cell_labels.ome.tif", "ovule cells", "labels"),
            ),
        ),
        "drosophila_epithelium": Sample(
            "Fly epithelium (2-D cells)",
            "Projection of a fly epithelium and its 94 cells.",
            "EpiTools, BSD 3-Clause",
            (
                _File("drosophila_epithelium/projection.ome.tif", "epithelium", "image"),
                _File("drosophila_epithelium/cell_labels.ome.tif", "epithelium cells", "labels"),
            ),
        ),
        "nuclei": Sample(
            "Nuclei (2-D)",
            "125 fluorescent nuclei and their labels.",
            "StarDist, BSD 3-Clause; Data Science Bowl 2018",
            (_File("nuclei/nuclei.ome.tif", "nuclei", "image"), _File("nuclei/nucleus_labels.ome.tif", "nucleus labels", "labels")),
        ),
        "gastruloid": Sample(
            "Gastruloid (surface)",
            "Triangle mesh of a gastruloid's surface.",
            "A. V. Luque and J. Veenvliet, CC BY 4.0",
            (_File("gastruloid/gastruloid.ply", "gastruloid", "surface", {"units": ("um",) * 3}),),
        ),
        "nickel_superalloy": Sample(
            "Nickel superalloy grains (2-D)",
            "109 grains with annealing twins, from electron backscatter diffraction.",
            "DefDAP, Apache 2.0",
            (_File("nickel_superalloy/grain_labels.ome.tif", "nickel grains", "labels"),),
        ),
        "low_carbon_steel": Sample(
            "Low-carbon steel grains (2-D)",
            "More than 4000 grains of a low-carbon steel.",
            "PyAPD, MIT",
            (_File("low_carbon_steel/grain_labels.ome.tif", "steel grains", "labels"),),
        ),
        "curvatubes_pearls": Sample(
            "Curvatubes pearls (simulated)",
            "A published phase field: strings of beads, 100 voxels per unit length.",
            "A. Song, curvatubes, MIT",
            (
                _File(
                    "curvatubes_gallery/pearls.nii.gz",
                    "pearls",
                    "image",
                    {"scale": (0.01,) * 3, "units": ("pixel",) * 3, "contrast_limits": (-1, 1), "rendering": "iso", "iso_threshold": 0.0},
                ),
            ),
        ),
    }
)
"""Name -> sample, in the order of the menu."""


def path(name: str) -> Path:
    """Return the folder of a sample, or any file of the sample data by its relative path."""
    target = _FOLDER / (Path(SAMPLES[name].files[0].path).parent if name in SAMPLES else name)
    if not target.exists() or not target.resolve().is_relative_to(_FOLDER.resolve()):
        raise InputError(f"There is no sample {name!r}: {near_names(name, SAMPLES)}")
    return target


def load(name: str) -> list[LayerData]:
    """Return the layers of a sample, with voxel size and unit where its source states them."""
    path(name)
    if name not in SAMPLES:
        raise InputError(f"{name!r} is a file of the sample data, not a sample: read it with shapelab.io.read_image.")
    sample = SAMPLES[name]
    return [_layer(file, sample) for file in sample.files]


def _layer(file: _File, sample: Sample) -> LayerData:
    credit = {"metadata": {"sample": {"description": sample.description, "credit": sample.credit}}}
    if file.kind == "surface":
        mesh, _ = read_mesh(_FOLDER / file.path)
        return LayerData(file.layer, (mesh.vertices, mesh.faces), "surface", {**file.look, **credit})
    image = read_image(_FOLDER / file.path, kind=file.kind)
    return LayerData(file.layer, image.data, image.kind, {**image.meta, **file.look, **credit})
