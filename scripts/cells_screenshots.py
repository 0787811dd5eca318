"""Take the pictures of the Cells page anew: scenarios at several times in napari's own canvas, the hand, a user's own labels.

python scripts/cells_screenshots.py [NAME …]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from pictures import save_strip
from screenshots import IMAGES, Session, take

SIDE = 230
"""Height of one picture of a strip [pixels]."""
TIMES: dict[str, tuple[int, int, int]] = {
    "run_and_tumble": (1, 300, 1200), "blind_swimmers": (1, 800, 3000), "fire_alarm": (1, 1800, 4500), "fire_alarm_soft": (1, 600, 1200),
    "internalisation": (1, 120, 1000), "separation": (1, 100, 500), "engulfment": (1, 250, 900), "tissue_growth": (40, 160, 420),
    "hourglass_2d": (1, 550, 1400), "dam_break": (1, 70, 130), "taylor_green": (1, 90, 200), "chemotaxis": (1, 70, 220),
    "hard_and_soft_cells": (1, 60, 180), "hourglass": (1, 220, 480), "bubbles": (1, 150, 400), "internalisation_3d": (1, 30, 150),
}  # fmt: skip
"""Scenario -> steps at which it is shown."""


def canvas(session: Session) -> np.ndarray:
    """Return what the canvas shows, cut to a square in its middle and made small."""
    from PIL import Image

    session.idle(0.5)
    shown = session.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    side = min(shown.shape[:2])
    top, left = (shown.shape[0] - side) // 2, (shown.shape[1] - side) // 2
    return np.asarray(Image.fromarray(shown[top : top + side, left : left + side]).resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def scenario(name: str) -> None:
    """One scenario at three times."""
    session = Session("Cells")
    panel = session.dock.panel
    session.dock.choose_scenario(name)
    session.idle(0.3)
    pictures = []
    for k, step in enumerate(TIMES[name]):
        session.dock.form.set_values({"max_steps": step})
        if k == 0:
            session.click(panel.run_button)
            session.wait(lambda: panel.snapshot is not None and not panel.running)
        while panel.snapshot.frame.step < step and "limit" in panel.message.text():
            session.click(panel.pause_button)  # which then says Continue
            session.wait(lambda: not panel.running)
        pictures.append(canvas(session))
    session.close()
    save_strip(IMAGES / f"cells_{name}.png", pictures)


def window() -> None:
    """The whole window: cells that run and tumble, a wall painted among them, one of them picked, their paths."""
    session = Session("Cells")
    dock = session.dock
    session.run(until=600)
    session.click(dock.panel.pause_button)
    session.idle(0.5)
    wall = np.zeros(dock.form.parameters.shape, bool)
    for k in range(80):
        wall[80 + k : 86 + k, 70 + k : 80 + k] = True
    dock.panel.edit("paint_wall", mask=wall)
    session.click(dock.panel.pause_button)
    step = dock.panel.snapshot.frame.step
    session.wait(lambda: dock.panel.snapshot.frame.step > step + 500)
    dock.tools.pick(int(dock.panel.layers["seeds"].features["id"].iloc[30]))
    dock.panel.layers["velocity"].visible = True
    session.picture("cells")
    session.click(dock.panel.stop_button)
    session.wait(lambda: not dock.panel.running)
    session.close()


def own_labels(sample: str, runs: tuple[tuple[str, int], ...]) -> None:
    """A user's labels, and what becomes of them under several motions."""
    from napari.layers import Labels

    session = Session("Cells")
    viewer, dock = session.viewer, session.dock
    viewer.open_sample("napari-shapelab", sample)
    labels = next(layer for layer in viewer.layers if isinstance(layer, Labels))
    dock.start_from.choose(labels)
    for layer in viewer.layers:
        layer.visible = layer is labels
    if labels.ndim == 3:
        from napari_shapelab.viewer.view import see

        see(viewer, labels)
    pictures = [canvas(session)]
    for name, steps in runs:
        if dock.presets.name != name:
            dock.choose_scenario(name)
        session.run(until=steps)
        labels.visible = False
        pictures.append(canvas(session))
        if dock.panel.running:
            session.click(dock.panel.stop_button)
            session.wait(lambda: not dock.panel.running)
    session.close()
    save_strip(IMAGES / f"cells_{sample}.png", pictures)


PICTURES: dict[str, Callable[[], Any]] = {
    "window": window,
    "drosophila": lambda: own_labels("drosophila", (("relaxation", 6), ("internalisation", 500), ("run_and_tumble", 300))),
    "ovule": lambda: own_labels("ovule", (("relaxation_3d", 12), ("internalisation_3d", 60), ("hard_and_soft_cells", 40))),
    **{name: (lambda name=name: scenario(name)) for name in TIMES},  # type: ignore[misc]
}


if __name__ == "__main__":
    sys.exit(take(PICTURES, __doc__))
