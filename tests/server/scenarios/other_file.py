"""The same name in another file is not live there before that file has run."""
# %%
shared = 1
# <- hover: live int
# <- hover[again]: live int
# --- file other.py
shared = "text"
# <- hover: static str
# <- token: none
# <- hover[again]: live str
sha
#  ^ complete: shared·static
#  ^ complete[again]: shared·live
# --- steps
# run shared = 1
# check
# in other.py
# check
# run shared = "text"
# check again
