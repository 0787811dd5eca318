"""`compare`: one call for two masks, label images, fields, surfaces, point clouds, mixtures or tables of cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shapelab.arguments import checked
from shapelab.compare.effective import effective_of_both
from shapelab.compare.frames import in_one_frame
from shapelab.compare.inputs import Shape, as_shape
from shapelab.compare.kinds import comparison_of
from shapelab.compare.units import in_one_unit
from shapelab.convert.spacing import Spacing
from shapelab.limits import above, at_least, between
from shapelab.stopping import done_apart

__all__ = ["compare"]


@checked(max_points=between(2, 1_000_000), seed=between(0, 2**63), blur=above(0, 1e30), reach=above(0, 1e30), tolerance=at_least(0))
@done_apart
def compare(
    a: Any,
    b: Any,
    spacing: Spacing | None = None,
    *,
    spacing_b: Spacing | None = None,
    unit: str = "",
    transport: bool = True,
    curvature: bool = True,
    statistics: bool = True,
    effective: bool | Sequence[str] = False,
    blur: float | None = None,
    reach: float | None = None,
    tolerance: float | None = None,
    max_points: int = 1000,
    exclude_border: bool = True,
    seed: int = 0,
    labels: bool = False,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Compare two shapes.

    What is compared follows from what they are: two label images cell by cell; two of masks, label images, phase fields
    and closed surfaces, of which at least one has voxels, as masks; two surfaces as surfaces; anything with a point
    cloud as points; two mixtures, curvature diagrams or tables of cells as such.

    Parameters
    ----------
    a, b
        See `shapelab.compare.as_shape`. Images with different voxels are brought to the finer size, which "notes" says.
    spacing, spacing_b
        Voxel size of `a`, and that of `b` if it differs [physical unit]; layers bring their own.
    unit
        Name of the unit, to be reported; layers bring their own, and what is in another unit of length is converted.
    transport, curvature, statistics
        Whether to compute the Sinkhorn divergence, to compare curvature diagrams (3-D), and statistics of cells.
    effective
        For two masks or fields: whether to compare their effective properties, too; or the names of those to measure, or of groups of them
        (`shapelab.measure.effective_properties`). They take most of the time.
    blur, reach, max_points
        See `shapelab.compare.sinkhorn_divergence`.
    tolerance
        Tolerance of the boundary score [physical unit]; see `shapelab.compare.boundary_f1`.
    exclude_border
        Leave cells that touch the border of the image out of the statistics.
    seed
        Random seed.
    device
        Where transport distances are computed; see `shapelab.compare.sinkhorn_divergence`.
    labels
        Whole numbers are ids of objects, even if they look like the brightness of a grey image; a labels layer says so itself.
    progress
        Called while effective properties are measured, with the parts done, on both sides, and the number of all.

    Returns
    -------
    dict
        Masks: `dice`, `iou`, `boundary_f1`, `hausdorff`, `hausdorff_95`, `mean_surface_distance` [unit], `volume_a`,
        `volume_b`, `volume_difference` (b - a) [unit^d], `transport_distance` sqrt(2 S) and `sinkhorn_divergence` S;
        in 3-D `curvature_distance` [1/unit]. Labels: the overlaps of the foregrounds, and `mismatch`, `matches`
        (pairs of labels), `adjusted_rand`, `split_bits`, `merge_bits` and their sum `variation_of_information`,
        `cells_a`, `cells_b` (tables), `population_a`, `population_b`, `populations` (statistics that differ). Surfaces:
        distances, `area_a` …, volumes if both are closed. With `effective`: `strut_size_a`, `strut_size_b`,
        `strut_size_difference` (b - a) …. Always: `compared` (how), `kind_a`, `kind_b`, `unit`,
        `spacing`, `parameters`, `notes` (sentences on what was done).

    Raises
    ------
    InputError
        If one of the two cannot be read, or they cannot be compared with each other.
    """
    shapes = (
        as_shape(a, spacing, unit, labels=labels),
        as_shape(b, spacing if spacing_b is None else spacing_b, unit, labels=labels),
    )
    cleaned = [f"{side}: {note}" for side, shape in zip("ab", shapes, strict=True) for note in shape.notes]
    first, second, converted = in_one_unit(*shapes)
    first, second, _, said = in_one_frame(first, second)
    converted += said
    options = {
        "transport": transport,
        "curvature": curvature,
        "statistics": statistics,
        "effective": effective,
        "blur": blur,
        "reach": reach,
        "tolerance": tolerance,
        "max_points": max_points,
        "device": device,
        "exclude_border": exclude_border,
        "seed": seed,
    }
    how, comparison = comparison_of(first.kind, second.kind)
    result = comparison(first, second, options)
    if effective:
        result |= _effective(how, first, second, result.get("notes", []), options, progress)
    head = {"compared": how, "kind_a": first.kind, "kind_b": second.kind, "unit": first.unit}
    return {**head, **result, "parameters": options, "notes": [*cleaned, *converted, *result.get("notes", [])]}


def _effective(
    how: str, a: Shape, b: Shape, notes: list[str], options: dict[str, Any], progress: Callable[[int, int], None] | None
) -> dict[str, Any]:
    """Return the effective properties of both and all notes."""
    if how != "masks" or not (a.is_grid and b.is_grid):
        return {"notes": [*notes, "Effective properties are left out: they need two masks or two fields."]}
    found, said = effective_of_both(a, b, None if options["effective"] is True else options["effective"], progress)
    return {**found, "notes": [*notes, *said]}
