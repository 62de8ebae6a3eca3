"""A class body's names are its own, and its methods do not see them."""
# %%
size = 3
class Box:
#     ^ hover: live type
    size = "large"
    label = size
#           ^ hover: static str
    def area(self):
        return size
#              ^ hover: live int
box = Box()
box.ar
#     ^ complete: area·live -size
# <- typedefinition: class Box:
# --- steps
# edit box.ar => box
# run all
# edit box\n# => box.ar\n#
# check
