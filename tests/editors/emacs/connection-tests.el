;;; connection-tests.el --- Buffers and servers, their ends and returns  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)
(require 'org)
(require 'tramp)
(require 'tramp-sh)
(require 'vivo-install)

(defun connection-tests--run-and-wait (label)
  "Run the cell at point and wait until LABEL is shown."
  (vivo-run-cell)
  (vivo-tests--wait (format "%s" label) (member label (vivo-tests--labels))))

(ert-deftest connection-what-was-typed-is-what-runs ()
  "Edits of any kind reach the server before a cell runs."
  (vivo-tests--with-file "# %%\nx = 1\nx\n"
    (goto-char (point-max))
    (insert "# %%\ny = 'ü😀'\ny\n")
    (upcase-region (point-min) (point-min))
    (forward-line -1)
    (connection-tests--run-and-wait "⟶ 'ü😀'")
    (vivo-tests--go "y = 'ü😀'" 1)
    (delete-char -1)
    (insert "!")
    (connection-tests--run-and-wait "⟶ 'ü!'")
    (undo-boundary)
    (kill-line -1)
    (insert "y = 3")
    (delete-char 1)
    (connection-tests--run-and-wait "⟶ 3")))

(ert-deftest connection-survives-revert-and-renaming ()
  "Reverting keeps the connection; a buffer under another name is another document."
  (vivo-tests--with-file "# %%\nx = 1\nx + 1\n"
    (let ((python-mode-hook '(vivo-mode)))
      (connection-tests--run-and-wait "⟶ 2")
      (let ((connection vivo-connection--mine))
        (write-region "# %%\nx = 1\nx + 2\n" nil file nil 'silent)
        (revert-buffer t t)
        (should vivo-mode)
        (connection-tests--run-and-wait "⟶ 3")
        (should (eq connection vivo-connection--mine))
        (should (= 1 (length (vivo-connection-all)))))
      (let ((old (vivo-document-uri)))
        (write-file (expand-file-name "other.py" folder))
        (should-not (equal old (vivo-document-uri)))
        (connection-tests--run-and-wait "⟶ 3")))))

(ert-deftest connection-major-mode-change-ends-it ()
  "A buffer that becomes another kind of text is closed at the server."
  (vivo-tests--with-file "x = 1\n"
    (let ((connection vivo-connection--mine))
      (vivo-tests--wait "the handshake" (vivo-connection-ready connection))
      (fundamental-mode)
      (vivo-tests--wait "its end" (not (jsonrpc-running-p connection)))
      (should-not vivo-connection--mine))))

(ert-deftest connection-serves-buffers-without-a-file ()
  "An unsaved buffer runs, whatever brackets its name has."
  (vivo-tests--with-file "a = 1\n"
    (with-current-buffer (generate-new-buffer "*a [ b ](c) é%*")
      (unwind-protect
          (progn
            (python-mode)
            (insert "x = 20\nx + 1\n")
            (vivo-mode 1)
            (vivo-run-all)
            (goto-char (point-max))
            (forward-line -1)
            (connection-tests--run-and-wait "⟶ 21")
            (insert "q\n")
            (forward-line -1)
            (vivo-run-cell)
            (vivo-tests--wait "the error" (vivo-errors-places)))
        (set-buffer-modified-p nil)
        (vivo-mode -1)
        (kill-buffer)))))

(ert-deftest connection-serves-org-source-blocks ()
  "The edit buffer of a source block runs in the session of its file's folder."
  (vivo-tests--with-file "a = 1\n"
    (let ((org-confirm-babel-evaluate nil)
          (org-src-window-setup 'current-window)
          (notes (expand-file-name "notes.org" folder)))
      (write-region "* Notes\n\n#+begin_src python\n  x = 6\n  x * 7\n#+end_src\n" nil notes nil 'silent)
      (with-current-buffer (find-file-noselect notes)
        (unwind-protect
            (progn
              (switch-to-buffer (current-buffer))
              (search-forward "x = 6")
              (org-edit-special)
              (should org-src-mode)
              (vivo-mode 1)
              (vivo-run-region (point-min) (point-max))
              (vivo-tests--wait "the value" (member "⟶ 42" (vivo-tests--labels)))
              (org-edit-src-exit))
          (set-buffer-modified-p nil)
          (kill-buffer))))))

(ert-deftest connection-server-runs-on-the-files-host ()
  "A file reached by TRAMP is served by a server that runs there, with that host's paths."
  (let ((tramp-methods (cons '("mock" (tramp-login-program "sh") (tramp-login-args (("-i")))
                               (tramp-remote-shell "/bin/sh") (tramp-remote-shell-args ("-c"))
                               (tramp-connection-timeout 20))
                             tramp-methods))
        (tramp-default-host-alist (list (list "\\`mock\\'" nil (system-name))))
        (tramp-persistency-file-name nil)
        (tramp-verbose 1))
    (vivo-tests--with-file "# %%\nimport os\nos.getcwd()\n# %%\n1 / 0\n"
      (vivo-mode -1)
      (with-current-buffer (find-file-noselect (concat "/mock::" file))
        (unwind-protect
            (progn
              (vivo-mode 1)
              (should (file-remote-p (vivo-connection-root vivo-connection--mine)))
              (should (equal (concat "file://" file) (vivo-document-uri)))
              (let ((process (jsonrpc--process vivo-connection--mine)))
                (should (or (process-get process 'vector) (process-get process 'tramp-vector))))
              (goto-char (point-min))
              (connection-tests--run-and-wait
               (format "⟶ '%s'" (directory-file-name folder)))
              (vivo-run-all)
              (vivo-tests--wait "the error" (vivo-errors-places))
              (vivo-next-error)
              (should (= 5 (line-number-at-pos)))
              (let ((item (car (progn (vivo-tests--go "os.getcwd" 8)
                                      (xref-backend-definitions
                                       'vivo (xref-backend-identifier-at-point 'vivo))))))
                (should item)))
          (set-buffer-modified-p nil)
          (vivo-mode -1)
          (kill-buffer)))
      (tramp-cleanup-all-connections))))

(ert-deftest connection-settings-reach-a-server-that-runs ()
  "A customized setting changes what is shown, at once."
  (vivo-tests--with-file "# %%\na = [1] * 2\nb = a + a\n"
    (unwind-protect
        (progn
          (customize-set-variable 'vivo-values 'assignments)
          (vivo-run-cell)
          (vivo-tests--wait "the assigned values"
            (member "⟶ [1, 1, 1, 1]" (vivo-tests--labels))))
      (customize-set-variable 'vivo-values 'last))))

(ert-deftest connection-gives-up-on-a-server-that-dies-again-and-again ()
  "A server that dies at once is not started for ever, and the message says what it said."
  (let ((told nil))
    (cl-letf (((symbol-function 'message)
               (lambda (format &rest arguments)
                 (when format (push (apply #'format-message format arguments) told)))))
      (vivo-tests--with-file "x = 1\n"
        (vivo-mode -1)
        (setq vivo-server-command '("sh" "-c" "echo this is broken >&2; exit 3"))
        (vivo-mode 1)
        (vivo-tests--wait "the news"
          (cl-some (lambda (text) (string-match-p "ended at once.*C-c C-v L.*this is broken" text)) told))
        (should (equal " vivo:no server" (vivo-connection-lighter)))
        (should-error (vivo-run-cell) :type 'user-error)))))

(ert-deftest connection-tells-the-way-to-who-has-no-server ()
  "Without a server a file opens all the same; the mode line and each command say what to do."
  (vivo-tests--with-file "x = 41\nx + 1\n"
    (vivo-mode -1)
    (let ((vivo-server-command '("vivo-that-is-not-there" "lsp"))
          (vivo-install-folder (expand-file-name "env" folder)))
      (vivo-mode 1)
      (should vivo-mode)
      (should (equal " vivo:not installed" (vivo-connection-lighter)))
      (let ((error (should-error (vivo-run-cell) :type 'user-error)))
        (should (string-match-p "C-c C-v I (M-x vivo-install)" (cadr error))))
      (should (eq #'vivo-install (key-binding (kbd "C-c C-v I")))))))

(ert-deftest connection-tells-the-way-to-who-has-no-interpreter ()
  "A Python that is not there is told of, with the key that chooses another."
  (let ((told nil))
    (vivo-tests--with-file "x = 41\nx + 1\n"
      (vivo-mode -1)
      (let ((vivo-python "/no/such/python"))
        (vivo-mode 1)
        (cl-letf (((symbol-function 'message)
                   (lambda (format &rest arguments)
                     (when format (push (apply #'format-message format arguments) told)))))
          (vivo-run-cell)
          (vivo-tests--wait "the way on"
            (cl-some (lambda (text) (string-match-p "/no/such/python.*C-c C-v i chooses" text)) told)))
        (vivo-mode -1)
        (setq vivo-python (expand-file-name ".venv/bin/python" vivo-tests--root))
        (vivo-mode 1)
        (vivo-run-all)
        (vivo-tests--wait "the value" (member "⟶ 42" (vivo-tests--labels)))))))

(ert-deftest connection-installs-vivo-and-goes-on ()
  "`vivo-install' makes an environment, connects who waited, and the cell runs."
  (vivo-tests--with-file "x = 41\nx + 1\n"
    (vivo-mode -1)
    (let* ((vivo-server-command '("vivo-that-is-not-there" "lsp"))
           (vivo-install-folder (expand-file-name "env" folder))
           (vivo-install-package (vivo-tests--wheel folder)))
      (vivo-mode 1)
      (should-error (vivo-run-cell) :type 'user-error)
      (cl-letf (((symbol-function 'y-or-n-p)
                 (lambda (prompt) (should (string-search "with pip into" prompt)) t)))
        (vivo-install))
      (vivo-tests--until 300 "the connection" #'vivo-connection-is-live)
      (should (string-prefix-p vivo-install-folder
                               (car (process-command (jsonrpc--process vivo-connection--mine)))))
      (goto-char (point-max))
      (forward-line -1)
      (vivo-run-all)
      (connection-tests--run-and-wait "⟶ 42"))))

(ert-deftest connection-failed-installation-says-so ()
  "What pip said is shown, and nothing pretends to be installed."
  (vivo-tests--with-file "x = 41\n"
    (vivo-mode -1)
    (let ((vivo-server-command '("vivo-that-is-not-there" "lsp"))
          (vivo-install-folder (expand-file-name "env" folder))
          (vivo-install-package (expand-file-name "no-such-file.whl" folder)))
      (vivo-mode 1)
      (save-window-excursion
        (vivo-install t)
        (vivo-tests--until 120 "its end" (lambda () (not (process-live-p vivo-install--process))))
        (vivo-tests--wait "what pip says"
          (with-current-buffer "*vivo install*"
            (not (process-live-p vivo-install--process))
            (string-match-p "no-such-file" (buffer-string))))
        (should-not (vivo-connection-is-live))))))

;;; connection-tests.el ends here
