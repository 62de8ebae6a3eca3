;;; org-tests.el --- Blocks of org that run in sessions, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'helpers)
(require 'org)
(require 'vivo-org)

(defmacro org-tests--with (text &rest body)
  "Run BODY in an org file that holds TEXT; nothing of it stays."
  (declare (indent 1))
  `(vivo-tests--with-file ""
     (let ((org-file (expand-file-name "notes.org" folder))
           (org-confirm-babel-evaluate nil)
           (org-inhibit-startup t))
       (write-region ,text nil org-file nil 'silent)
       (unwind-protect
           (with-current-buffer (find-file-noselect org-file)
             (unwind-protect (progn (goto-char (point-min)) ,@body)
               (set-buffer-modified-p nil)
               (kill-buffer)))
         (dolist (buffer (buffer-list))
           (when (string-prefix-p " *vivo org " (buffer-name buffer)) (kill-buffer buffer)))))))

(defun org-tests--result (block)
  "Run the block named BLOCK; what org inserts as its result."
  (org-babel-goto-named-src-block block)
  (org-babel-execute-src-block)
  (let ((place (org-babel-where-is-src-block-result)))
    (if (not place)
        ""
      (goto-char place)
      (forward-line)
      (string-trim-right
       (buffer-substring-no-properties (point) (org-babel-result-end))))))

(ert-deftest vivo-org-results-are-values-tables-and-output ()
  "Values of each kind, and what is printed, as users of org expect them."
  (org-tests--with "
#+property: header-args:vivo :session work
#+name: number
#+begin_src vivo
x = 20
x + 1
#+end_src
#+name: text
#+begin_src vivo
'two words'
#+end_src
#+name: rows
#+begin_src vivo
[[n, n * n] for n in range(1, 4)]
#+end_src
#+name: row
#+begin_src vivo
[1, 'a', 2.5]
#+end_src
#+name: dicts
#+begin_src vivo
[{'name': 'a', 'n': 1}, {'name': 'b', 'n': 2}]
#+end_src
#+name: dict
#+begin_src vivo
{'one': 1, 'two': 'zwei'}
#+end_src
#+name: array
#+begin_src vivo
import numpy
numpy.arange(6).reshape(2, 3)
#+end_src
#+name: long
#+begin_src vivo
list(range(2500))
#+end_src
#+name: printed
#+begin_src vivo :results output
for n in range(3): print('line', n)
'not this'
#+end_src
#+name: verbatim
#+begin_src vivo :results verbatim
[x, 2]
#+end_src
#+name: nothing
#+begin_src vivo
y = 1
#+end_src
"
    (should (equal ": 21" (org-tests--result "number")))
    (should (equal ": two words" (org-tests--result "text")))
    (should (equal "| 1 | 1 |\n| 2 | 4 |\n| 3 | 9 |" (org-tests--result "rows")))
    (should (equal "| 1 | a | 2.5 |" (org-tests--result "row")))
    (should (equal "| name | n |\n|------+---|\n| a    | 1 |\n| b    | 2 |"
                   (org-tests--result "dicts")))
    (should (equal "| one |    1 |\n| two | zwei |" (org-tests--result "dict")))
    (should (equal "| 0 | 1 | 2 |\n| 3 | 4 | 5 |" (org-tests--result "array")))
    (org-babel-goto-named-src-block "long")
    (should (equal (number-sequence 0 2499)
                   (cl-letf (((symbol-function 'message) #'ignore))
                     (org-babel-execute-src-block nil nil '((:results . "silent"))))))
    (should (equal ": line 0\n: line 1\n: line 2" (org-tests--result "printed")))
    (should (equal ": [20, 2]" (org-tests--result "verbatim")))
    (should (equal "" (string-remove-prefix ":" (org-tests--result "nothing"))))))

(ert-deftest vivo-org-variables-come-from-tables-and-blocks ()
  "`:var' takes tables, other blocks' results and literals; the session is that of the name."
  (org-tests--with "
#+name: data
| name  | n |
|-------+---|
| alpha | 1 |
| it's  | 2 |

#+name: total
#+begin_src vivo :session work :var rows=data :colnames yes
[[name, 10 * n] for name, n in rows]
#+end_src
#+name: chained
#+begin_src vivo :session work :var rows=total word=\"it's ü\" :results output
print(rows, word)
#+end_src
#+name: there
#+begin_src vivo :session work
word
#+end_src
#+name: alone
#+begin_src vivo
'word' in globals()
#+end_src
"
    (should (equal "| name  |  n |\n|-------+----|\n| alpha | 10 |\n| it's  | 20 |"
                   (org-tests--result "total")))
    (should (string-match-p "'alpha', 10.*it's ü" (org-tests--result "chained")))
    (should (equal ": it's ü" (org-tests--result "there")))
    (should (equal ": False" (org-tests--result "alone")))
    (vivo-tests--wait "the end of the block's own session"
      (equal '("work") (mapcar (lambda (session) (gethash "name" session))
                               (json-parse-string (vivo-tests--vivo "sessions" "--json")))))
    (with-current-buffer (find-file-noselect file) ; the source buffer of the same folder
      (insert "word + '!'\n")
      (vivo-connection-flush)
      (let* ((sessions (plist-get (vivo-connection-request-sync
                                   :workspace/executeCommand
                                   (list :command "vivo.server.sessions"
                                         :arguments (vector (make-hash-table))))
                                  :sessions))
             (work (cl-find "work" sessions :test #'equal
                            :key (lambda (each) (plist-get each :name)))))
        (vivo-connection-run "useSession" (list :uri (vivo-document-uri)
                                                :sessionId (plist-get work :sessionId))
                             (let ((source (current-buffer)))
                              (lambda (_)
                                (with-current-buffer source
                                  (vivo-run-region (point-min) (point-max))))))
        (should work)
        (vivo-tests--wait "the value" (equal '("⟶ \"it's ü!\"") (vivo-tests--labels)))))))

