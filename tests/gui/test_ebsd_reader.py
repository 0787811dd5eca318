"""EBSD maps opened in napari: by the file's name and contents, as layers that lie where the file says."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from ebsd_files import WRITERS, square

from napari_shapelab.readers import ebsd_reader
from napari_shapelab.viewer import notice
from shapelab.errors import InputError


@pytest.mark.parametrize("name", WRITERS)
def test_a_map_opens_as_colours_phases_and_grains(viewer, tmp_path: Path, name: str) -> None:
    suffix, write, _ = WRITERS[name]
    file = write(tmp_path / f"map.{suffix}", square().not_indexed())
    layers = viewer.open(str(file), plugin="napari-shapelab")
    assert [layer.name for layer in layers] == ["map · IPF Z", "map · phases", "map · grains"]
    assert layers[0].rgb
    for layer in layers:
        np.testing.assert_allclose(layer.scale, [0.25, 0.5])
        assert [f"{unit:~}" for unit in layer.units] == ["µm", "µm"]
    assert layers[2].features["phase_name"].tolist() == ["Magnesium", "Iron"]
    assert "3 of 96 points were not indexed" in " ".join(layers[0].metadata["notes"])


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "labels.h5", "w") as file:
        file["label"] = np.ones((4, 4), int)
    (tmp_path / "text.h5").write_text("no")
    assert ebsd_reader(str(tmp_path / "labels.h5")) is None
    assert ebsd_reader(str(tmp_path / "text.h5")) is None
    assert ebsd_reader([str(tmp_path / "labels.h5"), str(tmp_path / "a.ang")]) is None
    (tmp_path / "a.ang").write_text("# nothing\n")
    read = ebsd_reader(str(tmp_path / "a.ang"))
    assert read is not None
    with pytest.raises(InputError, match=r"not an \.ang map"):
        read(str(tmp_path / "a.ang"))


def test_what_a_reader_has_to_say_waits_until_its_layers_are_drawn(viewer, qtbot, monkeypatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(notice, "show_info", said.append)
    notice.say_when_drawn("a note")
    viewer.add_labels(np.eye(8, dtype=int))
    assert "a note" not in said  # readers of earlier tests may still have something to say
    qtbot.waitUntil(lambda: "a note" in said, timeout=10_000)
    monkeypatch.setattr(notice.napari, "current_viewer", lambda: None)
    notice.say_when_drawn("without a window")
    assert said[-1] == "without a window"
