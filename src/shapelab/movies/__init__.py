"""Cells over time: one long table, velocities, tracks, divisions, deaths and neighbour exchanges, of images or saved runs."""

from __future__ import annotations

from shapelab.movies.events import Event
from shapelab.movies.linking import link_cells
from shapelab.movies.movie import Movie, as_movie
from shapelab.movies.over_time import CellsOverTime, measure_over_time

__all__ = ["CellsOverTime", "Event", "Movie", "as_movie", "link_cells", "measure_over_time"]
