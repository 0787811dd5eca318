"""Grow a texture of tubes, watch its numbers, and save the surface as a mesh."""

import shapelab as sl
from shapelab.convert import field_to_mesh
from shapelab.io import write_mesh

simulation = sl.Curvatubes("tubes", shape=(64, 64, 64), seed=1, voxel_size=0.5, unit="um")
for frame in simulation.run(every=100):
    numbers = frame.scalars
    print(f"{frame.step:5d}  energy {numbers['energy']:8.1f}  area {numbers['area']:8.1f} um^2  mean H {numbers['mean_H']:.3f} /um")
print(simulation.reason)

write_mesh("tubes.ply", field_to_mesh(frame["field"], 0.5))
