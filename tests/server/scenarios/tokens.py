"""Names are marked live, stale once their cell was edited, unknown where there is none."""
# %%
import math
#      ^ token: live namespace
def area(radius):
#   ^ token: live function
#   ^ token[edited]: stale function
#        ^ token: none
    return math.pi * radius ** 2
#          ^ token: live namespace
#               ^ token: none
#                    ^ token: none
# %%
class Shape: ...
#     ^ token: live class
#     ^ token[edited]: live class
print(area(1), missing)
# <- token: none
#     ^ token: live function
#              ^ token: unknown variable
# --- steps
# run import math
# run class Shape: ...
# check
# edit radius ** 2 => radius * radius
# check edited
