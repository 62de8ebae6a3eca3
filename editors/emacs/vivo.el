;;; vivo.el --- Live Python sessions beside the code  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;; Author: the vivo developers
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, tools, processes
;; URL: https://example.invalid/vivo

;;; Commentary:

;; Run cells of plain Python files in a session that outlives Emacs, and see
;; their values beside the code.  `vivo-mode' connects a buffer to vivo's
;; language server by a connection of its own (see vivo-connection.el), so
;; that it lives beside whatever eglot or lsp-mode runs in the same buffer.
;; It draws and it asks; what a cell, a session or a result is, the server
;; decides.

;;; Code:

(require 'python)
(require 'cl-lib)
(require 'vivo-connection)
(require 'vivo-asking)
(require 'vivo-display)
(require 'vivo-actions)
(require 'vivo-errors)
(require 'vivo-pages)
(require 'vivo-completion)
(require 'vivo-eldoc)
(require 'vivo-xref)
(require 'vivo-cells)
(require 'vivo-choose)
(require 'vivo-debug)
(require 'vivo-inferior)
(require 'vivo-inferior-events)
(require 'vivo-cluster)
(require 'vivo-engines)

(autoload 'vivo-install "vivo-install" "Install vivo into an environment of its own." t)
(autoload 'vivo-variables "vivo-variables" "List the variables of this buffer's session." t)
(autoload 'vivo-sessions "vivo-sessions" "List the sessions of this machine." t)
(autoload 'vivo-clusters "vivo-clusters" "List the clusters of this machine." t)
(autoload 'vivo-inspector-here "vivo-inspector" "Inspect the object at point." t)
(autoload 'vivo-menu "vivo-transient" "Everything vivo can do here, as a menu." t)

;;; Keys

(defvar vivo-command-map
  (let ((map (make-sparse-keymap)))
    (define-key map "a" #'vivo-run-all)
    (define-key map "u" #'vivo-run-above)
    (define-key map "b" #'vivo-run-below)
    (define-key map "h" #'vivo-run-to-here)
    (define-key map "R" #'vivo-restart-and-run-all)
    (define-key map "H" #'vivo-restart-and-run-to-here)
    (define-key map "r" #'vivo-restart)
    (define-key map "k" #'vivo-cancel-all)
    (define-key map "n" #'vivo-next-cell)
    (define-key map "p" #'vivo-previous-cell)
    (define-key map "m" #'vivo-mark-cell)
    (define-key map "s" #'vivo-choose-session)
    (define-key map "N" #'vivo-rename-session)
    (define-key map "e" #'vivo-end-session)
    (define-key map "i" #'vivo-choose-interpreter)
    (define-key map "=" #'vivo-show-value)
    (define-key map "w" #'vivo-copy-value)
    (define-key map "P" #'vivo-pin-value)
    (define-key map "." #'vivo-act)
    (define-key map "f" #'vivo-visit-frame)
    (define-key map "W" #'vivo-copy-traceback)
    (define-key map "dc" #'vivo-debug-cell)
    (define-key map "df" #'vivo-debug-file)
    (define-key map "dp" #'vivo-post-mortem)
    (define-key map "x" #'vivo-export)
    (define-key map "v" #'vivo-variables)
    (define-key map "o" #'vivo-inspector-here)
    (define-key map "S" #'vivo-sessions)
    (define-key map "z" #'vivo-open-inferior)
    (define-key map "cc" #'vivo-cluster-send)
    (define-key map "ct" #'vivo-cluster-send-to-engines)
    (define-key map "cf" #'vivo-cluster-send-file)
    (define-key map "ck" #'vivo-cluster-interrupt)
    (define-key map "cr" #'vivo-cluster-results)
    (define-key map "co" #'vivo-cluster-show-output)
    (define-key map "ce" #'vivo-cluster-choose-engine)
    (define-key map "cp" #'vivo-cluster-push)
    (define-key map "cg" #'vivo-cluster-pull)
    (define-key map "cl" #'vivo-clusters)
    (define-key map "L" #'vivo-connect)
    (define-key map "l" #'vivo-show-log)
    (define-key map "I" #'vivo-install)
    (define-key map "?" #'vivo-menu)
    map)
  "Keys of `vivo-mode' below its prefix.")
