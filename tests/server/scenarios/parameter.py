"""A parameter is nobody's global, also where a global has its name."""
# %%
value = [1, 2]
# <- hover: live list
def double(value):
#   ^ hover: live double(value)
#          ^ hover: static value
    return value.real
#          ^ hover: static value
def default(other=value):
#                 ^ hover: live list
    pass
# %%
double(value)
#^ definition: def double(value):
#      ^ hover: live list
