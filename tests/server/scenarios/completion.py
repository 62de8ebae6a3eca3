"""Each kind of completion, and where its items come from."""
# %%
import os
config = {"colour": 1, "length": 2}
def call(first, wide=1): ...
class Watched:
    @property
    def risky(self):
        config["run"] = True
watched = Watched()
# %%
config["
#       ^ complete: "colour"·live "length"·live
# %%
call(wi
#      ^ complete: wide=·live
# %%
watched.ri
#         ^ complete: risky·live
# %%
%timeit -
#        ^ complete: -n·live -r·live
# %%
%ti
#  ^ complete: %time·live %timeit·live
# %%
import collections.ab
#                    ^ complete: abc·live
# %%
from os import pat
#                 ^ complete: path·live
# %%
open("cells.
#           ^ complete: cells.py·live
# %%
%run cel
#       ^ complete: cells.py·live
# %%
!ech
#   ^ complete: echo·live
# %%
%time os.getc
#            ^ complete: getcwd·live
# %%
"run" in config
# <- value: ⟶ False
# --- steps
# run import os
# run "run" in config
# check
