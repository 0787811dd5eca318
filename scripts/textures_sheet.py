"""Draw all textures at their start and after a while on one sheet, to be looked at one by one; or beside an earlier sheet.

    python scripts/textures_sheet.py build/after [--beside build/before] [--only NAME ...]

as scripts/cells_sheet.py does for cells.
"""

from __future__ import annotations

from cells_sheet import main

if __name__ == "__main__":
    main("curvatubes", __doc__ or "")
