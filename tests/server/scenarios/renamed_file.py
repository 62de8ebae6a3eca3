"""A file under a new name has not run: nothing of it is live until it does."""
# %%
value = 3
# <- hover: live int
# <- hover[renamed]: static int
# <- token: live variable
# <- token[renamed]: none
# --- steps
# run all
# check
# rename renamed.py
# check renamed
# run all
# check
