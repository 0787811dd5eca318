"""Label images: what counts as one, the moments of its cells, and what touches what."""
