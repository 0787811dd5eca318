"""Label volumes in chunks: the table of the same volume in memory, whatever the chunks; what is held, refused, told and stopped."""

from __future__ import annotations

import threading
import tracemalloc

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from shapelab.compare import cell_statistics
from shapelab.errors import InputError, OutOfMemoryError, Stopped
from shapelab.labels.lazy import lazily
from shapelab.labels.moments import cell_moments
from shapelab.labels.planes import LabelPlanes
from shapelab.labels.sums import sum_labels
from shapelab.measure import measure, measure_labels, plan_labels
from shapelab.mesh import interface_mesh
from shapelab.movies import link_cells, measure_over_time
from shapelab.stopping import stoppable

STEPS = (2.0, 1.0, 1.5)


@pytest.fixture(params=[1, 3, 7], autouse=True)
def thickness(request, monkeypatch):
    """So many planes at a time, whatever the memory."""
    monkeypatch.setattr(LabelPlanes, "thickness", property(lambda self: min(request.param, self.solid_shape[0])))
    return request.param


def tissue(seed: int, shape=(20, 24, 28), n=12, fill=0.8) -> np.ndarray:
    """A few cells, single voxels among them."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (n, 3)) * shape
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)[..., None, :]
    distance = ((grid - points) ** 2).sum(-1)
    labels = np.where(distance.min(-1) < fill * (np.prod(shape) / n) ** (2 / 3), 1 + distance.argmin(-1), 0)
    for label in range(n, n + 3):  # specks, which are counted by Crofton's formula
        labels[tuple(rng.integers(0, shape))] = label + 5
    return labels.astype(np.uint16)


@settings(max_examples=6)
@given(
    seed=st.integers(0, 2**31),
    chunks=st.tuples(*[st.integers(3, 30)] * 3),
    periodic=st.sampled_from([False, True, (True, False, False), (False, True, False)]),
    kind=st.sampled_from(["dask", "zarr"]),
)
def test_any_chunks_give_the_table_of_the_array_in_memory(seed, chunks, periodic, kind):
    labels = tissue(seed)
    lazy = da.from_array(labels, chunks=chunks) if kind == "dask" else zarr.create_array(store={}, data=labels, chunks=chunks)
    pd.testing.assert_frame_equal(
        measure_labels(lazy, STEPS, periodic=periodic), measure_labels(labels, STEPS, periodic=periodic), check_exact=True
    )


def test_cells_across_the_borders_of_chunks_are_whole():
    labels = np.zeros((18, 18, 18), np.int32)
    labels[3:15, 4:14, 5:13] = 9
    labels[3:15, 4:14, 13:16] = 4
    table = measure_labels(da.from_array(labels, chunks=6), (1.0, 1.0, 2.0))
    assert table.index.tolist() == [4, 9]
    assert table["volume"].tolist() == [12 * 10 * 3 * 2.0, 12 * 10 * 8 * 2.0]
    assert table.loc[9, ["centroid_z", "centroid_y", "centroid_x"]].tolist() == [8.5, 8.5, 17.0]
    sides = [(12, 10, 16), (12, 10, 6)]
    for label, side in zip((9, 4), sides, strict=True):
        semi = np.sqrt(5 * np.sort(np.square(side))[::-1] / 12)
        assert table.loc[label, ["semi_axis_1", "semi_axis_2", "semi_axis_3"]].to_numpy(float) == pytest.approx(semi)
    assert table["neighbours"].tolist() == [1, 1]
    assert not table["touches_border"].any()


def test_ids_of_64_bits_and_boxes_without_background_stay_exact():
    labels = np.array([2**63 + 5, 7, 2**40], np.uint64)[tissue(3) % 3]
    lazy = da.from_array(labels, chunks=9)
    table = measure_labels(lazy)
    assert table.index.tolist() == [7, 2**40, 2**63 + 5]
    pd.testing.assert_frame_equal(table, measure_labels(labels), check_exact=True)


def test_moments_are_those_of_every_voxel():
    labels = tissue(5)
    sums = sum_labels(LabelPlanes(labels, labels.shape, labels.dtype))
    index = np.searchsorted(sums.ids, labels)
    volumes, centroids, covariances = cell_moments(index, len(sums.ids), STEPS)
    np.testing.assert_array_equal(sums.counts * np.prod(STEPS), volumes)
    np.testing.assert_allclose((sums.means + 0.5) * STEPS, centroids, rtol=1e-12)
    found = sums.covariances * np.outer(STEPS, STEPS) + np.diag(np.square(STEPS) / 12)
    np.testing.assert_allclose(found, covariances, rtol=1e-9, atol=1e-9)
    for row, label in enumerate(sums.ids):
        places = np.argwhere(labels == label)
        assert (sums.low[row].tolist(), sums.high[row].tolist()) == (places.min(0).tolist(), places.max(0).tolist())


def test_the_mesh_is_that_of_the_array_node_by_node():
    labels = tissue(8)
    ours, lazy = (interface_mesh(given, STEPS, periodic=(True, False, True)) for given in (labels, da.from_array(labels, chunks=8)))
    for name in ("nodes", "faces", "pairs", "node_cells", "on_border", "frozen", "ids"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(lazy, name))


def test_measure_takes_lazy_labels_masks_and_refuses_grey_images():
    labels = tissue(2)
    lazy = da.from_array(labels, chunks=10)
    pd.testing.assert_frame_equal(measure(lazy, STEPS), measure(labels, STEPS), check_exact=True)
    mask = da.from_array((labels > 0).astype(np.uint8), chunks=10)
    assert measure(mask)["volume"] == np.count_nonzero(labels)
    assert measure(lazy, label=3)["volume"] == np.count_nonzero(labels == 3)
    assert cell_statistics(lazy).index.tolist() == cell_statistics(labels).index.tolist()
    grey = np.random.default_rng(0).integers(0, 255, (12, 64, 64)).astype(np.uint8)
    with pytest.raises(InputError, match="grey image"):
        measure(da.from_array(grey, chunks=6))
    with pytest.raises(InputError, match="whole numbers"):
        measure_labels(da.from_array(labels.astype(float), chunks=6))
    with pytest.raises(InputError, match="negative"):
        measure_labels(da.from_array(labels.astype(int) - 1, chunks=6))
    with pytest.raises(InputError, match="empty"):
        measure_labels(da.zeros((9, 9, 9), dtype=np.uint8, chunks=3))


def test_what_must_be_read_whole_and_does_not_fit_is_refused_before_it_is_read():
    huge = da.zeros((20_000, 20_000, 20_000), dtype=np.uint16, chunks=(64, 512, 512))
    for call in (lambda: measure(huge.astype(float)), lambda: cell_statistics(huge), lambda: measure(huge > 0)):
        with pytest.raises(OutOfMemoryError, match="GB"):
            call()
    with pytest.raises(OutOfMemoryError):
        link_cells(da.zeros((1000, 100, 4000, 4000), dtype=np.uint16, chunks=(1, 50, 500, 500)))


def test_progress_is_told_and_work_stops_between_two_pieces(thickness):
    labels = da.from_array(tissue(1), chunks=8)
    told = []
    measure_labels(labels, progress=lambda done, total: told.append((done, total)))
    assert [total for _, total in told] == [60] * len(told)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    stop = threading.Event()
    with pytest.raises(Stopped), stoppable(stop):
        measure_labels(labels, progress=lambda done, total: stop.set())


def test_a_plan_tells_size_and_memory():
    plan = plan_labels(da.from_array(tissue(1), chunks=8))
    assert plan.voxels == 20 * 24 * 28
    assert f"{plan.voxels:,} voxels" in str(plan)
    assert 0 < plan.memory < 100e6


def test_a_movie_of_many_gigabytes_is_read_frame_by_frame(tmp_path):
    one = np.kron(tissue(4, (8, 12, 12), 5), np.ones((1, 4, 4), np.uint16)).astype(np.uint16)
    shape = (60_000, 9, 256, 256)
    movie = zarr.create_array(store=str(tmp_path / "movie.zarr"), shape=shape, chunks=(1, *shape[1:]), dtype=np.uint16)
    assert movie.nbytes > 50e9
    for frame in range(2):
        movie[(frame, *(slice(frame, n + frame) for n in one.shape))] = one
    frames = lazily(movie)
    measure_over_time(frames[:1])  # compiled, loaded
    peaks = []
    for count in (2, 12):
        tracemalloc.start()
        found = measure_over_time(frames[:count])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert set(found.table["frame"]) == {0, 1}
    assert peaks[1] < 1.3 * peaks[0]
    assert found.table.loc[found.table["frame"] == 1, "volume"].sum() == np.count_nonzero(one)


def test_parts_are_cut_out_of_zarr_without_being_read():
    array = np.arange(5 * 6 * 7 * 8).reshape(5, 6, 7, 8)
    part = lazily(zarr.create_array(store={}, data=array, chunks=(2, 3, 4, 5)))
    for key in (3, (slice(1, 4), 2), (..., 5), (slice(None), slice(4, 1, -1), 3, slice(None, None, 2)), (-1, ..., slice(2, 99))):
        cut = part[key]
        assert (cut.shape, cut.ndim, len(cut.chunks)) == (array[key].shape, array[key].ndim, array[key].ndim)
        np.testing.assert_array_equal(np.asarray(cut), array[key])
    np.testing.assert_array_equal(np.asarray(part[1:4][1, 2:][0]), array[1:4][1, 2:][0])
    np.testing.assert_array_equal(np.asarray(part[0].transpose((2, 0, 1))), array[0].transpose((2, 0, 1)))
