"""What a cell defined is found in its cell: also when it has moved, was edited, or deleted."""
# %% defines
import functools

@functools.cache
def work(number):
    """Work."""
    return number

class Plain:
    pass

# %% uses
work(1)
# <- definition: @functools.cache
# <- definition[moved]: @functools.cache
# <- definition[edited]: def work(number):
# <- definition[deleted]: run @functools.cache
thing = Plain()
#       ^ definition: class Plain:
#       ^ definition[deleted]: run class Plain:
thing
# <- definition: thing = Plain()
# <- typedefinition: class Plain:
# --- steps
# run all
# check
# edit # %% defines => # above\n# %% first\n\n# %% defines
# check moved
# edit     return number => \n    return number + 1
# check edited
# edit @functools.cache\ndef work(number):\n    """Work."""\n\n    return number + 1\n\nclass Plain:\n    pass => pass
# check deleted
