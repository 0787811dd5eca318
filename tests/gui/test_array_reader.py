"""Files of several arrays: napari shows each, the Crystals dock asks which one."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from qtpy.QtWidgets import QInputDialog

from napari_shapelab.docks.crystals.grain_source import GrainSource
from napari_shapelab.readers import array_reader
from shapelab.errors import InputError

CELLS = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((6, 6), int)).astype(np.uint16)
GREY = np.random.default_rng(0).integers(0, 255, CELLS.shape).astype(np.uint8)


def _write(path, n=0):
    with h5py.File(path, "w") as file:
        for name, data in (("raw", GREY), ("seg/cells", CELLS)):
            file.create_dataset(name, data=data).attrs["element_size_um"] = [0.5, 0.25]
        file["scalar"] = 3.0
        for i in range(n):
            file[f"more {i}"] = CELLS
    return path


def test_every_image_becomes_a_layer(viewer, tmp_path):
    layers = viewer.open(str(_write(tmp_path / "a.h5")), plugin="napari-shapelab")
    assert [(layer.name, type(layer).__name__) for layer in layers] == [("a · raw", "Image"), ("a · seg/cells", "Labels")]
    for layer in layers:
        np.testing.assert_allclose(layer.scale, [0.5, 0.25])
    np.testing.assert_array_equal(layers[1].data, CELLS)


def test_many_are_named_and_none_is_said(tmp_path):
    read = array_reader(str(_write(tmp_path / "a.h5", 20)))
    with pytest.raises(InputError, match=r"22 arrays .*more 0"):
        read(str(tmp_path / "a.h5"))
    np.savez(tmp_path / "b.npz", x=np.arange(3))
    with pytest.raises(InputError, match="holds no images"):
        array_reader(str(tmp_path / "b.npz"))(str(tmp_path / "b.npz"))
    assert array_reader(str(tmp_path / "a.tif")) is None


def test_the_dock_asks_which_array_has_the_grains(viewer, tmp_path, monkeypatch, qtbot):
    asked = []

    def choose(parent, title, question, items, *rest):
        asked.append(items)
        return "seg/cells", True

    monkeypatch.setattr(QInputDialog, "getItem", choose)
    source = GrainSource(viewer)
    qtbot.addWidget(source)
    source.open(_write(tmp_path / "a.h5"))
    qtbot.waitUntil(lambda: source.layer is not None, timeout=30_000)
    assert asked == [["raw", "seg/cells"]]
    np.testing.assert_array_equal(source.layer.data, CELLS)
