;;; vivo-tests.el --- vivo in a real Emacs, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'ert)
(require 'helpers (expand-file-name "helpers" (file-name-directory (or load-file-name buffer-file-name))))

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
    (vivo-tests--wait "the error" (vivo-errors-places))
    (should (= 3 (line-number-at-pos (car (vivo-errors-places)))))
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
      (vivo-tests--state "busy"))
    (goto-char (point-min))
    (search-forward "\nradi\n")
    (backward-char)
    (vivo-tests--wait "the completion"
      (let ((found (vivo-completion-at-point)))
        (member "radius" (all-completions "radi" (nth 2 found)))))
    (goto-char (point-min))
    (search-forward "radius")
    (let (told)
      (vivo-eldoc (lambda (text &rest _) (setq told (or text "nothing"))))
      (vivo-tests--wait "the documentation" told)
      (should (equal "list length 2 = [1, 2]" (substring-no-properties told))))
    (vivo-interrupt)
    (vivo-tests--wait "idle"
      (vivo-tests--state "idle"))))

(ert-deftest vivo-inferior-shows-in-and-out ()
  "What runs is echoed with its output, and typed input runs in the session."
  (vivo-tests--with-file "# %%\nprint('hello')\n6 * 7\n"
    (vivo-run-cell)
    (vivo-tests--wait "the echo" (string-match-p "Out\\[1\\]: 42" (vivo-tests--inferior)))
    (should (string-match-p "In \\[1\\]: print('hello')\n6 \\* 7\nhello\nOut\\[1\\]: 42\n"
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

(ert-deftest vivo-closed-and-opened-again-shows-what-was ()
  "Whoever comes back to a file finds its values, stale where its text has changed, and its error."
  (vivo-tests--with-file "# %%\nkept = 41\nkept\n# %%\nkept + 1\n# %%\nkept / 0\n"
    (vivo-run-all)
    (vivo-tests--wait "all" (and (vivo-errors-places) (member "⟶ 42" (vivo-tests--labels))))
    (vivo-mode -1)
    (should-not (vivo-tests--labels))
    (should-not (vivo-errors-places))
    (should (null (vivo-connection-all)))
    (vivo-tests--go "kept + 1" 1)
    (insert "1")
    (vivo-mode 1)
    (vivo-tests--wait "the values"
      (member "⟶ 41" (vivo-tests--labels)))
    (should-not (member "⟶ 42" (vivo-tests--labels)))
    (vivo-tests--wait "the error" (equal '(7) (mapcar #'line-number-at-pos (vivo-errors-places))))))

(ert-deftest vivo-killed-server-is-started-again ()
  "A server that dies is started again: values are there, outputs not twice, and the session is."
  (vivo-tests--with-file "# %%\nkept = 41\nprint('once')\nkept\n# %%\nkept + 1\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (equal '("⟶ 41") (vivo-tests--labels)))
    (let ((old vivo-connection--mine))
      (signal-process (jsonrpc--process old) 'SIGKILL)
      (vivo-tests--wait "another server"
        (and (not (eq old vivo-connection--mine)) (vivo-connection-is-live))))
    (vivo-display-remove 'value)
    (vivo-tests--wait "the value again" (equal '("⟶ 41") (vivo-tests--labels)))
    (goto-char (point-max))
    (forward-line -1)
    (vivo-run-cell)
    (vivo-tests--wait "the variable" (equal '("⟶ 41" "⟶ 42") (vivo-tests--labels)))
    (should (= 1 (cl-count-if (lambda (line) (equal line "once"))
                              (split-string (vivo-tests--inferior) "\n"))))))

(defun vivo-tests--bound (map prefix)
  "The keys of MAP behind PREFIX that people press, and their commands."
  (let (found)
    (map-keymap
     (lambda (key binding)
       (let ((keys (concat prefix (if (equal prefix "") "" " ") (key-description (vector key)))))
         (cond ((memq key '(menu-bar remap)))
               ((eq binding 'vivo-command-map)
                (setq found (append (vivo-tests--bound vivo-command-map keys) found)))
               ((keymapp binding)
                (setq found (append (vivo-tests--bound binding keys) found)))
               ((commandp binding) (push (cons keys binding) found)))))
     map)
    found))

(ert-deftest vivo-key-table-is-true ()
  "The keys that the README lists are the keys of the mode, all and only these."
  (let (listed)
    (with-temp-buffer
      (insert-file-contents (expand-file-name "editors/emacs/README.md" vivo-tests--root))
      (while (re-search-forward "^| `\\([CM]-[^`]+\\)` | `\\([a-z-]+\\)`" nil t)
        (push (cons (match-string 1) (intern (match-string 2))) listed)))
    (should (>= (length listed) 40))
    (let ((sort-rows (lambda (rows) (sort rows (lambda (a b) (string< (car a) (car b))))))
          (bound (mapcar (lambda (row)
                           (cons (replace-regexp-in-string "ESC C-x" "C-M-x" (car row))
                                 (cdr row)))
                         (vivo-tests--bound vivo-mode-map ""))))
      (should (equal (funcall sort-rows (cl-remove "M-." listed :key #'car :test #'equal))
                     (funcall sort-rows bound))))
    (dolist (row listed)
      (should (commandp (cdr row))))))

(ert-deftest vivo-menu-has-every-command ()
  "What a key below the prefix does is in the menu, too."
  (require 'vivo-transient)
  (let ((layout (format "%S" (get 'vivo-menu 'transient--layout))))
    (dolist (row (vivo-tests--bound vivo-command-map ""))
      (unless (eq 'vivo-menu (cdr row))
        (should (string-match-p (format ":command %s[ )]" (cdr row)) layout))))))

(ert-deftest vivo-recipe-takes-every-file-of-the-package ()
  "What MELPA builds is the whole package."
  (let* ((package (expand-file-name "editors/emacs/" vivo-tests--root))
         (recipe (with-temp-buffer
                   (insert-file-contents (expand-file-name "recipe/vivo" package))
                   (read (current-buffer))))
         (taken (apply #'append
                       (mapcar (lambda (pattern)
                                 (file-expand-wildcards (expand-file-name pattern vivo-tests--root) t))
                               (plist-get (cdr recipe) :files)))))
    (should (eq 'vivo (car recipe)))
    (should (equal (sort taken #'string<)
                   (sort (directory-files package t "\\.el\\'") #'string<)))))

(provide 'vivo-tests)
;;; vivo-tests.el ends here
