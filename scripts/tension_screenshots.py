"""Take the pictures of the Tensions dock for the user guide.

python scripts/tension_screenshots.py [NAME …]
"""

from __future__ import annotations

import sys

from screenshots import Session, take

__all__ = ["epithelium", "ovule"]


def _inferred(sample: str) -> Session:
    """Open a sample, and infer its tensions."""
    session = Session("Tensions")
    session.viewer.open_sample("napari-shapelab", sample)
    session.idle(2.0)
    session.click(session.dock.work.run_button)
    session.wait(lambda: session.dock.found is not None)
    session.idle(2.0)
    return session


def epithelium() -> None:
    """The fly: tensions and pressures, their classes, and the relaxed tissue against the labels."""
    session = _inferred("drosophila")
    session.viewer.fit_to_view()
    session.picture("tensions_dock")
    result = session.dock.result
    result.tabs.setCurrentWidget(result.classes)
    session.picture("tensions_classes")
    result.tabs.setCurrentIndex(3)
    panel = result.simulate.panel
    session.click(panel.run_button)
    session.wait(lambda: panel.snapshot is not None and panel.snapshot.frame.step >= 100)
    session.click(panel.stop_button)
    session.wait(lambda: not panel.running)
    session.click(result.simulate.compare_button)
    session.wait(lambda: "of the pixels" in result.simulate.numbers.text())
    session.picture("tensions_simulated")
    session.close()


def ovule() -> None:
    """The ovule: surfaces of its walls, and one of them chosen in the table."""
    session = _inferred("ovule")
    table = session.dock.result.interfaces
    table.setCurrentIndex(table.model().index(3, 0))
    session.picture("tensions_ovule_dock")
    session.close()


if __name__ == "__main__":
    sys.exit(take({"epithelium": epithelium, "ovule": ovule}, __doc__))
