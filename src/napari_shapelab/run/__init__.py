"""One simulation in the window: worker, stream, layers, panel, recorder."""
