"""What cells do, against closed forms and against what the models are known for (fresh seeds, small sizes)."""

from __future__ import annotations

import numpy as np
import pytest

from shapelab.cells import CellDiagram, Cells
from shapelab.cells.motions.solid import deformation, flow_plastically, reference_graph, solid_forces
from shapelab.cells.motions.tension import interface_forces, junction_forces
from shapelab.cells.observables import correlation

_MEASURED = {
    "active_liquid": 96, "active_crystal": 96, "blind_swimmers": 96, "run_and_tumble": 112, "fire_alarm": 128, "fire_alarm_soft": 128,
    "checkerboard": 160, "separation": 160, "internalisation": 160, "engulfment": 160, "falling_columns": 128, "falling_cells": 128,
    "light_and_heavy": 128, "dam_break": 160, "elastic_block": 224, "plastic_block": 224, "taylor_green": 160, "chemotaxis": 128,
    "protrusions": 96, "tissue_growth": 128,
}  # fmt: skip
"""Side of the grids on which the limits below were measured."""


def measured(name, **values):
    return Cells(name, **{"shape": (_MEASURED.get(name, 96),) * 2, **values})


def run_until(sim, time):
    """Return the last frame of a run up to a time."""
    sim.update(max_time=time)
    *_, frame = sim.run(every=1_000_000)
    return frame


@pytest.mark.parametrize("p", [0.5, 2.0, 8.0])
def test_a_free_cell_keeps_its_speed(p):
    # a cell of R = 8 pixels: hard ones stick to the grid unless forces count pixel fractions
    filling = np.pi * 8**2 / 64**2
    sim = measured("active_liquid", shape=(64, 64), n_cells=1, filling=filling, p=p, speed=0.4, turning=0.0, seed=11)
    frame = run_until(sim, 0.3)
    travelled = np.linalg.norm(sim.state().traits["travelled"][0])
    assert 0.8 <= travelled / (0.4 * frame.time) <= 1.05


def test_soft_cells_flow_and_hard_cells_crystallise():
    ends = {p: run_until(measured("active_liquid", p=p, seed=21), 1.5).scalars for p in (0.5, 8.0)}
    assert ends[0.5]["mean_square_displacement"] > 2.5 * ends[8.0]["mean_square_displacement"]
    assert ends[8.0]["hexatic_order"] > 0.7
    assert ends[0.5]["hexatic_order"] < 0.6
    assert ends[0.5]["shape_index"] > 3.72
    assert ends[8.0]["shape_index"] < 3.65


def test_hard_cells_stay_round_and_headings_forget_at_the_tumble_rate():
    sim = measured("run_and_tumble", seed=31)
    sim.prepare()
    roundness, correlations, axes, times = [], [], [], []
    while sim.state().time < 3:
        for _ in range(10):
            sim.step()
        state = sim.state()
        diagram = CellDiagram.of(state, False)
        roundness.append(diagram.roundness)
        correlations.append(sim.frame().scalars["hard_cells_are_round"])
        axes.append(state.axes)
        times.append(state.time)
    hardness = sim.state().traits["stiffness"]
    assert np.mean(correlations) > 0.5
    assert correlation(hardness, np.mean(roundness, axis=0)) > 0.65
    step = float(np.mean(np.diff(times)))
    lag = round(0.5 / step)
    kept = np.mean([np.mean(np.sum(a * b, axis=1)) for a, b in zip(axes[:-lag], axes[lag:], strict=True)])
    assert abs(kept - np.exp(-lag * step)) < 0.15
    assert sim.frame().scalars["volume_error"] <= 0.02


def test_blind_rods_come_to_swim_together():
    # over 6 seeds the mean order between t = 16 and 32 was 0.42-0.76 (median 0.64); random directions of 40 rods have 0.14
    sim = measured("blind_swimmers", seed=0, dt=0.01, max_time=32.0)
    start = sim.frame().scalars["polar_order"]
    frames = list(sim.run(every=100))
    late = [frame.scalars["polar_order"] for frame in frames if frame.time > 16]
    assert start < 0.35
    assert np.mean(late) > 0.28
    assert all(2.4 < frame.scalars["elongation"] < 3.3 for frame in frames)  # they stay rods


