"""The script behind the Generate tab's button: what makes the same sample without the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_shapelab.work.script_button import Script

if TYPE_CHECKING:
    from napari_shapelab.viewer.layer_data import TakenLayer
    from shapelab.crystals.generate_parameters import GenerateParameters
    from shapelab.crystals.population import Population

__all__ = ["generate_script"]


def generate_script(parameters: GenerateParameters, like: TakenLayer | None, population: Population | None) -> Script:
    """Return the script of a sample, like a layer if there is one; its `population` brings the orientations."""
    arrays, body, reference = {}, list[str](), list[str]()
    if like is not None:
        known = ""
        if population is not None and population.orientations is not None:
            arrays["orientations"] = population.orientations
            known = f", orientations, {population.symmetries!r}"
        body += [
            "from shapelab.crystals.population import Population",
            "",
            'measured = sl.fit_diagram(like.data, 2, like.meta["scale"], method="moments")',
            f"population = Population.of(measured.moments{known})",
        ]
        if population is not None and population.phases is not None:
            arrays["phases"] = population.phases
            names = f", phase_names={population.phase_names!r}" if population.phase_names is not None else ""
            body = ["from dataclasses import replace", *body, f"population = replace(population, phases=phases{names})"]
        reference = ["    like=population,"]
        if parameters.match_boundaries and population is not None and population.boundaries is not None:
            arrays["boundaries"] = population.boundaries
            reference += ["    misorientations=boundaries,"]
    p = parameters
    arguments = {
        "volumes": p.law,
        "sigma": p.sigma,
        "anisotropy": p.anisotropy,
        **({} if p.phases is None or like is not None else {"phases": p.phases}),
        "exact_volumes": p.exact,
        "exclusion": p.exclusion,
        "lloyd": p.lloyd,
        "periodic": p.boundary == "periodic",
        "tolerance": p.tolerance / 100,
        "seed": p.seed,
    }
    if "phases" in arguments:
        body += ["from shapelab.crystals import GrainPhase", ""]
    body += ["crystal = sl.generate_crystal(", f"    {p.n_grains},", f"    {p.grid!r},", f"    {p.pixel_size!r},", *reference]
    body += [*(f"    {name}={value!r}," for name, value in arguments.items()), ")", "print(crystal.labels.shape, crystal.statistics)"]
    return Script(body, {} if like is None else {"like": like}, arrays)
