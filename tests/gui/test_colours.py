"""Colours of cells: told apart also by those who do not see red or green."""

from __future__ import annotations

import numpy as np

from napari_shapelab.viewer.colours import direction_colours, distinct_colours

SEEN = {
    "everybody": np.eye(3),
    "without red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "without green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}
"""What becomes of linear RGB colours (G. M. Machado et al., IEEE Trans. Vis. Comput. Graph. 15, 1291 (2009))."""


def linear(rgb: np.ndarray) -> np.ndarray:
    return np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)


def lightness(rgb: np.ndarray) -> np.ndarray:
    return np.cbrt(np.clip(linear(rgb) @ [0.2126, 0.7152, 0.0722], 0, None))


def test_labels_near_one_another_have_colours_that_everybody_tells_apart():
    colours = distinct_colours().colors[1:, :3]
    assert len(np.unique(np.round(255 * colours), axis=0)) > 1000
    for name, matrix in SEEN.items():
        seen = np.cbrt(np.clip(linear(colours) @ matrix.T, 0, 1))
        for apart in (1, 2, 3):
            distance = np.linalg.norm(seen[apart:] - seen[:-apart], axis=1)
            alike = np.mean(distance < 0.05)
            assert alike < 0.03, (name, apart, alike)


def test_no_colour_is_too_dark_for_a_black_canvas_and_the_background_is_clear():
    colours = distinct_colours().colors
    assert colours[0, 3] == 0
    assert (colours[1:, 3] == 1).all()
    assert lightness(colours[1:, :3]).min() > 0.45


def test_directions_go_round():
    values = direction_colours().map(np.linspace(0, 1, 37))[:, :3]
    np.testing.assert_allclose(values[0], values[-1], atol=1e-6)
    assert np.ptp(lightness(values)) < 0.12
    assert np.linalg.norm(values[0] - values[18]) > 0.3
