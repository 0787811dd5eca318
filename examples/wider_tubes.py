"""Say what the texture should look like instead of writing coefficients; then change it while it grows."""

import shapelab as sl
from shapelab.curvature.polynomial import Coefficients
from shapelab.curvature.target import TextureTarget

simulation = sl.Curvatubes("tubes", shape=(64, 64, 64))
target = TextureTarget.of(simulation.parameters)
print("the preset aims at", target)

for frame in simulation.run(steps=300, every=300):
    print(frame.step, {name: round(value, 3) for name, value in frame.scalars.items()})

wider = target.replace(radius=1.5 * target.radius, volume_fraction=0.3).applied_to(simulation.parameters)
simulation.update(mass=wider.mass, **Coefficients._asdict(wider.coefficients))
for frame in simulation.run(every=200):
    print(frame.step, {name: round(value, 3) for name, value in frame.scalars.items()})
print(simulation.reason)
