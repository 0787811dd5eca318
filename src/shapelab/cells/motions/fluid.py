"""Fluid as moving cells: each has a velocity and a spring to the centre of its cell.

``u' = g - (x - b)/eps^2``, ``x' = u`` with b the centre of gravity of the cell: the scheme of T. O. Gallouët and Q. Mérigot,
Found. Comput. Math. 18, 835 (2018), doi:10.1007/s10208-017-9355-y, for the incompressible Euler equations; a free surface comes from
the medium (B. Lévy, J. Comput. Phys. 451, 110838 (2022)).
"""

from __future__ import annotations

import numpy as np

__all__ = ["euler_step", "fluid_energy"]


def euler_step(
    positions: np.ndarray, velocities: np.ndarray, offsets: np.ndarray, accelerations: np.ndarray, spring: float, damping: float, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities after one symplectic Euler step.

    Parameters
    ----------
    offsets
        Centre of each cell minus its seed.
    accelerations
        Gravity and other forces per mass.
    spring
        eps: 1/eps is the frequency of the spring; dt < 2 eps is needed.
    damping
        Rate at which velocities decay.
    """
    velocities = (velocities + dt * (accelerations + offsets / spring**2)) * np.exp(-damping * dt)
    return positions + dt * velocities, velocities


def fluid_energy(
    velocities: np.ndarray,
    heights: np.ndarray,
    volumes: np.ndarray,
    covariances: np.ndarray,
    offsets: np.ndarray,
    gravity: float,
    spring: float,
) -> dict[str, float]:
    """Return kinetic and potential energy, and that of the springs ``sum_i Int_(L_i) |y - x_i|^2 / (2 eps^2)``.

    The masses are the volumes (density 1).
    """
    kinetic = 0.5 * float(volumes @ np.sum(velocities**2, axis=1))
    potential = gravity * float(volumes @ heights)
    spread = np.trace(covariances, axis1=1, axis2=2) + np.sum(offsets**2, axis=1)
    springs = 0.5 / spring**2 * float(volumes @ spread)
    return {"kinetic_energy": kinetic, "potential_energy": potential, "spring_energy": springs}
