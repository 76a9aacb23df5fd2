"""Where a point lies: fences of grids and the shift of Chinese maps. Pure numpy and shapely."""
