"""Values stand at the end of their statements, stale ones are marked, lenses at the cells."""
# <- lens: Run Cell|Run Below
# %% first
# <- lens: Run Cell|Run Above
x = 20
x + 1
# <- value: ⟶ 21
# <- value[edited]: ⟶ (stale) 21
# %% second
# <- lens: Run Cell|Run Above
'😀' * 2
# <- value: ⟶ '😀😀'
# --- steps
# run all
# check
# edit x = 20 => x = 30
# check edited
