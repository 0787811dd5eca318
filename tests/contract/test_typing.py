"""The public names as type checkers and editors see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import shapelab as sl

api = pytest.importorskip("mypy.api")
SOURCE = Path(sl.__file__).parent.parent

LARGE = "torch.*,pandas.*,scipy.*,skimage.*,numba.*,h5py.*,trimesh.*,zarr.*,PIL.*"
SCRIPT = """\
import numpy as np
import shapelab as sl

texture = sl.Curvatubes(preset="tubes", shape=(16, 16, 16), seed=1)
for frame in texture.run(steps=2, every=1):
    mask = frame["field"] > 0
cells = sl.Cells(scenario="blind_swimmers", seed=1)
solution = sl.solve_cells(np.random.rand(5, 2), np.full(5, 0.2), shape=(32, 32), cost=sl.costs.Power(p=2))
crystal = sl.generate_crystal(n_grains=10, shape=(64, 64), like=sl.fit_diagram(solution.labels), seed=1)
numbers = sl.measure(mask), sl.compare(mask, mask), sl.catalog()
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Check scripts as a user would, strictly; the errors inside large dependencies are not ours."""
    folder = tmp_path_factory.mktemp("typing")
    config = folder / "mypy.ini"
    config.write_text(
        f"[mypy]\nstrict = True\nmypy_path = {SOURCE}\nfollow_imports = silent\ncache_dir = {folder / 'cache'}\n"
        f"[mypy-{LARGE}]\nfollow_imports = skip\nignore_missing_imports = True\n"
    )

    def run(text: str) -> str:
        script = folder / "script.py"
        script.write_text(text)
        output, errors, _ = api.run(["--config-file", str(config), str(script)])
        assert not errors
        return output

    return run


def test_a_user_script_is_clean_under_strict(check):
    assert check(SCRIPT).startswith("Success")


def test_an_unknown_name_or_argument_is_an_error(check):
    output = check(f"{SCRIPT}\nsl.no_such_thing\nsl.Cells(1)\nsolution.lables\nfrom shapelab.crystals import no_such_grain\n")
    lines = re.findall(r"script.py:(\d+): error: (.*)", output)
    assert [int(line) for line, _ in lines] == [12, 13, 14, 15], output
    assert "no_such_thing" in lines[0][1]


def test_no_public_name_is_any(check):
    names = [name for name in sl.__all__ if name != "__version__"]
    revealed = re.findall(
        r'Revealed type is "(.*)"', check("import shapelab as sl\n" + "".join(f"reveal_type(sl.{name})\n" for name in names))
    )
    assert len(revealed) == len(names)
    assert not [name for name, kind in zip(names, revealed, strict=True) if kind == "Any"]
    made = re.findall(r'Revealed type is "(.*)"', check(f"{SCRIPT}\nreveal_type(cells)\nreveal_type(texture)\nreveal_type(solution)\n"))
    assert [kind.rpartition(".")[2] for kind in made] == ["Cells", "Curvatubes", "Solution"]


def test_what_type_checkers_see_is_what_there_is():
    assert set(sl.__all__) - {"__version__"} == set(sl._EXPORTS)
    assert all(getattr(sl, name) is not None for name in sl.__all__)
    assert isinstance(sl.Cells(), sl.Simulation)
    assert isinstance(sl.Curvatubes(), sl.Curvatubes)
