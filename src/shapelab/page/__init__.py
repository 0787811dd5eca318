"""A run as one web page: everything in one file, played and computed further by the browser that opens it."""

from __future__ import annotations

from shapelab.page.still import still_page
from shapelab.page.writing import LARGEST, PAGE_SUFFIXES, Page, make_page, save_page, write_page

__all__ = ["LARGEST", "PAGE_SUFFIXES", "Page", "make_page", "save_page", "still_page", "write_page"]
