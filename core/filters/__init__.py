"""Input filters: they turn a cell's Python into other Python, token by token (paper, Fig. 7)."""
