#!/usr/bin/env bash
# What the tests need beside the machine's own Emacs, into the folder `fetched` and nowhere else:
#   fetched/emacs30     Emacs 30 of the distribution's backports (GTK: terminal, batch and windows); the installed
#                       one stays what it is
#   fetched/lisp/NAME   Emacs packages that people use vivo beside: company, corfu, lsp-mode, transient; package-lint
#   fetched/grammars    Python's tree-sitter grammar, for python-ts-mode
# The sources are the machine's own, with other suites: no host is named here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
fetched="$here/fetched"
[ -e "$fetched/.complete" ] && exit 0

# The libraries of a GTK Emacs, from the machine's own release.
libraries=(libwebpdemux2 libotf1 libm17n-0 libgif7 libgccjit0 libtree-sitter0 libgtk-3-0 librsvg2-2)
missing=()
for each in "${libraries[@]}" gcc; do dpkg -s "$each" >/dev/null 2>&1 || missing+=("$each"); done
command -v npm >/dev/null || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

work=$(mktemp -d /tmp/vf-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts" "$work/debs"
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
awk 'BEGIN{RS="";ORS="\n\n"} NR==1' /etc/apt/sources.list.d/debian.sources | grep -v '^#' |
  sed "s/^Suites:.*/Suites: $release-backports trixie/" >"$work/fetch.sources"
cat >"$work/apt.conf" <<END
Dir::Etc::sourcelist "$work/fetch.sources";
Dir::Etc::sourceparts "$work/parts";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
END
export APT_CONFIG="$work/apt.conf"
apt-get update -qq
cd "$work/debs"
apt-get download -qq "emacs-gtk/$release-backports" "emacs-common/$release-backports" "emacs-bin-common/$release-backports" \
  elpa-compat elpa-company elpa-corfu elpa-transient elpa-package-lint \
  elpa-lsp-mode elpa-dash elpa-f elpa-s elpa-ht elpa-spinner elpa-markdown-mode elpa-lv

rm -rf "$fetched"
mkdir -p "$fetched/emacs30" "$fetched/lisp" "$fetched/grammars"
for deb in emacs-*.deb; do dpkg -x "$deb" "$fetched/emacs30"; done
for deb in elpa-*.deb; do dpkg -x "$deb" "$work/elpa"; done
for folder in "$work"/elpa/usr/share/emacs/site-lisp/elpa-src/*/; do
  name=$(basename "$folder")
  cp -r "$folder" "$fetched/lisp/${name%-[0-9]*}"
done

cat >"$fetched/emacs" <<'END'
#!/bin/sh
# Emacs 30, from this folder.
usr=$(cd "$(dirname "$0")" && pwd)/emacs30/usr
lib=$(echo "$usr"/libexec/emacs/30.*/*/)
share=$(echo "$usr"/share/emacs/30.*)
export EMACSLOADPATH="$share/lisp" EMACSDATA="$share/etc" EMACSDOC="$share/etc" EMACSPATH="$lib"
exec "$usr/bin/emacs-gtk" --dump-file="$(echo "$lib"*.pdmp)" --no-site-file \
  --eval '(setq native-comp-jit-compilation nil)' "$@"
END
chmod +x "$fetched/emacs"

cd "$work"
npm pack --silent tree-sitter-python@0.21.0 >/dev/null
tar xzf tree-sitter-python-*.tgz
gcc -shared -fPIC -O1 -I package/src package/src/parser.c package/src/scanner.c -o "$fetched/grammars/libtree-sitter-python.so"

"$fetched/emacs" -batch --eval '(unless (= emacs-major-version 30) (kill-emacs 1))'
touch "$fetched/.complete"
