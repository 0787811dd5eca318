"""The numbers that steer the solver, each with its reason. They move the number of passes, not the result.

They were found on random cells in 2-D and 3-D, with and without medium, for costs of exponent 1 to 8 (benchmarks/transport.py).
Errors are relative to the target volumes; lengths of steps are parts of a whole Newton step.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TUNING", "Tuning"]


@dataclass(frozen=True)
class Tuning:
    """What steers Newton's method on the pixels and the smoothed stages before it."""

    # -- when to go on, and when to begin again ------------------------------------------------------------------------
    progress: float = 0.8
    """A pass counts as progress if it lowers the merit to this part of the best one: less is mostly noise of the pixels."""
    patience: int = 4
    """Passes without progress before another start is tried; Newton's method often worsens for two or three before it converges."""
    early: int = 3
    """Passes at the beginning during which a start may be judged too far off to continue."""
    far_off: tuple[float, ...] = (0.12, 0.06)
    """Mean error above which the first, and the second, start is annealed at once: Newton's basin on the pixels is smaller."""
    most_anneals: int = 6
    """Colder stages on the finest grid at most: the last ones are colder than the pixels can tell, and help soft cells without medium."""

    # -- Newton steps on the pixels ------------------------------------------------------------------------------------
    damping: float = 1e-3
    """Part of the Hessian's diagonal that is added to it at first: weak contacts would let cells jump."""
    least_damping: float = 1e-4
    """Below it the system of a nearly lost cell is too close to singular."""
    most_damping: float = 0.5
    """Beyond it a step is little more than one of each cell alone."""
    less_damping: float = 0.3
    """Factor after a whole step that did good."""
    more_damping: float = 4.0
    """Factor after a step that had to be cut."""
    tries: int = 4
    """Lengths tried for a step; the last, a fifteenth of it, is taken as it is."""
    shorter: float = 0.4
    """Factor from one length to the next."""
    descent: float = 0.1
    """Part of the promised decrease that a step must keep (Armijo); more would cut good steps, since whole pixels jitter."""
    strangers: int = 100
    """One cell in so many may become far too large or small in a step: a few are mended by exact steps, many are a bad step."""
    far_too_small: float = 0.3
    """Part of its target below which a cell's volume says little about its potential..."""
    far_too_large: float = 3.0
    """... and above which."""
    count_whole: float = 0.02
    """Mean error of the smooth volumes below which whole pixels are counted, if the goal speaks of them."""
    least_filled: float = 0.02
    """Volumes below this part of the target are taken as it in logarithms."""
    near: float = 2.5
    """Mean error, in parts of the goal, from which steps are searched cell by cell."""
    overshoot: float = 0.5
    """A cell whose error changes sign and keeps more than this part of its size has overshot..."""
    after_overshoot: float = 0.5
    """... and next asks for this part of what it lacks, which breaks the swing."""

    # -- exact steps of single cells -----------------------------------------------------------------------------------
    nearly_done: float = 0.8
    """Mean error, in parts of the goal, below which only the cells with the largest errors are mended."""
    mended_largest: float = 0.5
    """... those above this part of the largest error allowed."""
    mended_mean: float = 0.7
    """Else those above this part of the mean error allowed."""
    wrong: float = 0.5
    """Far from the goal, cells with a larger error are mended: their linearisation is worth nothing."""
    wrong_goal: float = 1.5
    """... if that exceeds this many times the largest error allowed."""
    most_wrong: float = 0.3
    """Part of the cells beyond which a Newton step does more than mending one after the other..."""
    few_wrong: int = 5
    """... unless they are so few."""
    mended_well: float = 0.85
    """Merit, in parts of that before, below which cells are mended once more before the next Newton step."""
    mended_badly: float = 0.98
    """Above it the mending is undone."""

    # -- the Newton system ---------------------------------------------------------------------------------------------
    lost: float = 1e-12
    """A diagonal entry below this part of the largest is none: the cell touches nothing, and stays where it is."""
    nearly_empty: float = 0.3
    """Cells filled to less than this part of their target are damped more, the more the emptier."""
    residual: float = 1e-2
    """Conjugate gradients stop at this part of the first residual: a Newton step is not worth more."""
    iterations: int = 300
    """... or after so many, which only clusters of thousands of cells need."""
    margin: int = 2
    """A cell is looked for so many pixels around those that it has; the box is made larger where that does not do..."""
    box: float = 1.6
    """... and, if it has none, within so many of its radii; twice as far if its cost is stretched."""
    stretched: float = 2.0
    """Factor on the box of a cell whose cost is not a distance to a power: its cell may be elongated."""

    # -- following a step along the curve of an isolated cell ----------------------------------------------------------
    least_potential: float = 0.05
    """Smaller potentials are taken as it: the curve is steep at 0."""
    least_growth: float = 0.25
    """Least volume of a cell after a step, in parts of that before: beyond, the curve of an isolated cell is fiction..."""
    most_growth: float = 3.0
    """... and largest."""

    # -- smoothed stages -----------------------------------------------------------------------------------------------
    blur: float = 0.5
    """Temperature of a stage, in pixels times the slope of the cost: cells blur over half a pixel."""
    hotter: float = 4.0
    """Factor between two temperatures on the coarsest grid: a stage starts within Newton's basin of the next."""
    hottest: float = 1e6
    """Factor at most between the first temperature and the last."""
    hot: float = 1.5
    """A temperature above so many times the grid's own is the same everywhere: where interfaces are is not known yet."""
    hot_steps: int = 15
    """Steps at most of a hot stage; most need four."""
    hot_goal: tuple[float, float] = (0.1, 1.0)
    """Mean error, and largest logarithm of one, at which a hot stage ends: the next one changes more."""
    grid_steps: int = 12
    """Steps at most of a stage on one grid; the next grid mends what is left."""
    grid_goal: tuple[float, float] = (0.05, 0.5)
    """The same on each grid."""
    anneal_steps: int = 15
    """Steps at most of a stage on the finest grid."""
    anneal_goals: tuple[tuple[float, float], tuple[float, float]] = ((0.02, 0.2), (0.004, 0.03))
    """The same on the finest grid, the first time and later."""
    colder: float = 4.0
    """Factor between the temperatures of two stages on the finest grid; the first is half of the grid's own."""
    above_mean: float = 2.0
    """Without medium, potentials are kept about this mean, away from where their curve is steep."""
    empty: float = 1e-3
    """Cells below this part of their target are lifted until they would have it: their gradient is none."""
    least_volume: float = 1e-9
    """Part of the target that volumes are taken to have at least in logarithms."""
    most_missing: float = 6.0
    """Logarithm of target over volume up to which it counts: e^6 = 400 times too small asks for enough."""
    own_damping: float = 1e-3
    """Part of its own slope by which each cell is damped; the same part of target over temperature where it has none."""
    stage_residual: float = 0.05
    """Systems of stages may be solved less well than those on the pixels..."""
    stage_iterations: int = 60
    """... and in fewer steps: the next stage mends it."""
    floor: float = 3.0
    """Temperatures added to potentials where steps follow their curve: below, smoothing straightens it."""
    stage_descent: float = 1e-3
    """Part of the promised rise that a step must keep (Armijo); the dual is smooth, so little is asked."""
    rounding: float = 1e-6
    """Part of the dual that may be rounding."""
    stage_shorter: float = 0.3
    """Factor from one length of a step to the next."""
    shortest: float = 0.01
    """Lengths below are taken even where they do no good, which gets over kinks."""


TUNING = Tuning()
