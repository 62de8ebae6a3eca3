;;; beside-tests.el --- vivo beside another language server in the same buffer  -*- lexical-binding: t; -*-

;;; Commentary:

;; The other server is other_server.py, which knows little but says so: as eglot's, and as lsp-mode's.

;;; Code:

(require 'helpers)
(require 'eglot)
(require 'flymake)

(defconst beside-tests--folder (file-name-directory (or load-file-name buffer-file-name)))

(dolist (name '("lsp-mode" "dash" "f" "s" "ht" "spinner" "markdown-mode" "lv" "compat"))
  (add-to-list 'load-path (expand-file-name (concat "fetched/lisp/" name) beside-tests--folder)))

(defun beside-tests--command ()
  "The command of the other server."
  (list (expand-file-name ".venv/bin/python" vivo-tests--root)
        (expand-file-name "other_server.py" beside-tests--folder)))

(defun beside-tests--candidates ()
  "All candidates of the first completion function that has some, as Emacs asks them."
  (let* ((found (run-hook-wrapped 'completion-at-point-functions
                                  #'completion--capf-wrapper 'all))
         (data (cdr found))
         (list (all-completions (buffer-substring (nth 0 data) (nth 1 data)) (nth 2 data))))
    (when (consp (last list)) (setcdr (last list) nil))
    (list list (nthcdr 3 data))))

(defun beside-tests--both ()
  "Check that both servers of the current buffer have their say."
  (vivo-tests--wait "the value" (member "⟶ 6" (vivo-tests--labels)))
  ;; Completion: one list, each name once, with its own annotation.
  (vivo-tests--go "\n_name\n" 6)
  (pcase-let ((`(,names ,properties)
               (progn (goto-char (point-max)) (insert "shared") (beside-tests--candidates))))
    (should (= 1 (cl-count "shared_name" names :test #'equal)))
    (should (string-search "live" (funcall (plist-get properties :annotation-function)
                                           (car (member "shared_name" names))))))
  (delete-char -6)
  (insert "othe")
  (pcase-let ((`(,names ,_) (beside-tests--candidates)))
    (should (member "other_name" names)))
  (delete-char -4)
  ;; Diagnostics: both, by flymake.
  (goto-char (point-max))
  (insert "1 / 0\n")
  (forward-line -1)
  (vivo-run-cell)
  (vivo-tests--wait "the error" (vivo-errors-places))
  ;; Definitions: the live one where there is one, else the other server's.
  (vivo-tests--go "twice(3)" 4)
  (let ((item (car (xref-backend-definitions
                    (xref-find-backend) (xref-backend-identifier-at-point (xref-find-backend))))))
    (should (string-match-p "def twice" (xref-item-summary item))))
  (vivo-tests--go "not_there" 2)
  (should-not (eq 'vivo (xref-find-backend))))

(defconst beside-tests--text
  "# %%\ndef twice(x): return 2 * x\nshared_name = 3\ntwice(3)\n# %%\nnot_there = 0\n_name\n# %%\n")

(ert-deftest beside-eglot-both-have-their-say ()
  "eglot manages the buffer before and after vivo; neither takes anything from the other."
  (dolist (is-first '(t nil))
    (vivo-tests--with-file beside-tests--text
      (let ((eglot-server-programs (list (cons 'python-mode (beside-tests--command))))
            (eglot-sync-connect t)
            (eglot-autoreconnect nil))
        (set-window-buffer (selected-window) (current-buffer))
        (when is-first (vivo-mode -1))
        (call-interactively #'eglot)
        (vivo-tests--wait "eglot" (eglot-current-server))
        (when is-first (vivo-mode 1))
        (unwind-protect
            (progn
              (vivo-tests--go "twice(3)")
              (vivo-run-cell)
              (beside-tests--both)
              (vivo-tests--wait "both diagnostics"
                (flymake-start)
                (let ((texts (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))
                  (and (cl-some (lambda (text) (string-search "ZeroDivisionError" text)) texts)
                       (cl-some (lambda (text) (string-search "other server" text)) texts))))
              (vivo-mode -1)
              (should (eglot-managed-p))
              (should (memq #'eglot-completion-at-point completion-at-point-functions)))
          (eglot-shutdown (eglot-current-server)))))))

(ert-deftest beside-lsp-mode-both-have-their-say ()
  "The same with lsp-mode."
  (require 'lsp-mode)
  (require 'lsp-completion)
  (require 'lsp-diagnostics)
  (defvar lsp-session-file) (defvar lsp-auto-guess-root) (defvar lsp-restart) (defvar lsp-client-packages)
  (defvar lsp-enable-suggest-server-download) (defvar lsp-lens-enable) (defvar lsp-enable-snippet)
  (defvar lsp-headerline-breadcrumb-enable) (defvar lsp-modeline-code-actions-enable)
  (defvar lsp-modeline-diagnostics-enable) (defvar lsp-modeline-workspace-status-enable)
  (vivo-tests--with-file beside-tests--text
    (let ((lsp-session-file (expand-file-name "lsp-session" folder))
          (lsp-restart 'ignore)
          (lsp-client-packages nil)
          (lsp-auto-guess-root nil)
          (lsp-lens-enable nil) ; these are in files that are loaded by the package's autoloads
          (lsp-headerline-breadcrumb-enable nil)
          (lsp-modeline-code-actions-enable nil)
          (lsp-modeline-diagnostics-enable nil)
          (lsp-modeline-workspace-status-enable nil)
          (lsp-enable-snippet nil)
          (lsp-enable-suggest-server-download nil))
      (lsp-workspace-folders-add folder)
      (lsp-register-client
       (make-lsp-client :new-connection (lsp-stdio-connection (beside-tests--command))
                        :activation-fn (lsp-activate-on "python")
                        :server-id 'other))
      (lsp)
      (vivo-tests--wait "lsp-mode" (and (lsp-workspaces)
                                        (eq 'initialized (lsp--workspace-status
                                                          (car (lsp-workspaces))))))
      (unwind-protect
          (progn
            (vivo-tests--go "twice(3)")
            (vivo-run-cell)
            (beside-tests--both)
            (should (bound-and-true-p lsp-mode)))
        (lsp-workspace-shutdown (car (lsp-workspaces)))))))

;;; beside-tests.el ends here
