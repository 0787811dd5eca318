"""Tensors of torch are arrays wherever they lie, or one sentence."""

import numpy as np
import pytest
import torch

import shapelab as sl
from shapelab.errors import ArgumentError

LABELS = np.zeros((24, 26), np.int32)
LABELS[3:12, 3:12], LABELS[12:22, 3:20] = 1, 2
FIELD = np.add.outer(np.cos(np.arange(24) / 4), np.cos(np.arange(26) / 4))


def test_tensors_are_measured_as_their_numbers():
    expected = sl.measure(FIELD)["area"]
    for tensor in (torch.tensor(FIELD, requires_grad=True), torch.tensor(FIELD).t().contiguous().t()):
        assert sl.measure(tensor)["area"] == expected
    assert sl.measure(torch.tensor(FIELD).to(torch.bfloat16))["area"] == pytest.approx(expected, rel=0.02)
    assert sl.measure(torch.tensor(LABELS).to_sparse()).equals(sl.measure(LABELS))


def test_a_tensor_without_numbers_is_refused():
    with pytest.raises(ArgumentError, match="cannot be read as an array"):
        sl.measure(torch.empty((24, 26), device="meta"))


def test_a_voxel_size_is_no_truth_value():
    with pytest.raises(sl.errors.InputError, match="voxel size must be a number"):
        sl.measure(LABELS, spacing=True)
