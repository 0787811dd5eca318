"""A plain NumPy twin of the transport engine: every cell against every pixel, in double precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from shapelab.transport import Domain, costs


@pytest.fixture(scope="session")
def excess() -> Callable[..., np.ndarray]:
    """``excess(domain, seeds, volumes, cost, potentials, medium)``: c_i - f_i of all pixels, the medium last if there is one."""

    def values(
        domain: Domain, seeds: np.ndarray, volumes: np.ndarray, cost: costs.Cost, potentials: np.ndarray, medium: bool
    ) -> np.ndarray:
        table, y = cost.table(np.asarray(volumes, float), domain.ndim), domain.pixel_centres()
        matrix = np.stack([table.values(domain.displacement(y, x), y, i).ravel() for i, x in enumerate(seeds)])
        above = matrix - potentials[:, None]
        return np.vstack([above, np.zeros((1, above.shape[1]))]) if medium else above

    return values
