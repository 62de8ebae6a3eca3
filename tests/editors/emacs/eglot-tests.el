;;; eglot-tests.el --- Emacs' own LSP client on the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; With the configuration of docs/editors.md, which run.sh puts into `eglot-vivo.el'.  The way of one
;; user; each test waits for events.

;;; Code:

(require 'ert)
(require 'cl-lib)
(require 'python)
(require 'eglot)
(require 'flymake)

(defconst eglot-tests--root
  (expand-file-name "../../../" (file-name-directory (or load-file-name buffer-file-name))))

(load (expand-file-name "eglot-vivo.el" (getenv "VIVO_TEST_HOME")) nil t)

(defun eglot-tests--server ()
  "The server's command, behind what records the client if that is wanted."
  (let ((vivo (expand-file-name ".venv/bin/vivo" eglot-tests--root))
        (record (getenv "VIVO_RECORD_INITIALIZE")))
    (append
     (when record
       (list (expand-file-name ".venv/bin/python" eglot-tests--root)
             (expand-file-name "tests/editors/recording.py" eglot-tests--root) record))
     (list vivo "lsp" :initializationOptions
           (list :python (expand-file-name ".venv/bin/python" eglot-tests--root))))))

(defmacro eglot-tests--wait (what &rest body)
  "Wait until BODY is non-nil; WHAT says for what."
  (declare (indent 1))
  `(let ((deadline (+ (float-time) 30)) value)
     (while (and (not (setq value (progn ,@body))) (< (float-time) deadline))
       (accept-process-output nil 0.02))
     (or value (ert-fail (format "timed out waiting for %s" ,what)))))

(defun eglot-tests--problems ()
  "The diagnostics of the buffer: line and text."
  (sort (mapcar (lambda (problem)
                  (cons (line-number-at-pos (flymake-diagnostic-beg problem))
                        (substring-no-properties (flymake-diagnostic-text problem))))
                (flymake-diagnostics))
        (lambda (a b) (< (car a) (car b)))))

(defun eglot-tests--shown (line text)
  "Whether TEXT is shown at LINE, in a diagnostic."
  (cl-some (lambda (problem) (and (= line (car problem)) (string-search text (cdr problem))))
           (eglot-tests--problems)))

(ert-deftest eglot-runs-cells-and-shows-what-they-made ()
  "A cell's value, an error on its line, hover and completion, and the end of the server."
  (let* ((folder (file-name-as-directory (make-temp-file "vg" t)))
         (file (expand-file-name "cells.py" folder))
         (eglot-server-programs (list (cons 'python-mode (eglot-tests--server))))
         (eglot-sync-connect t)
         (eglot-autoreconnect nil)
         (python-indent-guess-indent-offset nil)
         (project-find-functions nil))
    (write-region "# %% one\nx = 20\nx + 1\n\n# %% two\nx / 0\n" nil file nil 'silent)
    (unwind-protect
        (with-current-buffer (find-file-noselect file)
          (set-window-buffer (selected-window) (current-buffer))
          (call-interactively #'eglot)
          (eglot-tests--wait "eglot" (eglot-current-server))
          (goto-char (point-min))
          (forward-line 1)
          (call-interactively #'my-vivo-run-cell)
          (should (= 5 (line-number-at-pos)))
          (eglot-tests--wait "the value" (eglot-tests--shown 3 "⟶ 21"))
          (when (fboundp 'eglot-inlay-hints-mode) ; what a window shows that asks for them
            (should (eglot-tests--hints)))
          (forward-line 1)
          (call-interactively #'my-vivo-run-cell)
          (eglot-tests--wait "the error"
            (eglot-tests--shown 6 "ZeroDivisionError: division by zero"))
          (goto-char (point-min))
          (forward-line 2)
          (let* ((server (eglot-current-server))
                 (place (eglot--TextDocumentPositionParams))
                 (hover (jsonrpc-request server :textDocument/hover place))
                 (told (jsonrpc-request server :textDocument/completion place))
                 (items (if (vectorp told) told (plist-get told :items))))
            (should (string-search "live" (format "%s" hover)))
            (should (cl-some (lambda (item) (equal "x" (plist-get item :label))) items))
            (eglot-shutdown server)
            (should-not (jsonrpc-running-p server)))
          (set-buffer-modified-p nil)
          (kill-buffer))
      (call-process (expand-file-name ".venv/bin/vivo" eglot-tests--root)
                    nil nil nil "sessions" "end" "--all")
      (delete-directory folder t))))

(defun eglot-tests--hints ()
  "The hints that the server has for the buffer, as eglot would show them."
  (let ((hints (jsonrpc-request
                (eglot-current-server) :textDocument/inlayHint
                (list :textDocument (eglot--TextDocumentIdentifier)
                      :range (list :start (list :line 0 :character 0)
                                   :end (list :line 9 :character 0))))))
    (cl-some (lambda (hint) (equal "⟶ 21" (plist-get hint :label))) hints)))

;;; eglot-tests.el ends here
