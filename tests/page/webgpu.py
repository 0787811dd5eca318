"""The pages' compute shaders, run from Python through `wgpu`, on a software adapter where there is no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import numpy as np

from shapelab.curvature.energy import CurvatureEnergy
from shapelab.curvature.filters import TAPS
from shapelab.page.template import COMPUTE, joined_shaders

_WAYS, _INERTIAS = ("conserved", "averaged", "free"), ("faithful", "deep", "annealed")
_LANES = 64
_PLACES = {"field": 0, "step": 1, "gradient": 2, "direction": 4}


def adapter() -> Any:
    """Return an adapter, or the reason why there is none."""
    try:
        import wgpu

        return wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    except (ImportError, OSError, RuntimeError) as error:  # no wgpu, no driver
        return f"no WebGPU here (pip install wgpu, apt-get install mesa-vulkan-drivers): {error}"


def passes() -> list[list[str]]:
    """Return the passes of a step, as the page has them: name and what it runs over."""
    text = (files("shapelab.page") / "web" / "curvature_device.js").read_text(encoding="utf-8")
    return list(json.loads(re.search(r"const PASSES = (\[.*?\n\]);", text, re.DOTALL)[1].replace(",\n]", "]")))


class DeviceTexture:
    """A texture on a device, as `curvature_device.js` has it."""

    def __init__(self, found: Any, energy: CurvatureEnergy, field: np.ndarray, way: str = "conserved", inertia: str = "faithful") -> None:
        import wgpu

        self.device = found.request_device_sync()
        self.shape, self.size = energy.shape, int(np.prod(energy.shape))
        module = self.device.create_shader_module(code=joined_shaders(COMPUTE))
        storage = wgpu.BufferUsage.STORAGE | wgpu.BufferUsage.COPY_SRC | wgpu.BufferUsage.COPY_DST
        fields = np.zeros((6, self.size), np.float32)
        fields[[0, 5]] = field.ravel()
        rule = np.zeros(40, np.float32)
        rule.view(np.uint32)[0], rule[4] = 1, 2.0
        create = self.device.create_buffer_with_data
        self.fields, self.rule = create(data=fields, usage=storage), create(data=rule, usage=storage)
        buffers = [
            create(data=_model(energy, float(fields[0].mean(dtype=np.float64)), way, inertia), usage=wgpu.BufferUsage.UNIFORM),
            self.fields,
            self.device.create_buffer(size=40 * self.size, usage=storage),
            self.device.create_buffer(size=48 * _LANES, usage=storage),
            self.rule,
        ]
        kinds = ["uniform", *["storage"] * 4]
        layout = self.device.create_bind_group_layout(
            entries=[{"binding": k, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": kind}} for k, kind in enumerate(kinds)]
        )
        bound = [{"binding": k, "resource": {"buffer": buffer, "offset": 0, "size": buffer.size}} for k, buffer in enumerate(buffers)]
        self.group = self.device.create_bind_group(layout=layout, entries=bound)
        whole = self.device.create_pipeline_layout(bind_group_layouts=[layout])
        self.passes = {
            name: (self.device.create_compute_pipeline(layout=whole, compute={"module": module, "entry_point": name}), self._groups(over))
            for name, over in passes()
        }

    def _groups(self, over: str) -> int:
        return {"voxels": -(-self.size // _LANES), "sums": _LANES, "once": 1}[over]

    def run(self, names: Iterable[str] | None = None) -> None:
        """Take a step, or run some of its passes."""
        encoder = self.device.create_command_encoder()
        begun = encoder.begin_compute_pass()
        begun.set_bind_group(0, self.group)
        for name in self.passes if names is None else names:
            pipeline, groups = self.passes[name]
            begun.set_pipeline(pipeline)
            begun.dispatch_workgroups(groups)
        begun.end()
        self.device.queue.submit([encoder.finish()])

    def array(self, name: str) -> np.ndarray:
        """Return an array of the grid: "field", "step", "gradient", "direction"."""
        read = self.device.queue.read_buffer(self.fields, 4 * _PLACES[name] * self.size, 4 * self.size)
        return np.frombuffer(read, np.float32).reshape(self.shape)

    def shorten(self, less: float) -> None:
        """Make the step that was taken last `less` times as long."""
        self.device.queue.write_buffer(self.rule, 76, np.array([less], np.float32))
        self.run(["finish"])

    @property
    def energy(self) -> float:
        """The energy at the last evaluation."""
        return float(self._head().view(np.float32)[5])

    @property
    def ended(self) -> bool:
        """Whether the texture has failed too often."""
        return bool(self._head()[3])

    def _head(self) -> np.ndarray:
        return np.frombuffer(self.device.queue.read_buffer(self.rule, 0, 32), np.uint32)


def _model(energy: CurvatureEnergy, mean: float, way: str, inertia: str) -> np.ndarray:
    """Return the bytes of `struct Model`."""
    terms, factors = energy.terms, energy._factors.ravel()
    model = np.zeros(40, np.float32)
    whole = model.view(np.uint32)
    whole[:3], whole[3] = energy.shape, energy.periodic
    model[4:7], model[7] = factors[7:10], terms.voxel_size
    model[8:15], model[15] = factors[:7], terms.tension / terms.interface_width
    model[16], model[19] = terms.interface_width, mean
    whole[17], whole[18] = _WAYS.index(way), _INERTIAS.index(inertia)
    model[20], model[24:36] = TAPS[0], TAPS[1:]
    return model
