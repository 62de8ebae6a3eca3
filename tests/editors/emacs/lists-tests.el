;;; lists-tests.el --- The lists and the inspector, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'helpers)
(require 'vivo-variables)
(require 'vivo-inspector)

(defun lists-tests--shows (buffer text)
  "Whether BUFFER's text holds TEXT."
  (and (get-buffer buffer)
       (with-current-buffer buffer
         (string-match-p (regexp-quote text) (buffer-string)))))

(defun lists-tests--names ()
  "The names that the list of variables shows, in order."
  (with-current-buffer "*vivo variables: cells.py*"
    (mapcar #'car tabulated-list-entries)))

(defmacro lists-tests--with (text &rest body)
  "Run all of TEXT in a file, then BODY; the buffers that it opens are killed."
  (declare (indent 1))
  `(unwind-protect
       (vivo-tests--with-file ,text
         (vivo-run-region (point-min) (point-max))
         (vivo-tests--wait "the value" (vivo-tests--labels))
         (save-current-buffer ,@body)) ; what opens a list leaves it current
     (dolist (name '("*vivo variables: cells.py*" "*vivo inspector*"))
       (when (get-buffer name) (kill-buffer name)))))

(ert-deftest vivo-variables-are-listed-sorted-and-filtered ()
  "The list shows the session's variables, and asks again after each cell."
  (lists-tests--with "alpha = [1, 2, 3]\nbeta = 'x' * 5000\nalpha\n"
    (let ((source (current-buffer)))
      (vivo-variables)
      (with-current-buffer "*vivo variables: cells.py*"
        (vivo-tests--wait "the variables" (equal '("alpha" "beta") (lists-tests--names)))
        (should (lists-tests--shows (current-buffer) "[1, 2, 3]"))
        (should (lists-tests--shows (current-buffer) "●"))
        (vivo-variables-sort "name")
        (vivo-tests--wait "the other order" (equal '("beta" "alpha") (lists-tests--names)))
        (vivo-variables-filter "al*")
        (vivo-tests--wait "one variable" (equal '("alpha") (lists-tests--names)))
        (vivo-variables-filter ""))
      (with-current-buffer source
        (goto-char (point-max))
        (insert "gamma = 7\n")
        (vivo-run-region (line-beginning-position 0) (point-max)))
      (vivo-tests--wait "the new variable" (member "gamma" (lists-tests--names))))))

(ert-deftest vivo-inspector-opens-children-and-goes-back ()
  "A variable of the list is inspected; a button opens what it holds, l goes back."
  (lists-tests--with "box = {'inner': [41, 42]}\nbox\n"
    (vivo-variables)
    (with-current-buffer "*vivo variables: cells.py*"
      (vivo-tests--wait "the variable" (equal '("box") (lists-tests--names)))
      (goto-char (point-min))
      (vivo-variables-inspect))
    (vivo-tests--wait "its child" (lists-tests--shows "*vivo inspector*" "'inner'"))
    (with-current-buffer "*vivo inspector*"
      (goto-char (point-min))
      (forward-button 1)
      (push-button)
      (vivo-tests--wait "what the child holds" (lists-tests--shows (current-buffer) "[1]"))
      (should (lists-tests--shows (current-buffer) "Holds 2"))
      (vivo-inspector-back)
      (vivo-tests--wait "the first again" (lists-tests--shows (current-buffer) "Holds 1")))))

(defun lists-tests--table-shows (text)
  "Whether the table in the inspector holds TEXT."
  (with-current-buffer "*vivo inspector*"
    (let ((start (next-single-property-change (point-min) 'vivo-table)))
      (and start
           (string-match-p (regexp-quote text)
                           (buffer-substring start (or (next-single-property-change start 'vivo-table)
                                                       (point-max))))))))

(ert-deftest vivo-table-is-shown-by-pages-in-the-inspector ()
  "Rows and columns of a table are turned to by keys, and follow the session."
  (lists-tests--with "wide = [[f'{row}:{column}' for column in range(20)] for row in range(1000)]\nlen(wide)\n"
    (let ((source (current-buffer))
          (press (lambda (key) (let ((last-command-event key)) (vivo-inspector-turn)))))
      (vivo-inspector-show source '(:path ["wide"]))
      (with-current-buffer "*vivo inspector*"
        (vivo-tests--wait "the table"
          (lists-tests--table-shows "rows 1–20 of 1000, columns 1–8 of 20"))
        (should (lists-tests--table-shows "19:7"))
        (should-not (lists-tests--table-shows "20:7"))
        (should-error (funcall press ?\[) :type 'user-error)
        (funcall press ?\])
        (vivo-tests--wait "the next rows" (lists-tests--table-shows "rows 21–40"))
        (should (lists-tests--table-shows "20:7"))
        (should-not (lists-tests--table-shows "19:7"))
        (funcall press ?>)
        (vivo-tests--wait "the next columns" (lists-tests--table-shows "columns 9–16"))
        (should (lists-tests--table-shows "20:15"))
        (vivo-inspector-go-to-row 1000)
        (vivo-tests--wait "the last row" (lists-tests--table-shows "rows 1000–1000"))
        (should (lists-tests--table-shows "999:15"))
        (should-error (funcall press ?\]) :type 'user-error))
      (with-current-buffer source
        (goto-char (point-max))
        (insert "wide[999][15] = 'new'\n")
        (vivo-run-region (line-beginning-position 0) (point-max)))
      (vivo-tests--wait "the new cell" (lists-tests--table-shows "new")))))

(ert-deftest vivo-definitions-are-gone-to-from-the-lists ()
  "A variable of the list, and what is inspected, lead to where they are defined."
  (lists-tests--with "import textwrap\ndef double(n):\n    return 2 * n\nfour = double(2)\nfour\n"
    (let ((source (current-buffer)))
      (vivo-variables)
      (with-current-buffer "*vivo variables: cells.py*"
        (vivo-tests--wait "the variables" (member "four" (lists-tests--names)))
        (dolist (each '(("double" . 2) ("four" . 4)))
          (vivo-tests--go (car each))
          (save-current-buffer (vivo-variables-definition))
          (with-current-buffer source
            (vivo-tests--wait "the definition" (= (cdr each) (line-number-at-pos))))))
      (vivo-inspector-show source '(:expression "textwrap.dedent"))
      (with-current-buffer "*vivo inspector*"
        (vivo-tests--wait "the function" (lists-tests--shows (current-buffer) "textwrap.py"))
        (save-current-buffer (vivo-inspector-definition)))
      (vivo-tests--wait "its file" (get-buffer "textwrap.py"))
      (with-current-buffer "textwrap.py"
        (vivo-tests--wait "its line" (looking-at-p "def dedent"))
        (set-buffer-modified-p nil)
        (kill-buffer)))))

(provide 'lists-tests)
;;; lists-tests.el ends here
