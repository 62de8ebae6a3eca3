"""An error is a diagnostic on the line that failed, until its cell is edited."""
# %%
def divide(a):
    return a / 0
# <- diagnostic: none
# %%
divide(1)
# <- diagnostic: ZeroDivisionError: division by zero
# <- diagnostic[edited]: none
# <- hover: live divide(a)
# --- steps
# run all
# check
# edit divide(1) => divide(2)
# check edited
