"""The signature of the live callee, and the parameter that is being typed."""
# %%
def plot(x, y=(1, 2), *rest, colour="red", **others):
    return x
class Pen:
    def draw(self, where, width=1): ...
pen = Pen()
# %%
plot(1, 
#    ^ signature: plot(x, y=(1, 2), *rest, colour='red', **others) @0
#       ^ signature: plot(x, y=(1, 2), *rest, colour='red', **others) @1
# %%
plot(1, (2, 3), 4, colour=
#         ^ signature: plot(x, y=(1, 2), *rest, colour='red', **others) @1
#                ^ signature: plot(x, y=(1, 2), *rest, colour='red', **others) @2
#                         ^ signature: plot(x, y=(1, 2), *rest, colour='red', **others) @3
# %%
pen.draw(width=2
#              ^ signature: draw(where, width=1) @1
# %%
def later(first, second): ...
later(1,
#       ^ signature: later(first, second) @1
# --- steps
# run class Pen:
# check