def test_soft_cells_leave_the_room_faster():
    # over 8 seeds, at t = 5 of 60 cells: 30-43 soft ones are out, 22-32 hard ones, and the difference is 3-17 (mean 10, sd 4)
    runs = {"fire_alarm_soft": {}, "fire_alarm": {"dt": 0.0026}}  # hard cells with k dt = 2.1, three times the automatic step
    out = [
        [run_until(measured(name, seed=seed, **values), 5.0).scalars["evacuated_part"] for seed in (1, 2)] for name, values in runs.items()
    ]
    soft, hard = np.mean(out, axis=1)
    assert soft >= 0.45
    assert soft - hard >= 0.05


def test_separation_checkerboard_and_internalisation():
    mixed = measured("checkerboard", seed=43)
    start = mixed.frame().scalars["heterotypic_contact"]
    *_, frame = mixed.run(steps=250, every=250)
    assert frame.scalars["heterotypic_contact"] > start + 0.1
    apart = measured("separation", n_cells=40, shape=(96, 96), seed=41)
    start = apart.frame().scalars["heterotypic_contact"]
    *_, frame = apart.run(steps=400, every=400)
    assert start > 0.3
    assert frame.scalars["heterotypic_contact"] < 0.12
    inside = measured("internalisation", n_cells=40, shape=(112, 112), seed=42)
    start = inside.frame().scalars
    *_, frame = inside.run(steps=300, every=300)
    assert frame.scalars["exposed_type_0"] < 0.55 * start["exposed_type_0"]
    assert frame.scalars["interface_energy"] < 0.7 * start["interface_energy"]


def test_very_soft_cells_stand_upright():
    frame = run_until(measured("falling_columns", seed=3), 3.0)
    assert frame.scalars["upright"] > 1.25
    assert frame.scalars["mean_height"] < 0.35


def test_light_cells_rise_through_heavy_ones():
    light, heavy = (
        run_until(measured("light_and_heavy", second_correction=c, seed=13), 3.0).scalars["second_above_first"] for c in (8.0, 1.0)
    )
    assert light > 0.03
    assert heavy < -0.06


def test_a_tissue_grows_round_and_division_conserves_volume():
    sim = measured("tissue_growth", capacity=30, shape=(96, 96), growth_rate=4.0, seed=9)
    sim.prepare()
    while sim.frame().scalars["divisions"] < 6:
        before = sim.state()
        sim.step()
        after = sim.state()
        grown = after.volumes.sum() - before.volumes.sum()
        limit = 2 * before.counts["full"] * 4.0 * (after.time - before.time) * len(before)
        assert -1e-12 <= grown <= limit  # divisions add nothing to the growth
    frame = run_until(sim, 4.0)
    assert frame.scalars["cells"] >= 25
    assert frame.scalars["gyration_ratio"] < 1.3
    assert frame.scalars["total_volume"] <= 0.7501


def test_a_soft_cell_goes_further_into_the_pipette():
    lengths = [run_until(measured("micropipette", p=p, shape=(96, 192)), 0.8).scalars["aspirated_length"] for p in (0.5, 3.0)]
    assert lengths[0] > lengths[1] + 0.2


def test_a_cell_climbs_the_gradient():
    sim = measured("chemotaxis", shape=(64, 64), n_cells=1, filling=0.03, seed=2)
    sim.edit("move_seed", cell=1, position=(32, 16))
    start = sim.frame().scalars
    assert start["elongation"] > 1.02
    frame = run_until(sim, 0.4)
    assert frame.scalars["distance_to_source"] < start["distance_to_source"] - 0.005


