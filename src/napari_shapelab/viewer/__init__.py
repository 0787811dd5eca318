"""What napari is asked: layers in and out, places, colours, cameras."""
