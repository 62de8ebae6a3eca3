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

(provide 'lists-tests)
;;; lists-tests.el ends here
