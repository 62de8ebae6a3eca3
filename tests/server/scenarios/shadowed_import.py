"""An import inside a function hides the global of its name."""
# %%
import math as tools
def other():
    import json as tools
    return tools.dum
#          ^ hover: static json
#                   ^ complete: dumps·static -sqrt
# %%
tools.sq
# <- hover: live module
#       ^ complete: sqrt·live -dumps
# --- steps
# run import math as tools
# check
