;;; code-tests.el --- Cells, definitions, debugging, sessions, in a real Emacs  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)
(require 'vivo-transient)

(defmacro code-tests--answering (answers &rest body)
  "Run BODY while questions whose prompt matches a pattern of ANSWERS get its answer."
  (declare (indent 1))
  `(let* ((asked nil)
          (answer (lambda (prompt &optional table &rest _)
                    (push prompt asked)
                    (let ((found (cdr (cl-find-if (lambda (each) (string-match-p (car each) prompt))
                                                  ,answers))))
                      (if (functionp found) (funcall found table) found)))))
     (cl-letf (((symbol-function 'completing-read) answer)
               ((symbol-function 'read-string) answer)
               ((symbol-function 'yes-or-no-p) answer))
       ,@body)))

(defun code-tests--first (table)
  "The first name of TABLE."
  (if (consp (car table)) (caar table) (car table)))

(defconst code-tests--text
  (concat "# %% first\nimport json\n\n@staticmethod\ndef twice(x):\n    def inner():\n"
          "        return x\n    return 2 * inner()\n\n# %% second\nclass A:\n    size = 3\n\n"
          "# %% third\ntwice(A.size)\n"))

(ert-deftest code-statements-and-definitions-run-by-their-keys ()
  "C-x C-e runs the statement before point, C-M-x the definition around it, decorators and all."
  (vivo-tests--with-file
      (concat "def plain(x):\n    return [\n        x,\n    ]\n\n\nimport functools\n\n\n"
              "@functools.lru_cache\ndef cached():\n    return 'c'\n\n\nplain(1)\n(plain(\n 2))\ncached()\n")
    (vivo-tests--go "x,")
    (call-interactively (key-binding (kbd "C-M-x")))
    (vivo-tests--go "functools\n")
    (call-interactively (key-binding (kbd "C-x C-e")))
    (vivo-tests--go "return 'c'")
    (call-interactively (key-binding (kbd "C-M-x")))
    (vivo-tests--go "plain(1)")
    (call-interactively (key-binding (kbd "C-x C-e")))
    (vivo-tests--wait "the value" (equal '("⟶ [1]") (vivo-tests--labels)))
    (vivo-tests--go " 2))")
    (call-interactively (key-binding (kbd "C-x C-e")))
    (vivo-tests--wait "the second" (equal '("⟶ [1]" "⟶ [2]") (vivo-tests--labels)))
    (goto-char (point-max))
    (call-interactively (key-binding (kbd "C-x C-e")))
    (vivo-tests--wait "the third" (equal '("⟶ [1]" "⟶ [2]" "⟶ 'c'") (vivo-tests--labels)))
    (vivo-tests--go "import")
    (should (string-search "_lru_cache_wrapper" (progn (vivo-tests--go "cached()\n" 6)
                                                       (code-tests--eldoc))))))

(defun code-tests--eldoc ()
  "What eldoc tells of point."
  (let (told)
    (vivo-eldoc (lambda (text &rest _) (setq told (or text "nothing"))))
    (vivo-tests--wait "eldoc" told)
    (substring-no-properties told)))

(ert-deftest code-cells-are-gone-through-marked-and-listed ()
  "Motion, region and imenu know the cells and what they define; point advances over them."
  (vivo-tests--with-file code-tests--text
    (let ((starts '(1)))
      (vivo-tests--wait "the connection" (vivo-connection-ready vivo-connection--mine))
      (vivo-next-cell)
      (should (looking-at "# %% second"))
      (vivo-next-cell)
      (should (looking-at "# %% third"))
      (should-error (vivo-next-cell) :type 'user-error)
      (vivo-previous-cell 2)
      (should (= (car starts) (point)))
      (forward-line 2)
      (vivo-mark-cell)
      (should (= 1 (region-beginning)))
      (should (string-search "second" (save-excursion
                                        (goto-char (region-end))
                                        (forward-line)
                                        (thing-at-point 'line)))))
    (let* ((index (imenu--make-index-alist t))
           (second (cdr (assoc "second" index))))
      (should (equal '("first" "second" "third")
                     (delete "*Rescan*" (mapcar #'car index))))
      (should (assoc "A" second))
      (should (equal 11 (line-number-at-pos (let ((entry (cdr (assoc "A" second))))
                                              (if (consp entry) (cdar entry) entry))))))
    (goto-char (point-min))
    (vivo-run-cell-and-advance)
    (vivo-tests--wait "the second cell" (looking-at "# %% second\\|class A"))))

(ert-deftest code-live-definitions-are-found-where-they-are-now ()
  "M-. leads to the text that ran, moved, or to what ran if that is gone; M-? lists the uses."
  (vivo-tests--with-file code-tests--text
    (vivo-tests--go "@staticmethod\n")
    (delete-region (line-beginning-position 0) (point))
    (vivo-run-all)
    (vivo-tests--wait "the value" (member "⟶ 6" (vivo-tests--labels)))
    (goto-char (point-min))
    (insert "# above\n")
    (switch-to-buffer (current-buffer))
    (vivo-tests--go "twice(A" 4)
    (let ((xref-prompt-for-identifier nil))
      (call-interactively (key-binding (kbd "M-.")))
      (should (looking-at "def twice\\|twice(x)"))
      (vivo-tests--go "twice(A" 4)
      (should (= 2 (length (xref-backend-references
                            'vivo (xref-backend-identifier-at-point 'vivo)))))
      ;; The definition is deleted: the text that ran is shown.
      (vivo-tests--go "def twice" 9)
      (delete-region (point) (progn (search-forward "inner()\n") (point)))
      (let ((source (current-buffer)))
        (vivo-tests--go "twice(A" 4)
        (call-interactively (key-binding (kbd "M-.")))
        (should-not (eq source (current-buffer)))
        (should buffer-read-only)
        (should vivo-pages-mode)
        (should (looking-at "def twice\\|twice(x)"))
        (kill-buffer)
        (set-buffer source)))))

(ert-deftest code-pages-open-in-read-only-buffers ()
  "What `obj?' shows is a buffer beside the code."
  (vivo-tests--with-file "# %%\ndef shown(): 'its words'\n# %%\nshown?\n"
    (vivo-run-all)
    (let ((page (vivo-tests--wait "the page"
                  (cl-find-if (lambda (buffer) (buffer-local-value 'vivo-pages-mode buffer))
                              (buffer-list)))))
      (with-current-buffer page
        (vivo-tests--wait "its text" (string-search "its words" (buffer-string)))
        (should buffer-read-only)
        (should-not (bound-and-true-p vivo-mode)))
      (kill-buffer page))))

(ert-deftest code-cells-are-debugged-and-errors-looked-at ()
  "pdb asks at the cell's first line, and after an error at the frame that raised it."
  (vivo-tests--with-file "# %%\nx = 20\ny = x + 2\ny\n# %%\ndef f(n):\n    return n / 0\nf(7)\n"
    (let ((commands (list "next" "p x + 1" "continue")) (prompts nil))
      (cl-letf (((symbol-function 'read-string)
                 (lambda (prompt &rest _) (push prompt prompts) (pop commands))))
        (call-interactively (key-binding (kbd "C-c C-v d c")))
        (vivo-tests--wait "the end" (and (null commands) (vivo-tests--state "idle")))
        (vivo-tests--wait "what was asked for" (string-search "\n21\n" (vivo-tests--inferior)))
        (should (= 3 (length prompts)))
        (should (string-match-p "db" (car prompts)))
        (goto-char (point-max))
        (forward-line -1)
        (vivo-run-cell)
        (vivo-tests--wait "the error" (vivo-errors-places))
        (setq commands (list "p n * 3" "quit"))
        (call-interactively (key-binding (kbd "C-c C-v d p")))
        (vivo-tests--wait "its value"
          (string-match-p "\n21\n\\(.*\n\\)*.*\n21\n" (vivo-tests--inferior)))
        (vivo-tests--wait "its end" (and (null commands) (vivo-tests--state "idle")))))))

(ert-deftest code-prompts-that-are-not-wanted-any-more-are-taken-back ()
  "A question waits beside other answers, and goes when the cell is interrupted."
  (vivo-tests--with-file "# %%\nname = input('who? ')\n"
    (let (later taken-back known)
      (let ((vivo-connection--answers
             (cons (cons 'vivo/input (lambda (_ _)
                                       (vivo-connection-later
                                        (lambda (asked _reply)
                                          (setq later asked)
                                          (setf (vivo-connection-later-cancel asked)
                                                (lambda () (setq taken-back t)))))))
                   vivo-connection--answers)))
        (vivo-run-cell)
        (vivo-tests--wait "the question" later)
        (vivo-connection-request 'vivo/describe (make-hash-table) (lambda (told) (setq known told)))
        (vivo-tests--wait "an answer meanwhile" known)
        (should (eq t (plist-get known :input)))
        (vivo-interrupt)
        (vivo-tests--wait "that nobody waits any more" taken-back)
        (should-not (vivo-connection-later-is-open later))
        (vivo-tests--wait "the interrupt" (vivo-errors-places))))))

(ert-deftest code-sessions-are-chosen-renamed-restarted-and-ended ()
  "A new session has none of the variables; the old one is chosen again; names, restarts and ends."
  (vivo-tests--with-file "# %%\nkept = 7\n# %%\nkept\n"
    (vivo-run-cell)
    (vivo-tests--wait "idle" (vivo-tests--state "idle"))
    (let ((first (vivo-connection-session)))
      (should first)
      (code-tests--answering '(("Session" . "a new session") ("Name" . "other"))
        (vivo-choose-session)
        (vivo-tests--wait "another session"
          (and (vivo-connection-session) (not (equal first (vivo-connection-session))))))
      (goto-char (point-max))
      (forward-line -1)
      (vivo-run-cell)
      (vivo-tests--wait "that it has no such name" (vivo-errors-places))
      (code-tests--answering `(("Session" . ,(lambda (table)
                                                  (cl-find-if (lambda (name)
                                                                (string-search (substring first 0 8) name))
                                                              table))))
        (vivo-choose-session)
        (vivo-tests--wait "the first session" (equal first (vivo-connection-session))))
      (vivo-run-cell)
      (vivo-tests--wait "its variable" (member "⟶ 7" (vivo-tests--labels)))
      (code-tests--answering `(("Rename" . ,#'code-tests--first) ("New name" . "renamed"))
        (vivo-rename-session)
        (vivo-tests--wait "the name" (string-search "renamed" (vivo-tests--vivo "sessions"))))
      (vivo-restart-and-run-all)
      (vivo-tests--wait "the run" (and (vivo-tests--state "idle") (member "⟶ 7" (vivo-tests--labels))))
      (code-tests--answering `(("End session: " . ,(lambda (table)
                                                        (cl-find-if (lambda (name)
                                                                      (string-search "other" name))
                                                                    (if (consp (car table))
                                                                        (mapcar #'car table)
                                                                      table))))
                                  ("lose its variables" . t))
        (vivo-end-session)
        (vivo-tests--wait "its end" (not (string-search "other" (vivo-tests--vivo "sessions"))))))))

(ert-deftest code-interpreters-are-chosen ()
  "Any interpreter that is listed or typed serves; one that is none is refused in a sentence."
  (vivo-tests--with-file "# %%\nimport sys\nsys.executable\n"
    (let ((told nil))
      (code-tests--answering '(("Interpreter" . "/usr/bin/python3"))
        (vivo-choose-interpreter)
        (vivo-tests--wait "the session" (vivo-tests--state "idle")))
      (vivo-run-cell)
      (vivo-tests--wait "the value"
        (cl-some (lambda (label) (string-match-p "/usr/bin/python3" label)) (vivo-tests--labels)))
      (cl-letf (((symbol-function 'message)
                 (lambda (format &rest arguments)
                   (when format (push (apply #'format-message format arguments) told)))))
        (code-tests--answering '(("Interpreter" . "/no/such/python"))
          (vivo-choose-interpreter)
          (vivo-tests--wait "the refusal"
            (cl-some (lambda (text) (string-search "/no/such/python" text)) (butlast told))))))))

(ert-deftest code-python-ts-mode-is-served-too ()
  "Where Emacs has tree-sitter, everything works in `python-ts-mode'."
  (when (fboundp 'python-ts-mode)
    (let ((treesit-extra-load-path
           (list (expand-file-name "tests/editors/emacs/fetched/grammars" vivo-tests--root))))
      (defvar treesit-extra-load-path)
      (vivo-tests--with-file "x = 4\n\n\ndef f(a):\n    return a * x\n\n\nf(\n  5)\n"
        (vivo-mode -1)
        (python-ts-mode)
        (should (derived-mode-p 'python-ts-mode))
        (vivo-mode 1)
        (vivo-tests--go "x = 4")
        (vivo-run-statement)
        (vivo-tests--go "return a")
        (vivo-run-definition)
        (vivo-tests--go "  5)")
        (vivo-run-statement)
        (vivo-tests--wait "the value" (member "⟶ 20" (vivo-tests--labels)))
        (should (assoc "f" (imenu--make-index-alist t)))))))

(ert-deftest code-documents-are-exported ()
  "A page, a notebook; nothing is overwritten unasked."
  (vivo-tests--with-file "# %%\n6 * 7\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (member "⟶ 42" (vivo-tests--labels)))
    (let ((notebook (expand-file-name "out.ipynb" folder)))
      (vivo-export "notebook" notebook)
      (vivo-tests--wait "the notebook" (file-exists-p notebook))
      (with-temp-buffer
        (insert-file-contents notebook)
        (should (string-search "42" (buffer-string))))
      (cl-letf (((symbol-function 'y-or-n-p) #'ignore))
        (should-error (vivo-export "notebook" notebook) :type 'user-error)))))

;;; code-tests.el ends here
