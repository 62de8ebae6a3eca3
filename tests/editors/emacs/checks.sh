#!/usr/bin/env bash
# What Emacs' own tools say of the package: the byte compiler (warnings are errors), checkdoc, package-lint.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$VIVO_EMACS_LISP"

echo "byte-compiling, warnings are errors"
"$VIVO_EMACS_PROGRAM" -batch -L . --eval '(setq byte-compile-error-on-warn t)' -f batch-byte-compile ./*.el 2>&1 | { grep -v '^Loading' || true; }
for file in *.el; do [ -e "${file}c" ] || { echo "$file does not compile" >&2; exit 1; }; done
rm ./*.elc # the tests run what they can show in backtraces

"$VIVO_EMACS_PROGRAM" -batch -L "$here/fetched/lisp/package-lint" -L "$here/fetched/lisp/compat" \
  -l "$here/checks.el" -f vivo-checks-run
