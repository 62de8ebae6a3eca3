;;; vivo-tests.el --- vivo in a real Emacs, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'ert)
(require 'vivo)

(defconst vivo-tests--root
  (expand-file-name "../../../" (file-name-directory (or load-file-name buffer-file-name))))

(defun vivo-tests--until (seconds what predicate)
  "Take process output until PREDICATE holds; fail after SECONDS, saying WHAT."
  (let ((deadline (+ (float-time) seconds)) value)
    (while (and (not (setq value (funcall predicate))) (< (float-time) deadline))
      (accept-process-output nil 0.02))
    (or value (ert-fail (format "timed out waiting for %s" what)))))

(defmacro vivo-tests--wait (what &rest body)
  "Wait until BODY is non-nil; WHAT says for what."
  (declare (indent 1))
  `(vivo-tests--until 30 ,what (lambda () ,@body)))

(defun vivo-tests--labels ()
  "The texts of the values that are shown, in order."
  (mapcar (lambda (overlay)
            (string-trim (substring-no-properties (overlay-get overlay 'after-string))))
          (sort (cl-remove-if-not (lambda (o) (eq 'value (overlay-get o 'vivo)))
                                  (overlays-in (point-min) (point-max)))
                (lambda (a b) (< (overlay-start a) (overlay-start b))))))

(defmacro vivo-tests--with-file (text &rest body)
  "Visit a file that holds TEXT with `vivo-mode' on and run BODY there."
  (declare (indent 1))
  `(let* ((folder (file-name-as-directory (make-temp-file "vt" t)))
          (vivo-server-command (list (expand-file-name ".venv/bin/vivo" vivo-tests--root) "lsp"))
          (vivo-python (expand-file-name ".venv/bin/python" vivo-tests--root))
          (project-find-functions nil)
          (python-indent-guess-indent-offset nil)
          (file (expand-file-name "cells.py" folder)))
     (write-region ,text nil file nil 'silent)
     (unwind-protect
         (with-current-buffer (find-file-noselect file)
           (unwind-protect
               (progn (vivo-mode 1)
                      (goto-char (point-min))
                      ,@body)
             (set-buffer-modified-p nil)
             (vivo-mode -1)
             (kill-buffer)))
       (vivo-tests--end-sessions)
       (dolist (buffer (buffer-list))
         (when (string-prefix-p "*vivo: " (buffer-name buffer))
           (let ((kill-buffer-query-functions nil)) (kill-buffer buffer))))
       (delete-directory folder t))))

(defun vivo-tests--vivo (&rest words)
  "Run the vivo command with WORDS; its output."
  (with-temp-buffer
    (apply #'call-process (expand-file-name ".venv/bin/vivo" vivo-tests--root) nil t nil words)
    (buffer-string)))

(defun vivo-tests--end-sessions ()
  "End every session of this home."
  (vivo-tests--vivo "sessions" "end" "--all"))

(defun vivo-tests--inferior ()
  "The text of the inferior buffer."
  (let ((buffer (cl-find-if (lambda (b) (string-prefix-p "*vivo: " (buffer-name b)))
                            (buffer-list))))
    (if buffer
        (with-current-buffer buffer
          (buffer-substring-no-properties (point-min) (point-max)))
      "")))

(ert-deftest vivo-value-stands-beside-the-cell ()
  "C-c C-c runs the cell at point and its value is shown at its end."
  (vivo-tests--with-file "# %% one\nx = 20\nx + 1\n\n# %% two\nx * 2\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (equal '("⟶ 21") (vivo-tests--labels)))
    (goto-char (point-max))
    (forward-line -1)
    (vivo-run-cell)
    (vivo-tests--wait "both values" (equal '("⟶ 21" "⟶ 40") (vivo-tests--labels)))))

(ert-deftest vivo-statement-under-point-in-a-file-without-marks ()
  "Without marks a cell is the statement under point."
  (vivo-tests--with-file "y = 5\nfor i in range(3):\n    y += i\ny\n"
    (vivo-run-cell)
    (forward-line 1)
    (vivo-run-cell)
    (goto-char (point-max))
    (forward-line -1)
    (vivo-run-cell)
    (vivo-tests--wait "the value" (equal '("⟶ 8") (vivo-tests--labels)))))

(ert-deftest vivo-edited-value-is-stale-and-moves ()
  "A value follows its text, and is marked when the text changes."
  (vivo-tests--with-file "x = 20\nx + 1\n"
    (vivo-run-region (point-min) (point-max))
    (vivo-tests--wait "the value" (equal '("⟶ 21") (vivo-tests--labels)))
    (goto-char (point-min))
    (insert "# above\n")
    (vivo-connection-flush)
    (vivo-tests--wait "the moved value"
      (let ((overlay (car (cl-remove-if-not (lambda (o) (eq 'value (overlay-get o 'vivo)))
                                            (overlays-in (point-min) (point-max))))))
        (and overlay (= 3 (line-number-at-pos (overlay-start overlay))))))
    (goto-char (point-min))
    (search-forward "x + 1")
    (insert "0")
    (vivo-connection-flush)
    (vivo-tests--wait "the stale mark" (equal '("⟶ (stale) 21") (vivo-tests--labels)))))

(ert-deftest vivo-error-is-underlined-on-its-line ()
  "The failing line of a cell is underlined, with the error as its help."
  (vivo-tests--with-file "# %%\nx = 1\nx / 0\n"
    (vivo-run-cell)
    (vivo-tests--wait "the error" (vivo-display--errors))
    (should (= 3 (line-number-at-pos (car (vivo-display--errors)))))
    (vivo-next-error)
    (should (= 3 (line-number-at-pos)))
    (should (string-match-p
             "ZeroDivisionError"
             (get-char-property (point) 'help-echo)))))

(ert-deftest vivo-completion-and-hover-are-live ()
  "Completion and inspection know the session's objects, also while a cell runs."
  (vivo-tests--with-file "# %%\nimport math\nradius = [1, 2]\n# %%\nwhile True: pass\n# %%\nradi\n"
    (vivo-run-cell)
    (goto-char (point-min))
    (search-forward "while")
    (vivo-run-cell)
    (vivo-tests--wait "busy"
      (equal "busy" (plist-get (vivo-connection-status vivo-connection--mine) :state)))
    (goto-char (point-min))
    (search-forward "\nradi\n")
    (backward-char)
    (vivo-tests--wait "the completion"
      (let ((found (vivo-completion-at-point)))
        (member "radius" (all-completions "radi" (nth 2 found)))))
    (goto-char (point-min))
    (search-forward "radius")
    (let (told)
      (vivo--hover (lambda (text) (setq told (or text "nothing"))))
      (vivo-tests--wait "the hover" told)
      (should (string-match-p "`list` · length 2 — \\*live" told)))
    (vivo-interrupt)
    (vivo-tests--wait "idle"
      (equal "idle" (plist-get (vivo-connection-status vivo-connection--mine) :state)))))

(ert-deftest vivo-inferior-shows-in-and-out ()
  "What runs is echoed with its output, and typed input runs in the session."
  (vivo-tests--with-file "# %%\nprint('hello')\n6 * 7\n"
    (vivo-run-cell)
    (vivo-tests--wait "the echo" (string-match-p "Out\\[1\\]: 42" (vivo-tests--inferior)))
    (should (string-match-p "In \\[1\\]: print('hello')\n   ...: 6 \\* 7\nhello\nOut\\[1\\]: 42\n"
                            (vivo-tests--inferior)))
    (with-current-buffer (vivo-inferior-buffer vivo-connection--mine)
      (goto-char (point-max))
      (insert "_ + 1")
      (comint-send-input))
    (vivo-tests--wait "the answer" (string-match-p "Out\\[2\\]: 43" (vivo-tests--inferior)))))

(ert-deftest vivo-input-is-asked-in-the-minibuffer ()
  "A cell's input() reads from the minibuffer."
  (vivo-tests--with-file "# %%\nname = input('who? ')\nname * 2\n"
    (cl-letf (((symbol-function 'read-string)
               (lambda (prompt &rest _) (should (equal "who? " prompt)) "ab")))
      (vivo-run-cell)
      (vivo-tests--wait "the value" (equal '("⟶ 'abab'") (vivo-tests--labels))))))

(ert-deftest vivo-killed-server-leaves-the-session ()
  "After the server's death the session goes on, and a new server shows its values."
  (vivo-tests--with-file "# %%\nkept = 41\nkept\n# %%\nkept + 1\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (equal '("⟶ 41") (vivo-tests--labels)))
    (let ((process (jsonrpc--process vivo-connection--mine)))
      (signal-process process 'SIGKILL)
      (vivo-tests--wait "its end" (not (process-live-p process))))
    (vivo-tests--wait "the news" (not (vivo-connection-is-live)))
    (vivo-display-clear-buffer)
    (vivo-connect)
    (vivo-tests--wait "the value again" (equal '("⟶ 41") (vivo-tests--labels)))
    (goto-char (point-max))
    (forward-line -1)
    (vivo-run-cell)
    (vivo-tests--wait "the variable" (equal '("⟶ 41" "⟶ 42") (vivo-tests--labels)))))

(ert-deftest vivo-lives-beside-eglot ()
  "The connection is its own: eglot's server in the same buffer is left alone."
  (require 'eglot)
  (vivo-tests--with-file "# %%\n1 + 1\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (equal '("⟶ 2") (vivo-tests--labels)))
    (should-not (eglot-managed-p))
    (should (vivo-connection-is-live))))

(ert-deftest vivo-positions-count-utf-16-units ()
  "Astral characters are two units for the server and one place here."
  (with-temp-buffer
    (insert "a😀b = 1\n")
    (goto-char 4)
    (should (equal '(:line 0 :character 4) (vivo-connection-position (point))))
    (should (= 4 (vivo-connection-point '(:line 0 :character 4))))))

(ert-deftest vivo-key-table-is-true ()
  "The keys that the README lists are the keys of the map."
  (let (listed)
    (with-temp-buffer
      (insert-file-contents (expand-file-name "editors/emacs/README.md" vivo-tests--root))
      (while (re-search-forward "^| `\\(C-[^`]+\\)` | `\\([a-z-]+\\)`" nil t)
        (push (cons (match-string 1) (intern (match-string 2))) listed)))
    (should (>= (length listed) 9))
    (dolist (row listed)
      (should (eq (cdr row) (lookup-key vivo-mode-map (kbd (car row))))))))

(provide 'vivo-tests)
;;; vivo-tests.el ends here
