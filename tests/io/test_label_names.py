"""Names of labels that a NIfTI file states become features."""

from __future__ import annotations

import nibabel
import numpy as np

from shapelab.io import read_image, samples

_TABLE = (
    '<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0"><LabelTable>'
    '<Label Key="0" Red="0"><![CDATA[???]]></Label><Label Key="7" Red="1.0"><![CDATA[left kidney]]></Label><Label Key="3">liver</Label>'
    "</LabelTable></VolumeInformation></CaretExtension>"
)


def test_names_come_with_the_labels(tmp_path):
    data = np.zeros((6, 7, 8), np.uint8)
    data[1:3, 1:3, 1:3], data[4:, 4:, 4:] = 7, 3
    image = nibabel.Nifti1Image(data, np.eye(4))
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, _TABLE.encode()))
    nibabel.save(image, tmp_path / "organs.nii")
    layer = read_image(tmp_path / "organs.nii")
    assert layer.kind == "labels"
    assert layer.meta["features"] == {"index": [0, 3, 7], "name": ["", "liver", "left kidney"]}
    assert "features" not in read_image(tmp_path / "organs.nii", kind="image").meta


def test_organs_of_the_sample_have_names():
    (layer,) = samples.load("ct_abdomen")
    names = dict(zip(layer.meta["features"]["index"], layer.meta["features"]["name"], strict=True))
    assert names[5] == "liver"
    assert set(np.unique(layer.data).tolist()) <= set(names)
