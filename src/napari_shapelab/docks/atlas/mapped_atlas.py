"""An atlas with its map: how far its members are from each other, and where that places them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapelab.batch import Atlas, clusters, member_distances, plane
from shapelab.batch.distances import Metric
from shapelab.batch.layout import Layout

__all__ = ["MappedAtlas", "map_atlas"]


@dataclass(frozen=True)
class MappedAtlas:
    """An atlas with its map and clusters."""

    atlas: Atlas
    places: np.ndarray
    """(members, 2) in the map."""
    groups: np.ndarray
    """(members,) number of the cluster of each."""


def map_atlas(atlas: Atlas, metric: Metric, layout: Layout, count: int) -> MappedAtlas:
    """Return an atlas with the map and `count` clusters; one without curvature diagrams is compared by its observables."""
    has_diagrams = all(member.diagram is not None for member in atlas.members)
    distances = member_distances(atlas, metric if metric == "observables" or has_diagrams else "observables")
    return MappedAtlas(atlas, plane(distances, layout), clusters(distances, count))
