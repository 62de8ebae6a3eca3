"""A local is static inside of its function, and what it has not bound is live."""
# %%
outside = {"a": 1}
inside = 5
def work():
    inside = "text"
#   ^ hover: static str
    return inside.upp + outside[""]
#          ^ hover: static str
#                       ^ hover: live dict
#                 ^ complete: upper·static -imag
#                                ^ complete: "a"·live
# %%
inside.im
#        ^ complete: imag·live
# --- steps
# edit return inside.upp + outside[""] => return 1
# run all
# edit return 1 => return inside.upp + outside[""]
# check