def test_the_dam_breaks_at_the_right_speed_and_keeps_its_energy():
    sim = measured("dam_break", seed=4)
    sim.prepare()
    fronts, energies = [], []
    while sim.frame().time < 0.95:
        for _ in range(8):
            sim.step()
        scalars = sim.frame().scalars
        fronts.append(scalars["front"])
        energies.append(scalars["energy"])
    assert (np.diff(fronts) > -0.02).all()
    assert 0.8 <= fronts[-1] <= 0.99
    assert np.abs(np.array(energies) - 1).max() < 0.05


def test_water_falls_freely():
    sim = measured("dam_break", width=0.3, height=0.3, left=0.35, drop=0.6, seed=4)
    start = sim.frame().scalars["mean_height"]
    frame = run_until(sim, 0.5)
    dt = sim.model.time_step(sim.state())
    drop = start - frame.scalars["mean_height"]
    assert drop == pytest.approx(0.5 * frame.time * (frame.time + dt), rel=0.03)


def test_the_vortex_keeps_its_energy():
    frame = run_until(measured("taylor_green", n_cells=120, shape=(112, 112), seed=3), 0.4)
    assert frame.scalars["energy"] == pytest.approx(1, abs=0.05)
    assert frame.scalars["kinetic_energy"] > 0.8


def test_rubber_comes_back_and_clay_does_not():
    rubber, clay = (measured(name, n_cells=36, shape=(160, 160), seed=6) for name in ("elastic_block", "plastic_block"))
    landed = run_until(rubber, 1.0).scalars
    assert landed["shape_error"] < 0.06
    rubber.update(damping=4.0)
    assert run_until(rubber, 2.0).scalars["shape_error"] < 0.03
    assert run_until(clay, 1.4).scalars["width_over_height"] > 1.4


def test_elastic_forces_are_internal_and_blind_to_rotation():
    rng = np.random.default_rng(0)
    reference = np.stack(np.meshgrid(np.arange(6.0), np.arange(5.0), indexing="ij"), -1).reshape(-1, 2)
    volumes = rng.uniform(0.8, 1.2, 30)
    pairs = reference_graph(reference, volumes)
    plain = np.broadcast_to(np.eye(2), (30, 2, 2))
    rotation = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    turned = reference @ rotation.T + 3
    np.testing.assert_allclose(solid_forces(turned, reference, pairs, plain, volumes, 6.0, 6.0, 0.3), 0, atol=1e-6)
    bent = reference + 0.1 * rng.standard_normal(reference.shape)
    forces = solid_forces(bent, reference, pairs, plain, volumes, 6.0, 6.0, 0.3)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-10)
    assert np.abs(forces).max() > 0.1
    sheared = reference @ np.array([[1.0, 0.3], [0.0, 1.0]]).T
    total, _ = deformation(sheared, reference, pairs)
    np.testing.assert_allclose(total, np.broadcast_to([[1.0, 0.3], [0.0, 1.0]], total.shape), atol=1e-6)
    plastic = flow_plastically(total, plain.copy(), 0.05)
    strain = np.log(np.linalg.svd(total @ np.linalg.inv(plastic))[1])
    np.testing.assert_allclose(np.linalg.norm(strain - strain.mean(axis=1, keepdims=True), axis=1), 0.05, atol=1e-6)


def test_tension_pushes_two_cells_apart_by_contact_length_over_distance():
    sim = measured("separation", n_cells=0, shape=(96, 96))
    for x in (36, 60):
        sim.edit("add_cell", position=(47.5, x), volume=24 * 30.0)
    sim.edit("set_type", cell=2, type=1)
    state = sim.state()
    diagram = CellDiagram.of(state, False)
    table = np.zeros((3, 3))
    table[0, 1] = table[1, 0] = 2.0
    forces = interface_forces(diagram, state.positions, state.types, table, table)
    pairs, areas = diagram.contacts.of_cells()
    assert len(pairs) == 1
    expected = 2.0 * areas[0] / (24 / 96)
    assert forces[0, 1] == pytest.approx(-expected, rel=0.12)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-12)
    assert abs(forces[0, 0]) < 0.02 * expected


