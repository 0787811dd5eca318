"""Which device a run takes, and how one is refused."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from shapelab import cuda_driver, device
from shapelab.cuda_driver import Card
from shapelab.device import describe, resolve
from shapelab.errors import ParameterError


class Driver:
    """What libcuda answers on a machine with some cards; ctypes hands it references."""

    def __init__(self, names, capability=(9, 0), memory=80_000_000_000):
        self.names, self.capability, self.memory = names, capability, memory

    def cuDeviceGetCount(self, count):
        count._obj.value = len(self.names)
        return 0

    def cuDeviceGet(self, handle, index):
        handle._obj.value = index
        return 0 if index < len(self.names) else 101

    def cuDeviceGetName(self, name, size, handle):
        name.value = self.names[handle.value].encode()[: size - 1]
        return 0

    def cuDeviceTotalMem_v2(self, memory, handle):
        memory._obj.value = self.memory
        return 0

    def cuDeviceGetAttribute(self, value, attribute, handle):
        value._obj.value = self.capability[attribute - 75]
        return 0

    def cuDevicePrimaryCtxRetain(self, context, handle):
        return 0

    cuDevicePrimaryCtxRelease_v2 = cuCtxPushCurrent_v2 = cuCtxPopCurrent_v2 = lambda self, handle: 0

    def cuMemGetInfo_v2(self, free, total):
        free._obj.value, total._obj.value = self.memory // 4, self.memory
        return 0


@pytest.fixture
def machine(monkeypatch):
    """Make this a machine with the given cards."""

    def make(*names, usable=True, **options):
        monkeypatch.setattr(cuda_driver, "_driver", lambda: Driver(names, **options))
        cuda_driver.cards.cache_clear()
        if usable:
            monkeypatch.setattr(device, "_warp_obstacle", lambda index: None)

    device._warp_obstacle.cache_clear()
    yield make
    monkeypatch.undo()
    cuda_driver.cards.cache_clear()
    device._warp_obstacle.cache_clear()


def test_the_driver_is_asked_for_its_cards(machine):
    machine("NVIDIA H100", "NVIDIA T4")
    assert cuda_driver.cards() == (Card(0, "NVIDIA H100", 80_000_000_000, (9, 0)), Card(1, "NVIDIA T4", 80_000_000_000, (9, 0)))
    assert device.available_memory("cuda:1") == 20_000_000_000


def test_auto_takes_a_card_only_for_work_that_is_worth_it(machine):
    machine("NVIDIA H100")
    assert resolve("auto") == "cuda:0"
    assert resolve("auto", large=False) == "cpu"
    assert resolve("cuda", large=False) == "cuda:0"
    assert describe("cuda:0") == "NVIDIA H100 (cuda:0)"


def test_without_cards_auto_is_the_processor(machine):
    machine()
    assert resolve("auto") == "cpu"
    with pytest.raises(ParameterError, match=r"'cuda' is not present on this machine; use 'auto' or 'cpu'\."):
        resolve("cuda")


@pytest.mark.parametrize(
    "name", ["cuda:1", "cuda:7", "cuda:-1", "cuda:", "cuda:x", "cuda:²", "gpu", "", "CUDA", "warp", "cpu:0", "cuda:0:0"]
)
def test_absent_and_unknown_devices_are_refused_with_those_that_are_there(machine, name):
    machine("NVIDIA H100")
    with pytest.raises(ParameterError, match="is not present on this machine; use 'auto', 'cpu' or 'cuda:0'"):
        resolve(name)


@pytest.mark.parametrize("name", ["mps", "mps:0"])
def test_apple_graphics_are_refused(machine, name):
    machine()
    with pytest.raises(ParameterError, match="not supported"):
        resolve(name)


def test_an_old_card_is_left_alone_and_refused_with_the_reason(machine):
    machine("GeForce GTX 1080", capability=(6, 1))
    assert resolve("auto") == "cpu"
    with pytest.raises(ParameterError, match=r"GTX 1080 has compute capability 6\.1 but 7\.5 is needed"):
        resolve("cuda")
    assert "the graphics card is not used: GeForce GTX 1080" in describe("cpu")


def test_without_warp_a_card_is_left_alone_and_it_is_said(machine, monkeypatch):
    machine("NVIDIA H100", usable=False)
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert resolve("auto") == "cpu"
    with pytest.raises(ParameterError, match=r"pip install 'napari-shapelab\[gpu\]'"):
        resolve("cuda:0")
    with pytest.raises(ParameterError, match="needs NVIDIA Warp"):
        resolve("warp:cpu")
    assert "the graphics card is not used" in describe("cpu")


def test_a_driver_that_warp_does_not_accept_is_refused(machine, monkeypatch):
    machine("NVIDIA H100", usable=False)
    warp = SimpleNamespace(__spec__=object(), config=SimpleNamespace(), LOG_ERROR=4, get_cuda_device_count=lambda: 0)
    monkeypatch.setitem(sys.modules, "warp", warp)
    with pytest.raises(ParameterError, match="update it"):
        resolve("cuda")


def test_a_card_that_torch_cannot_use_is_refused_for_torch(machine):
    machine("NVIDIA H100")
    with pytest.raises(ParameterError, match="install torch for CUDA"):
        resolve("cuda", through="torch")
    with pytest.raises(ParameterError, match="not present"):
        resolve("warp:cpu", through="torch")


def test_the_answer_does_not_depend_on_what_is_imported():
    code = "import sys; {} from shapelab.device import resolve; print(resolve('auto'), 'warp' in sys.modules, 'torch' in sys.modules)"
    plain, loaded = (
        subprocess.run([sys.executable, "-c", code.format(first)], capture_output=True, text=True, check=True).stdout.split()
        for first in ("", "import torch;")
    )
    assert plain[0] == loaded[0]
    assert plain[1:] == ["False", "False"] or plain[0] != "cpu"  # where there is no card nothing is loaded to find out


def test_names_for_the_status_line():
    assert describe("cpu").startswith("CPU (")
    assert describe(resolve("warp:cpu")) == "CPU through Warp (1 core)"
