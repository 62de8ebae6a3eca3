"""A name that was deleted is not live any more."""
# %%
gone = [1]
# <- hover: live list
# <- token: live variable
# <- hover[after]: static gone
# <- token[after]: unknown variable
# %%
del gone
# %%
gon
#  ^ complete: gone·live
#  ^ complete[after]: -gone
# --- steps
# run gone = [1]
# check
# run del gone
# check after