(fset 'vivo-command-map vivo-command-map)

(defvar vivo-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'vivo-run-cell)
    (define-key map (kbd "C-c RET") #'vivo-run-cell-and-advance)
    (define-key map (kbd "C-c C-r") #'vivo-run-region)
    (define-key map (kbd "C-c C-l") #'vivo-run-file)
    (define-key map (kbd "C-x C-e") #'vivo-run-statement)
    (define-key map (kbd "C-M-x") #'vivo-run-definition)
    (define-key map (kbd "C-c C-a") #'vivo-run-all)
    (define-key map (kbd "C-c C-k") #'vivo-interrupt)
    (define-key map (kbd "C-c C-d") #'vivo-inspector-here)
    (define-key map (kbd "C-c C-z") #'vivo-switch-to-inferior)
    (define-key map (kbd "C-c C-q") #'vivo-clear)
    (define-key map (kbd "C-c C-n") #'vivo-next-error)
    (define-key map (kbd "C-c C-p") #'vivo-previous-error)
    (define-key map (kbd "C-c C-v") 'vivo-command-map)
    map)
  "Keys of `vivo-mode'.")

(easy-menu-define vivo-mode-menu vivo-mode-map
  "The menu of `vivo-mode'."
  '("vivo"
    ["Run Cell" vivo-run-cell]
    ["Run Cell and Go On" vivo-run-cell-and-advance]
    ["Run Region" vivo-run-region :active mark-active]
    ["Run All Cells" vivo-run-all]
    ["Run Cells Above" vivo-run-above]
    ["Run File" vivo-run-file]
    ["Interrupt" vivo-interrupt]
    "--"
    ["Next Error" vivo-next-error]
    ["What Leads On…" vivo-act]
    ["Inspect" vivo-inspector-here]
    ["Variables" vivo-variables]
    ["Sessions" vivo-sessions]
    ("Cluster"
     ["Send Cell or Region" vivo-cluster-send]
     ["Send to Engines…" vivo-cluster-send-to-engines]
     ["Send Buffer" vivo-cluster-send-file]
     ["Interrupt" vivo-cluster-interrupt]
     ["Results by Engine" vivo-cluster-results]
     ["Output" vivo-cluster-show-output]
     ["Engine for This Cell…" vivo-cluster-choose-engine]
     ["Push Variables…" vivo-cluster-push]
     ["Pull Variable…" vivo-cluster-pull]
     ["Clusters" vivo-clusters])
    ["Inferior Buffer" vivo-switch-to-inferior]
    ["Inferior Buffer of Another Session…" vivo-open-inferior]
    ["Debug Cell" vivo-debug-cell]
    ["Post-mortem" vivo-post-mortem]
    "--"
    ["Choose Session…" vivo-choose-session]
    ["Choose Interpreter…" vivo-choose-interpreter]
    ["Restart" vivo-restart]
    ["All Commands…" vivo-menu]
    ["Customize" (customize-group 'vivo)]))

;;; The mode

(defconst vivo--hooks
  '((before-change-functions vivo-document-before-change)
    (after-change-functions vivo--after-change)
    (kill-buffer-hook vivo--disable)
    (change-major-mode-hook vivo--major-mode-changes)
    (after-set-visited-file-name-hook vivo-connection-renamed)
    (completion-at-point-functions vivo-completion-at-point -5)
    (eldoc-documentation-functions vivo-eldoc-value -5)
    (eldoc-documentation-functions vivo-eldoc -4)
    (xref-backend-functions vivo-xref-backend -5)
    (flymake-diagnostic-functions vivo-errors-flymake)
    (window-size-change-functions vivo-display-resized)
    (window-configuration-change-hook vivo-display-resized))
  "What vivo adds to a buffer's hooks, beside what others have there.")

;;;###autoload
(define-minor-mode vivo-mode
  "Run this buffer's cells in a session, with their values beside the code."
  :lighter (:eval (vivo-connection-lighter))
  :keymap vivo-mode-map
  (if vivo-mode
      (vivo--enable)
    (vivo--disable)))

(defun vivo--add-hooks ()
  "Add vivo's functions to the hooks of the current buffer, each at its place."
  (pcase-dolist (`(,hook ,function ,depth) vivo--hooks)
    (remove-hook hook function t)
    (add-hook hook function depth t)))

(defun vivo--enable ()
  "Connect the current buffer and show what its session knows."
  (vivo--add-hooks)
  (vivo-errors-join-next-error)
  (vivo-cells-join-imenu)
  (eldoc-mode 1)
  (vivo-connect))

(defun vivo--disable ()
  "Disconnect the current buffer; its session goes on."
  (pcase-dolist (`(,hook ,function ,_) vivo--hooks)
    (remove-hook hook function t))
  (vivo-errors-leave-next-error)
  (vivo-cells-leave-imenu)
  (vivo-display-remove 'value)
  (vivo-errors-clear)
  (vivo-connection-close-buffer))

(defun vivo--after-change (start end length)
  "Note that LENGTH characters became the text from START to END."
  (vivo-document-after-change start end length)
  (vivo-display-after-change start end)
  (vivo-connection-after-change))

(defun vivo--major-mode-changes ()
  "The buffer's local variables go: disconnect it unless the mode comes back.
It does where a hook of the major mode turns it on, as after `revert-buffer'."
  (let ((buffer (current-buffer)))
    (vivo-display-remove 'value)
    (vivo-errors-clear)
    (run-at-time 0 nil (lambda ()
                         (when (buffer-live-p buffer)
                           (with-current-buffer buffer
                             (unless vivo-mode (vivo-connection-close-buffer))))))))

(defun vivo--beside-others ()
  "Come back to the hooks that another server's mode has taken for itself."
  (when vivo-mode (vivo--add-hooks)))

(dolist (hook '(eglot-managed-mode-hook lsp-completion-mode-hook lsp-diagnostics-mode-hook
                                        lsp-configure-hook flymake-mode-hook))
  (add-hook hook #'vivo--beside-others))

(defun vivo-connect ()
  "Connect the current buffer to its language server, started if need be.
The values of a session that is still running come back."
  (interactive)
  (when (vivo-connection-open-buffer)
    (when (called-interactively-p 'interactive)
      (message "vivo: connected"))))

(defun vivo-show-log ()
  "Show what goes between Emacs and the server of this buffer."
  (interactive)
  (pop-to-buffer (jsonrpc-events-buffer (or vivo-connection--mine
                                            (user-error "This buffer was never connected")))))

;;; What the server asks

(defun vivo--values-changed (connection _params)
  "The values of the buffers of CONNECTION are others: ask for them."
  (dolist (buffer (vivo-connection-buffers connection))
    (with-current-buffer buffer
      (when vivo-mode (vivo--refresh))))
  nil)

(vivo-connection-answer 'workspace/inlayHint/refresh #'vivo--values-changed)

(defun vivo--refresh ()
  "Ask for the values of the current buffer and show them."
  (let ((buffer (current-buffer)))
    (vivo-connection-request
     :textDocument/inlayHint
     (list :textDocument (vivo-document-identifier)
           :range (save-restriction
                    (widen)
                    (vivo-document-range (point-min) (point-max))))
     (lambda (hints)
       (when (and (buffer-live-p buffer) (buffer-local-value 'vivo-mode buffer))
         (with-current-buffer buffer
           (vivo-display-values hints))))
     #'ignore)))

;;; Running

(defun vivo-run-cell (&optional advance)
  "Run the cell at point, or the statement in a file without marks.
With ADVANCE, a prefix argument, go to the next."
  (interactive "P")
  (let ((buffer (current-buffer)))
    (vivo-connection-run
     "runCell" (vivo-document-here)
     (lambda (started)
       (vivo--flash buffer (plist-get started :range))
       (when (and advance (plist-get started :next) (buffer-live-p buffer))
         (vivo--go buffer (plist-get started :next)))))))

(defun vivo-run-cell-and-advance ()
  "Run the cell at point and go to the next."
  (interactive)
  (vivo-run-cell t))

(defun vivo--go (buffer position)
  "Go to POSITION in BUFFER, also in its window."
  (with-current-buffer buffer
    (let ((place (vivo-document-point position))
          (window (get-buffer-window buffer)))
      (goto-char place)
      (when window (set-window-point window place)))))

(defun vivo--flash (buffer range)
  "Show for a moment which RANGE of BUFFER runs."
  (when (and range (buffer-live-p buffer) (not noninteractive))
    (with-current-buffer buffer
      (let ((bounds (vivo-document-bounds range)))
        (pulse-momentary-highlight-region (car bounds) (cdr bounds))))))

(defmacro vivo--define-run (name command params doc)
  "Define the command NAME: the server's COMMAND with PARAMS, described by DOC."
  `(defun ,name ()
     ,doc
     (interactive)
     (vivo-connection-run ,command ,params)))

(vivo--define-run vivo-run-all "runAll" (vivo-document-identifier)
  "Run every cell of the buffer.")
(vivo--define-run vivo-run-above "runAbove" (vivo-document-here)
  "Run every cell above the one at point.")
(vivo--define-run vivo-run-below "runBelow" (vivo-document-here)
  "Run the cell at point and every cell below it.")
(vivo--define-run vivo-run-to-here "runToHere" (vivo-document-here)
  "Run every cell above the one at point, and it.")
(vivo--define-run vivo-restart-and-run-all "restartAndRunAll" (vivo-document-identifier)
  "Start a fresh engine and run every cell of the buffer there.")
(vivo--define-run vivo-restart-and-run-to-here "restartAndRunToHere" (vivo-document-here)
  "Start a fresh engine and run there every cell above the one at point, and it.")

(defun vivo-run-region (start end)
  "Run the text from START to END."
  (interactive "r")
  (let ((buffer (current-buffer)))
    (vivo-connection-run
     "runSelection" (list :uri (vivo-document-uri) :range (vivo-document-range start end))
     (lambda (started) (vivo--flash buffer (plist-get started :range))))))

(defun vivo-run-statement ()
  "Run the statement that ends before point, or the one that point is in."
  (interactive)
  (let* ((start (save-excursion
                  (skip-chars-backward " \t\n")
                  (python-nav-beginning-of-statement)
                  (point)))
         (end (save-excursion
                (goto-char start)
                (python-nav-end-of-statement)
                (point))))
    (vivo-run-region start end)))

(defun vivo-run-definition ()
  "Run the function or class around point, decorators and all."
  (interactive)
  (save-excursion
    (end-of-line)
    (unless (python-nav-beginning-of-defun 1)
      (user-error "Point is in no definition"))
    (while (and (> (current-indentation) 0) (python-nav-beginning-of-defun 1)))
    (let ((end (save-excursion (python-nav-end-of-defun) (skip-chars-backward " \t\n") (point))))
      (while (save-excursion (and (zerop (forward-line -1)) (looking-at "@")))
        (forward-line -1))
      (vivo-run-region (line-beginning-position) end))))

(defun vivo-run-file (&optional arguments)
  "Save the buffer and run its file as a program, with ARGUMENTS.
A prefix argument asks for them."
  (interactive (list (and current-prefix-arg
                          (split-string-and-unquote (read-string "Arguments: ")))))
  (unless buffer-file-name
    (user-error "This buffer has no file: C-c C-v a (vivo-run-all) runs its cells"))
  (save-buffer)
  (vivo-connection-run "runFile" (list :uri (vivo-document-uri) :arguments (vconcat arguments))))

(defun vivo-interrupt (&optional force)
  "Interrupt what the session runs.
With a prefix argument FORCE, end its process if that does not help."
  (interactive "P")
  (vivo-connection-run
   "interrupt" (list :uri (vivo-document-uri) :force (if force t :json-false))
   (lambda (result)
     (message "vivo: %s" (pcase (plist-get result :outcome)
                           ("idle" "nothing runs")
                           ("removed_from_queue" "taken out of the queue")
                           ("engine_ended" "its process was ended: C-c C-v r starts a fresh one")
                           (outcome outcome))))))

(defun vivo-cancel-all ()
  "Take out of the queue all that waits in this buffer's session."
  (interactive)
  (vivo-connection-run
   "cancelAll" (list :uri (vivo-document-uri))
   (lambda (result)
     (message "vivo: %d cells taken out of the queue"
              (length (plist-get result :executionIds))))))

(defun vivo-restart ()
  "Start a fresh engine in the session; its variables are gone."
  (interactive)
  (vivo-connection-run "restart" (list :uri (vivo-document-uri))
                       (lambda (_) (message "vivo: a fresh engine has started"))))

(defun vivo-clear (&optional here)
  "Forget the values that are shown in the buffer; with a prefix HERE, the cell's."
  (interactive "P")
  (vivo-connection-run "clear" (if here (vivo-document-here) (vivo-document-identifier))))

;;; Exporting

(defun vivo-export (form file)
  "Write this document as FORM (a notebook, a page, a script) into FILE."
  (interactive
   (let* ((form (completing-read "Export as: " '("notebook" "html" "script") nil t))
          (name (concat (file-name-sans-extension (or buffer-file-name (buffer-name)))
                        (pcase form ("notebook" ".ipynb") ("html" ".html") (_ ".py")))))
     (list form (read-file-name "File: " nil nil nil (file-name-nondirectory name)))))
  (let ((is-there (file-exists-p file)))
    (when (and is-there (not (y-or-n-p (format "Overwrite %s? " file))))
      (user-error "Nothing was written"))
    (vivo-connection-run
     "exportDocument" (list :uri (vivo-document-uri) :form form
                            :path (file-local-name (expand-file-name file))
                            :overwrite (if is-there t :json-false))
     (lambda (result)
       (message "vivo: %d cells in %s%s" (plist-get result :cells) (plist-get result :path)
                (mapconcat (lambda (sentence) (concat ".  " sentence))
                           (plist-get result :messages) ""))))))

(provide 'vivo)
;;; vivo.el ends here
