"""Make a new polycrystal with the statistics of a measured one, and compare the two."""

import shapelab as sl

measured = sl.generate_crystal(150, (200, 200), volumes="lognormal", sigma=0.8, anisotropy=0.5, seed=1)
fit = sl.fit_diagram(measured.labels, method="moments")
new = sl.generate_crystal(150, (200, 200), like=fit, seed=2)
print(f"volume error: mean {new.mean_volume_error:.2%}, largest {new.volume_error:.2%}")
for name in ("volume", "aspect_ratio", "angle"):
    print(f"Kolmogorov-Smirnov distance of {name}: {new.statistics[f'ks_{name}']:.3f}")
