"""The separated cost: the recorded walk, its polynomials in widths and sizes, and whole grids and arrays of points by them."""
