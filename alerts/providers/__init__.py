"""Ways out of the building, behind one small interface."""