def two_cells(half_distance, area):
    """Return the state of two equal cells side by side, lengths in pixels of 96, and its diagram."""
    sim = measured("separation", n_cells=0, shape=(96, 96), tolerance=0.002)
    for x in (47.5 - half_distance, 47.5 + half_distance):
        sim.edit("add_cell", position=(47.5, x), volume=area)
    return sim.state(), CellDiagram.of(sim.state(), False)


def test_a_pair_of_cells_rests_at_the_contact_angle_of_young():
    # radius 24, contact 12 from either centre: cos(angle) = 1/2 = tension of the contact over twice that of the medium
    radius, area = 24.0, (np.pi - (np.pi / 3 - np.sqrt(3) / 4)) * 24.0**2
    state, diagram = two_cells(radius / 2, area)
    scale = 2 * np.sqrt(3) / 2  # what either tension gives alone: g 2 h / radius
    for between, balance in ((1.0, 0.0), (0.0, 1.0), (2.0, -1.0)):
        table = np.array([[between, 1.0], [1.0, 0.0]])
        forces = interface_forces(diagram, state.positions, state.types, table, table)
        forces = forces + junction_forces(diagram, state.positions, state.types, table, state.radius / 3)
        assert forces[0, 1] == pytest.approx(balance * scale, abs=0.1)
        assert forces[1, 1] == pytest.approx(-balance * scale, abs=0.1)
        np.testing.assert_allclose(forces[:, 0], 0, atol=0.05)


def test_a_junction_shares_its_pull_and_rests_at_120_degrees():
    sim = measured("separation", n_cells=0, shape=(96, 96), tolerance=0.002)
    angles = 2 * np.pi * (np.arange(3) + 0.25) / 3
    outwards = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    for position in 47.5 + 14 * outwards:
        sim.edit("add_cell", position=position, volume=900.0)
    state, types = sim.state(), np.arange(3)
    diagram = CellDiagram.of(state, False)
    table = np.zeros((4, 4))
    table[:3, :3] = 1 - np.eye(3)
    equal = junction_forces(diagram, state.positions, types, table, state.radius / 3)
    # in the middle three equal tensions cancel; at the medium each contact pulls both of its cells inwards by a half
    np.testing.assert_allclose(equal, -0.5 * outwards, atol=0.03)
    table[0, 1] = table[1, 0] = 2.0
    dearer = junction_forces(diagram, state.positions, types, table, state.radius / 3) - equal
    along = outwards[0] + outwards[1]  # the dearer contact draws its inner end, which three cells share, out, and its outer end in
    np.testing.assert_allclose(dearer, np.array([[1 / 3 - 1 / 2], [1 / 3 - 1 / 2], [1 / 3]]) * along, atol=0.03)


@pytest.mark.parametrize("pixels", [3, 4, 6, 8])
@pytest.mark.parametrize("p", [2.5, 8.0])
def test_a_free_cell_moves_at_its_own_speed_however_few_pixels_it_has(pixels, p):
    side = 48
    filling = np.pi * pixels**2 / side**2
    sim = Cells("active_crystal", shape=(side, side), n_cells=1, filling=filling, p=p, turning=0.0, speed=0.4, seed=5)
    sim.prepare()
    heading = sim.state().axes[0]
    for _ in range(40):
        sim.step()
    state = sim.state()
    assert state.traits["travelled"][0] @ heading / state.time == pytest.approx(0.4, rel=0.02)


def test_in_a_fire_alarm_every_hard_cell_moves():
    sim = measured("fire_alarm", seed=2, shape=(96, 96), n_cells=30)
    sim.prepare()
    for _ in range(120):
        sim.step()
    state = sim.state()
    assert (np.linalg.norm(state.traits["travelled"], axis=1) > 0.25 * state.radius).all()
