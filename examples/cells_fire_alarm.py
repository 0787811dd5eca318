"""The faster the slower: hard cells jam at the door that soft ones squeeze through.

Run it with ``python examples/cells_fire_alarm.py``.
"""

from __future__ import annotations

import shapelab as sl

if __name__ == "__main__":
    for name in ("fire_alarm_soft", "fire_alarm"):
        sim = sl.Cells(scenario=name, n_cells=40, shape=(104, 104), seed=2, max_time=3.0)
        for frame in sim.run(every=400):
            print(f"{name}: t = {frame.time:.2f}, out: {frame.scalars['evacuated']:.0f} of 40, roundness {frame.scalars['roundness']:.2f}")
        print(sim.reason)
