"""Without a session: what the text says, and the magics that there are."""
# %%
import math
class Shape:
    """A shape."""
    sides = 4
shape = Shape()
#       ^ hover: static A shape.
shape.si
#       ^ complete: sides·static
math.sq
#      ^ complete: sqrt·static
#^ definition: import sys
%timeit -
# <- hover: static Time
#        ^ complete: -n·static
%matplo
#      ^ complete: %matplotlib·static
%time shape.si
#             ^ complete: sides·static
# %time shape.si
#^ complete: -sides
#              ^ complete: sides·static
# %timeit -
#          ^ complete: -n·static
# %matplo
#        ^ complete: %matplotlib·static
# %run cel
#         ^ complete: cells.py·static
# !ech
#     ^ complete: echo·static
# files = !cat cel
#                 ^ complete: cells.py·static
# plain words
#           ^ complete: -sides -cells.py
# --- steps
# check
