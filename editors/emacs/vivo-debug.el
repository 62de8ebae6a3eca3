;;; vivo-debug.el --- Debugging cells with pdb  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The debugger runs in the session and asks its prompt as a cell asks for
;; input: in the minibuffer, or in the inferior buffer.

;;; Code:

(require 'vivo-connection)
(require 'vivo-inferior)

(defun vivo-debug--show ()
  "Show where the debugger answers."
  (let* ((buffer (vivo-inferior-buffer (vivo-connection-current) (vivo-document-uri)))
         (window (display-buffer buffer)))
    (when window
      (set-window-point window (with-current-buffer buffer (point-max))))))

(defun vivo-debug--started (started)
  "Tell that something runs under the debugger, from STARTED."
  (message "vivo: %s" (if (equal "adapter" (plist-get started :by))
                          "the attached debugger stops at its first line"
                        "pdb stops at its first line and asks here")))

(defun vivo-debug-cell ()
  "Run the cell at point under the debugger, which stops at its first statement."
  (interactive)
  (vivo-debug--show)
  (vivo-connection-run "debugCell" (vivo-document-here) #'vivo-debug--started))

(defun vivo-debug-file (&optional arguments)
  "Run this file under the debugger, with ARGUMENTS.
A prefix argument asks for them."
  (interactive (list (and current-prefix-arg
                          (split-string-and-unquote (read-string "Arguments: ")))))
  (save-buffer)
  (vivo-debug--show)
  (vivo-connection-run "debugFile" (list :uri (vivo-document-uri) :arguments (vconcat arguments))
                       #'vivo-debug--started))

(defun vivo-post-mortem ()
  "Debug the last error of the session, at the frame that raised it."
  (interactive)
  (vivo-debug--show)
  (vivo-connection-run "runText" (list :uri (vivo-document-uri) :text "%debug")))

(provide 'vivo-debug)
;;; vivo-debug.el ends here
