"""Presets."""

from shapelab.catalog import Scenario

PRESETS = {
    s.name: s for s in [Scenario("tubes", "Tubes", "Branching tubes.", dict(a20=1, a11=2, a02=6, b10=-40, b01=-40, c=400, mass=-0.6))]
}
