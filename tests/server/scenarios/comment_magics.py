"""Magics in comments complete where they would run."""
# %% settings
%config comment_magics = True
import math
# %% uses
# %time math.sq
#              ^ complete: sqrt·live
# %timeit -
#          ^ complete: -n·live
# !ech
#     ^ complete: echo·live
# files = !ech
#             ^ complete: echo·live
# plain words
#         ^ complete: -sqrt
# --- steps
# run %config comment_magics = True
# run # %time math.sq
# check
