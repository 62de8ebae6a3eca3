"""A comprehension's and a lambda's variables are its own; what they iterate over is not."""
# %%
item = [1.5]
numbers = (1, 2, 3)
squares = [item * item for item in numbers]
#          ^ hover: static item
#                                  ^ hover: live tuple
first = lambda item: item
#                    ^ hover: static item
item
# <- hover: live list
