"""``python -m shapelab`` is the ``shapelab`` command."""

import sys

from shapelab.cli import main

sys.exit(main())