(ert-deftest vivo-org-figures-go-to-files ()
  "A figure is written to `:file', or under a name of its own; texts too."
  (org-tests--with "
#+property: header-args:vivo :session plots
#+name: named
#+begin_src vivo :results graphics file :file images/line.png
%matplotlib inline
import matplotlib.pyplot as plt
plt.plot([1, 2]);
#+end_src
#+name: unnamed
#+begin_src vivo :results file
plt.plot([2, 1]);
#+end_src
#+name: text
#+begin_src vivo :results file :file words.txt
'some words'
#+end_src
"
    (should (equal "[[file:images/line.png]]" (org-tests--result "named")))
    (dolist (each (list "images/line.png"
                        (let ((result (org-tests--result "unnamed")))
                          (should (string-match "\\`\\[\\[file:\\(figures/[0-9a-f]+\\.png\\)\\]\\]\\'"
                                                result))
                          (match-string 1 result))))
      (with-temp-buffer
        (set-buffer-multibyte nil)
        (insert-file-contents-literally (expand-file-name each folder))
        (should (looking-at-p "\x89PNG\r\n"))))
    (should (equal "[[file:words.txt]]" (org-tests--result "text")))
    (with-temp-buffer
      (insert-file-contents (expand-file-name "words.txt" folder))
      (should (equal "some words" (string-trim (buffer-string)))))))

(ert-deftest vivo-org-errors-are-told-and-a-quit-interrupts ()
  "An error is readable where org shows errors; \\[keyboard-quit] interrupts the block."
  (org-tests--with "
#+property: header-args:vivo :session work
#+name: wrong
#+begin_src vivo :results output
print('before')
1 / 0
#+end_src
#+name: endless
#+begin_src vivo
import time
while True: time.sleep(0.01)
#+end_src
#+name: after
#+begin_src vivo
6 * 7
#+end_src
"
    (should (equal ": before" (org-tests--result "wrong")))
    (with-current-buffer "*Org-Babel Error Output*"
      (should (string-match-p "--> 2 1 / 0\nZeroDivisionError: division by zero" (buffer-string)))
      (should-not (string-match-p "\x1b" (buffer-string)))
      (kill-buffer))
    (should
     (eq 'interrupted
         (condition-case nil
             (let* ((quit-soon nil)
                    (look (lambda (_ params)
                            (when (and (string-match-p "while True" (plist-get params :code))
                                       (not quit-soon))
                              (setq quit-soon (run-at-time 0.1 nil (lambda () (setq quit-flag t))))))))
               (vivo-connection-on 'vivo/executionStarted look)
               (org-tests--result "endless"))
           (quit 'interrupted))))
    (should (equal ": 42" (org-tests--result "after")))))

(provide 'org-tests)
;;; org-tests.el ends here
