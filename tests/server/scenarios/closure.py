"""A closure's variable belongs to the function around it; `global` and `nonlocal` say otherwise."""
# %%
count = 10
def make():
    count = "c"
    def step():
        return count
#              ^ hover: static str
    def other():
        global count
        return count
#              ^ hover: live int
    return step, other
# %%
step, other = make()
# <- hover: live step()
