;;; vivo-transient.el --- A menu of everything vivo can do in a buffer  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The commands of `vivo-mode', by what they are for, with their keys below
;; `C-c C-v'.  transient comes with Emacs 28.1 and newer.

;;; Code:

(require 'transient)
(require 'vivo)

(transient-define-prefix vivo-menu ()
  "Everything vivo can do in this buffer."
  [:description vivo-transient--title
   ["Run"
    ("c" "cell" vivo-run-cell)
    ("RET" "cell, go on" vivo-run-cell-and-advance)
    ("a" "all" vivo-run-all)
    ("u" "above" vivo-run-above)
    ("b" "below" vivo-run-below)
    ("h" "to here" vivo-run-to-here)
    ("D" "definition" vivo-run-definition)
    ("F" "file" vivo-run-file)
    ("K" "interrupt" vivo-interrupt)
    ("k" "cancel what waits" vivo-cancel-all)]
   ["Look"
    ("=" "whole value" vivo-show-value)
    ("w" "copy value" vivo-copy-value)
    ("P" "pin value" vivo-pin-value)
    ("o" "inspect" vivo-inspector-here)
    ("v" "variables" vivo-variables)
    ("z" "inferior buffer" vivo-switch-to-inferior)
    ("Z" "inferior of another session" vivo-open-inferior)
    ("q" "clear" vivo-clear)
    ("m" "mark cell" vivo-mark-cell)
    ("n" "next cell" vivo-next-cell :transient t)
    ("p" "previous cell" vivo-previous-cell :transient t)]
   ["Errors"
    ("." "next" vivo-next-error :transient t)
    ("," "previous" vivo-previous-error :transient t)
    ("A" "what leads on" vivo-act)
    ("f" "visit frame" vivo-visit-frame)
    ("W" "copy traceback" vivo-copy-traceback)
    ("dp" "post-mortem" vivo-post-mortem)
    ("dc" "debug cell" vivo-debug-cell)
    ("df" "debug file" vivo-debug-file)]
   ["Session"
    ("s" "choose" vivo-choose-session)
    ("S" "list" vivo-sessions)
    ("i" "interpreter" vivo-choose-interpreter)
    ("N" "rename" vivo-rename-session)
    ("r" "restart" vivo-restart)
    ("R" "restart, run all" vivo-restart-and-run-all)
    ("H" "restart, run to here" vivo-restart-and-run-to-here)
    ("e" "end" vivo-end-session)
    ("L" "connect" vivo-connect)
    ("l" "log" vivo-show-log)
    ("x" "export" vivo-export)
    ("I" "install vivo" vivo-install)]
   ["Cluster"
    ("Cc" "send cell" vivo-cluster-send)
    ("Ct" "send to engines" vivo-cluster-send-to-engines)
    ("Cf" "send buffer" vivo-cluster-send-file)
    ("Ck" "interrupt" vivo-cluster-interrupt)
    ("Cr" "results by engine" vivo-cluster-results)
    ("Co" "output" vivo-cluster-show-output)
    ("Ce" "engine for this cell" vivo-cluster-choose-engine)
    ("Cp" "push variables" vivo-cluster-push)
    ("Cg" "pull variable" vivo-cluster-pull)
    ("Cl" "list" vivo-clusters)]])

(defun vivo-transient--title ()
  "Which session the menu is about."
  (let ((status (vivo-connection-buffer-status)))
    (if (plist-get status :pythonVersion)
        (format "vivo: Python %s, %s" (plist-get status :pythonVersion) (plist-get status :state))
      "vivo: no session yet")))

(provide 'vivo-transient)
;;; vivo-transient.el ends here
