"""An oblate vesicle of fixed volume and area bends into the shape of a red blood cell (Helfrich, 1973)."""

import shapelab as sl

simulation = sl.Curvatubes("red-blood-cell")
for frame in simulation.run(every=50):
    inside = frame["field"] > 0
    thickness = inside.sum(axis=0)
    middle = thickness[thickness.shape[0] // 2, thickness.shape[1] // 2]
    print(f"step {frame.step:4d}: {middle} voxels thick in the middle, {thickness.max()} at the rim, energy {frame.scalars['energy']:.1f}")
print(simulation.reason)
