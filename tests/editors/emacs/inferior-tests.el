;;; inferior-tests.el --- The inferior buffer, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'helpers)

(defun inferior--buffer ()
  "The inferior buffer that was used last."
  (cl-find-if (lambda (buffer) (string-prefix-p "*vivo: " (buffer-name buffer))) (buffer-list)))

(defmacro inferior--in (&rest body)
  "Run BODY in the inferior buffer."
  (declare (indent 0))
  `(with-current-buffer (inferior--buffer) ,@body))

(defun inferior--text ()
  "The text of the inferior buffer, or of the current one if it is one."
  (with-current-buffer (if (derived-mode-p 'vivo-inferior-mode) (current-buffer)
                         (inferior--buffer))
    (buffer-substring-no-properties (point-min) (point-max))))

(defun inferior--says (pattern)
  "Wait until the inferior buffer's text matches PATTERN."
  (vivo-tests--wait (format "%S in %S" pattern (inferior--text))
    (string-match-p pattern (inferior--text))))

(defun inferior--count (text)
  "How often TEXT stands in the inferior buffer."
  (1- (length (split-string (inferior--text) (regexp-quote text)))))

(defun inferior--open ()
  "Show the inferior buffer of the current source buffer, and wait for its prompt."
  (save-window-excursion
    (save-current-buffer (vivo-switch-to-inferior)))
  (vivo-tests--wait "the inferior buffer" (inferior--buffer))
  (inferior--says "In \\[[0-9]+\\]: \\'"))

(defun inferior--type (text)
  "Type TEXT into the inferior buffer, and RET."
  (with-current-buffer (if (derived-mode-p 'vivo-inferior-mode) (current-buffer)
                         (inferior--buffer))
    (goto-char (point-max))
    (insert text)
    (call-interactively #'vivo-inferior-return)))

(defun inferior--typed ()
  "What is being typed."
  (inferior--in (vivo-transcript-typed)))

;;; Prompts, and what is typed

(ert-deftest inferior-starts-the-session-and-completes-before-the-first-input ()
  "C-c C-z starts a session where none runs; its names complete, with annotations."
  (vivo-tests--with-file "import math\n"
    (inferior--open)
    (should (string-match-p "\\`-- Session .*: Python 3[0-9.]+ in .*\nIn \\[1\\]: \\'"
                            (inferior--text)))
    (let ((source (current-buffer)))
      (inferior--in
        (insert "sor")
        (let* ((found (vivo-inferior-completion))
               (names (all-completions "sor" (nth 2 found))))
          (should (equal '("sorted") names))
          (should (equal "sor" (buffer-substring (nth 0 found) (nth 1 found))))
          (should (string-match-p "live"
                                  (funcall (plist-get (nthcdr 3 found) :annotation-function)
                                           (car names)))))
        (save-window-excursion
          (vivo-switch-to-source)
          (should (eq source (window-buffer))))))))

(ert-deftest inferior-numbers-are-the-sessions ()
  "Prompts have the session's own numbers, whoever ran what, and begin anew after a restart."
  (vivo-tests--with-file "a = 1\n"
    (inferior--open)
    (inferior--type "40 + 2")
    (inferior--says "In \\[1\\]: 40 \\+ 2\nOut\\[1\\]: 42\nIn \\[2\\]: \\'")
    (vivo-run-cell)
    (inferior--says "-- cells.py:1\nIn \\[2\\]: a = 1\nIn \\[3\\]: \\'")
    (vivo-restart)
    (inferior--says "-- The session was restarted.*\n\\(.*\n\\)*In \\[1\\]: \\'")))

(ert-deftest inferior-goes-on-until-an-input-is-complete ()
  "RET begins the next line, indented, until the session says that the input is complete."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "for n in range(2):")
    (should (equal "for n in range(2):\n    " (inferior--typed)))
    (inferior--type "print('n', n)")
    (should (equal "for n in range(2):\n    print('n', n)\n    " (inferior--typed)))
    (inferior--type "")
    (inferior--says "In \\[1\\]: for n in range(2):\n    print('n', n)\nn 0\nn 1\nIn \\[2\\]: \\'")
    (inferior--in
      (goto-char (point-min))
      (search-forward "\n    print")
      (should (equal "   ...: " (substring-no-properties
                                 (get-text-property (point) 'line-prefix)))))
    (inferior--in
      (goto-char (point-max))
      (insert "x = 1")
      (vivo-inferior-newline)
      (insert "x + 1"))
    (inferior--type "")
    (inferior--says "Out\\[2\\]: 2\n")))

(ert-deftest inferior-runs-pasted-texts-whole ()
  "Several statements that were pasted are one cell; so are lines with prompts."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "def twice(x):\n    return 2 * x\n\ny = twice(4)\ny + 1\n")
    (inferior--says "y \\+ 1\nOut\\[1\\]: 9\nIn \\[2\\]: \\'")
    (inferior--type ">>> z = [\n...   1]\n>>> z * 2")
    (inferior--says "Out\\[2\\]: \\[1, 1\\]\n")))

(ert-deftest inferior-types-an-earlier-input-again ()
  "RET on an input types it again; C-c C-c gives up what is being typed."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "6 * 7")
    (inferior--says "In \\[2\\]: \\'")
    (inferior--in
      (goto-char (point-min))
      (search-forward "6 * ")
      (call-interactively #'vivo-inferior-return)
      (should (equal "6 * 7" (vivo-transcript-typed)))
      (vivo-inferior-interrupt)
      (should (equal "" (vivo-transcript-typed)))
      (should (string-match-p "In \\[2\\]: \\'" (inferior--text))))))

;;; History

(ert-deftest inferior-history-is-the-sessions ()
  "M-p goes through what all buffers ran, also in sessions before; a search finds the oldest."
  (vivo-tests--with-file "first = 'cell'\n"
    (inferior--open)
    (vivo-run-cell)
    (inferior--says "In \\[2\\]: \\'")
    (inferior--type "second = 'typed'")
    (inferior--says "In \\[3\\]: \\'")
    (inferior--in
      (goto-char (point-max))
      (comint-previous-input 1)
      (should (equal "second = 'typed'" (vivo-transcript-typed)))
      (comint-previous-input 1)
      (should (equal "first = 'cell'" (vivo-transcript-typed)))
      (comint-next-input 1)
      (should (equal "second = 'typed'" (vivo-transcript-typed)))
      (should (eq 'comint-history-isearch-backward-regexp (key-binding (kbd "M-r"))))
      (kill-buffer))
    (vivo-tests--end-sessions)
    (vivo-tests--wait "its end" (vivo-tests--state "ended"))
    (inferior--open)
    (vivo-tests--wait "the history"
      (inferior--in (member "first = 'cell'" (ring-elements comint-input-ring))))
    (let (offered)
      (cl-letf (((symbol-function 'completing-read)
                 (lambda (_prompt table &rest _)
                   (setq offered (all-completions "" table))
                   (car offered))))
        (inferior--in (vivo-inferior-search-history "cell"))
        (vivo-tests--wait "the search" offered))
      (should (equal '("first = 'cell'") offered))
      (should (equal "first = 'cell'" (inferior--typed))))))

;;; Questions

(ert-deftest inferior-input-is-answered-in-the-buffer ()
  "input() of what was typed there asks there; an empty line and the end of input are answers."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "[input('who? '), input()]")
    (inferior--says "who\\? \\'")
    (inferior--type "you")
    (vivo-tests--wait "the second question" (inferior--in vivo-inferior--question))
    (inferior--type "")
    (inferior--says "who\\? you\n\nOut\\[1\\]: \\['you', ''\\]\nIn \\[2\\]: \\'")
    (inferior--type "input('more? ')")
    (inferior--says "more\\? \\'")
    (inferior--in (goto-char (point-max)) (vivo-inferior-delete 1))
    (inferior--says "EOFError")
    (inferior--in
      (comint-previous-input 1)
      (should (equal "input('more? ')" (vivo-transcript-typed))))))

(ert-deftest inferior-password-is-read-in-the-minibuffer ()
  "And stands nowhere."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (cl-letf (((symbol-function 'read-passwd) (lambda (&rest _) "sesame")))
      (inferior--type "import getpass; len(getpass.getpass('word: '))")
      (inferior--says "Out\\[1\\]: 6\n"))
    (should-not (string-match-p "sesame" (inferior--text)))))

(ert-deftest inferior-debugger-asks-in-the-buffer ()
  "pdb's prompt is there for what was typed there, after an error too."
  (vivo-tests--with-file "def divide(n):\n    return 1 / n\n"
    (vivo-run-cell)
    (inferior--open)
    (inferior--type "divide(0)")
    (inferior--says "ZeroDivisionError.*\nIn \\[3\\]: \\'")
    (inferior--type "%debug")
    (inferior--says "db> \\'\\|(Pdb) \\'")
    (inferior--type "p n + 41")
    (inferior--says "\n41\n.*\\(db> \\|(Pdb) \\)\\'")
    (inferior--type "q")
    (inferior--says "In \\[4\\]: \\'")))

(ert-deftest inferior-question-goes-with-its-cell ()
  "An interrupt takes the question away; the prompt is there again, and what was typed."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "input('never? ')")
    (inferior--says "never\\? \\'")
    (inferior--in (vivo-inferior-interrupt))
    (inferior--says "KeyboardInterrupt\\(.*\n\\)*In \\[2\\]: \\'")
    (inferior--in (should-not vivo-inferior--question))))

;;; While something runs

(ert-deftest inferior-output-leaves-alone-what-is-typed ()
  "What comes while somebody types goes above; what is sent waits, and runs in its turn."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "import time, threading; go = threading.Event()")
    (inferior--says "In \\[2\\]: \\'")
    (inferior--type "for i in range(2):\n    print('line', i, flush=True); go.wait(60); go.clear()\n")
    (inferior--says "line 0\n")
    (inferior--in (goto-char (point-max)) (insert "'waits"))
    (inferior--type "'")
    (inferior--says "line 0\nIn \\[\\*\\]: 'waits'\n\\'")
    (inferior--in (goto-char (point-max)) (insert "half") (goto-char (- (point-max) 2)))
    (vivo-connection-run "interrupt" (list :uri (vivo-document-uri)))
    (inferior--says "In \\[4\\]: half\\'\\|In \\[3\\]: half\\'")
    (inferior--in (should (= (point) (- (point-max) 2))))
    (should (= 1 (inferior--count "'waits'")))))

(ert-deftest inferior-interrupts ()
  "C-c C-c interrupts what was typed."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "while True: pass\n")
    (vivo-tests--wait "busy" (inferior--in (equal "busy" vivo-inferior--state)))
    (inferior--in (vivo-inferior-interrupt))
    (inferior--says "KeyboardInterrupt\\(.*\n\\)*In \\[2\\]: \\'")))

(ert-deftest inferior-flood-is-bounded-and-fast ()
  "A flood keeps the buffer as large as the user lets it be; the last lines are there."
  (let ((vivo-inferior-maximum-size 20000))
    (vivo-tests--with-file "\n"
      (inferior--open)
      (let ((begun (float-time)))
        (inferior--type "for i in range(200_000): print('a line of some length', i)\n")
        (inferior--says "length 199999\nIn \\[2\\]: \\'")
        (should (< (- (float-time) begun) 30)))
      (should (<= (length (inferior--text)) 26000))
      (inferior--type "print('x' * 300_000)")
      (inferior--says "xxx\nIn \\[3\\]: \\'")
      (inferior--in
        (goto-char (point-min))
        (while (not (eobp))
          (end-of-line)
          (should (<= (- (point) (line-beginning-position)) 20000))
          (forward-line 1))))))

;;; What is shown

(ert-deftest inferior-shows-colours-and-lines-that-are-written-over ()
  "ANSI colours are faces; a carriage return begins the line anew; cleared and changed displays."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "print('\\x1b[31mred\\x1b[0m plain')")
    (inferior--says "\nred plain\n")
    (inferior--in
      (goto-char (point-min))
      (re-search-forward "^red")
      (should (get-text-property (1- (point)) 'font-lock-face))
      (should-not (get-text-property (+ 2 (point)) 'font-lock-face)))
    (inferior--type "import sys\nfor i in range(3): print(f'{i*50}%', end='\\r', flush=True)\nprint()")
    (inferior--says "\n100%\nIn \\[3\\]: \\'")
    (should-not (string-match-p "50%\r" (inferior--text)))
    (inferior--type
     "from IPython.display import display, clear_output\nh = display('before', display_id=True)\nh.update('after')")
    (inferior--says "'after'\nIn \\[4\\]: \\'")
    (should-not (string-match-p "'before'\n" (substring (inferior--text) -40)))
    (inferior--type "print('gone'); clear_output(); print('kept')")
    (inferior--says "\nkept\nIn \\[5\\]: \\'")
    (should-not (string-match-p "\ngone" (inferior--text)))
    (inferior--type "[list(range(40)), list(range(40))]")
    (inferior--says "Out\\[5\\]:\n\\[\\[0")
    (inferior--type "1 / 0")
    (inferior--says "ZeroDivisionError: division by zero\nIn \\[7\\]: \\'")))

(ert-deftest inferior-picture-is-told-in-a-terminal ()
  "Where no picture can be shown, a line tells of it and opens it."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "class P:\n    def _repr_png_(self): return b'\\x89PNG\\r\\n\\x1a\\n' + b'0' * 100\n\n")
    (inferior--says "In \\[2\\]: \\'")
    (inferior--type "P()")
    (inferior--says "\\[PNG, 108B?: RET opens it\\]\nIn \\[3\\]: \\'")
    (let (file)
      (inferior--in
        (goto-char (point-min))
        (search-forward "[PN")
        (cl-letf (((symbol-function 'kill-new) (lambda (text &rest _) (setq file text))))
          (call-interactively #'vivo-inferior-return)))
      (should (= 108 (file-attribute-size (file-attributes file))))
      (delete-file file))))

(ert-deftest inferior-echo-says-who-and-where ()
  "Cells are echoed with their place, cut if they are long; other clients' runs with their name."
  (let ((vivo-inferior-echo-lines 3))
    (vivo-tests--with-file "# %%\na = 1\nb = 2\nc = 3\nd = 4\n# %%\na + 1\n"
      (inferior--open)
      (vivo-run-all)
      (inferior--says "Out\\[2\\]: 2\nIn \\[3\\]: \\'")
      (should (string-match-p
               "-- cells.py:2\nIn \\[1\\]: a = 1\nb = 2\nc = 3\n# … 1 more lines\n"
               (inferior--text)))
      (let ((source (current-buffer)))
        (inferior--in
          (goto-char (point-min))
          (re-search-forward "^-- cells.py:7")
          (save-window-excursion
            (call-interactively #'vivo-inferior-return)
            (should (eq source (window-buffer)))
            (with-current-buffer source
              (should (= 7 (line-number-at-pos)))))))
      (let ((session (vivo-connection-session)))
        (with-temp-buffer
          (insert "other = a + 40; other\n")
          (call-process-region (point-min) (point-max)
                               (expand-file-name ".venv/bin/vivo" vivo-tests--root) nil t nil
                               "console" "--session" session)))
      (inferior--says "-- .*console.*\nIn \\[3\\]: other = a \\+ 40; other\nOut\\[3\\]: 41\n"))))

;;; Several buffers

(ert-deftest inferior-buffers-of-one-session-show-the-same ()
  "What is typed in one is echoed in the other, with its name; each has its own typing."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (let ((one (inferior--buffer)) two)
      (save-window-excursion
        (save-current-buffer (vivo-switch-to-inferior t))
        (setq two (inferior--buffer)))
      (should-not (eq one two))
      (should (equal (concat (buffer-name one) "<2>") (buffer-name two)))
      (with-current-buffer two
        (inferior--says "In \\[1\\]: \\'")
        (insert "half"))
      (with-current-buffer one
        (inferior--type "6 * 7")
        (inferior--says "\nIn \\[1\\]: 6 \\* 7\nOut\\[1\\]: 42\nIn \\[2\\]: \\'"))
      (with-current-buffer two
        (inferior--says (format "-- %s\nIn \\[1\\]: 6 \\* 7\nOut\\[1\\]: 42\nIn \\[2\\]: half\\'"
                                (regexp-quote (buffer-name one)))))
      (kill-buffer one)
      (with-current-buffer two
        (delete-region (vivo-transcript-input-start) (point-max))
        (inferior--type "_ + 1")
        (inferior--says "Out\\[2\\]: 43\n")))))

(ert-deftest inferior-buffers-of-two-sessions-are-apart ()
  "A buffer of another session knows that one's names alone; its end leaves the session."
  (vivo-tests--with-file "here = 1\n"
    (inferior--open)
    (vivo-run-cell)
    (inferior--says "In \\[2\\]: \\'")
    (let ((mine (inferior--buffer)) other)
      (cl-letf (((symbol-function 'completing-read) (lambda (&rest _) vivo-choose--new))
                ((symbol-function 'read-string) (lambda (&rest _) "apart")))
        (save-window-excursion
          (save-current-buffer (vivo-open-inferior))
          (vivo-tests--wait "the buffer" (setq other (get-buffer "*vivo: apart*")))))
      (with-current-buffer other
        (inferior--says "-- Session apart: .*\nIn \\[1\\]: \\'")
        (inferior--type "there = 2; 'here' in globals()")
        (inferior--says "Out\\[1\\]: False\n")
        (kill-buffer))
      (with-current-buffer mine
        (should-not (string-match-p "there = 2" (inferior--text))))
      (should (string-match-p "apart" (vivo-tests--vivo "sessions"))))))

(ert-deftest inferior-lives-without-its-source-buffer ()
  "The file may be closed: what is typed goes on, until the buffer is killed too."
  (vivo-tests--with-file "kept = 41\n"
    (vivo-run-cell)
    (inferior--open)
    (vivo-mode -1)
    (should (vivo-connection-all))
    (inferior--type "kept + 1")
    (inferior--says "Out\\[2\\]: 42\n")
    (inferior--in (kill-buffer))
    (should-not (vivo-connection-all))
    (should (string-match-p "idle" (vivo-tests--vivo "sessions")))))

;;; Losses

(ert-deftest inferior-shows-what-it-missed-once ()
  "A server that is killed while a cell prints: nothing is missing, nothing twice, and typing goes on."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "import time; name = input('who? ')\nfor i in range(30): print('tick', i, flush=True); time.sleep(0.05)\n")
    (inferior--says "who\\? \\'")
    (let ((old vivo-connection--mine))
      (signal-process (jsonrpc--process old) 'SIGKILL)
      (vivo-tests--wait "another server"
        (and (not (eq old vivo-connection--mine)) (vivo-connection-is-live)))
      (vivo-tests--wait "the question again" (inferior--in vivo-inferior--question))
      (inferior--type "me")
      (inferior--says "tick 3\n")
      (setq old vivo-connection--mine)
      (signal-process (jsonrpc--process old) 'SIGKILL)
      (vivo-tests--wait "a third server"
        (and (not (eq old vivo-connection--mine)) (vivo-connection-is-live))))
    (inferior--says "tick 29\nIn \\[2\\]: \\'")
    (dotimes (i 30)
      (should (= 1 (inferior--count (format "tick %d\n" i)))))
    (inferior--type "name")
    (inferior--says "In \\[2\\]: name\nOut\\[2\\]: 'me'\nIn \\[3\\]: \\'")
    (inferior--in
      (insert "na")
      (should (member "name" (all-completions "na" (nth 2 (vivo-inferior-completion))))))))

(ert-deftest inferior-outlives-its-session ()
  "A session that ends is told of; what is typed next starts another, in the same buffer."
  (vivo-tests--with-file "\n"
    (inferior--open)
    (inferior--type "6 * 7")
    (inferior--says "In \\[2\\]: \\'")
    (vivo-tests--end-sessions)
    (inferior--says "-- The session has ended.*\nIn \\[ \\]: \\'")
    (inferior--type "6 * 8")
    (inferior--says "In \\[1\\]: 6 \\* 8\nOut\\[1\\]: 48\nIn \\[2\\]: \\'")
    (should (= 1 (cl-count-if (lambda (buffer) (string-prefix-p "*vivo: " (buffer-name buffer)))
                              (buffer-list))))))

(ert-deftest inferior-eldoc-and-inspector-know-what-is-typed ()
  "eldoc tells of the object at point; C-c C-d inspects it, also in an earlier input."
  (vivo-tests--with-file "radius = [1, 2]\n"
    (vivo-run-cell)
    (inferior--open)
    (inferior--in
      (insert "len(radius")
      (backward-char)
      (let (told)
        (vivo-inferior-eldoc (lambda (text &rest _) (setq told (or text "nothing"))))
        (vivo-tests--wait "the documentation" told)
        (should (equal "list length 2 = [1, 2]" (substring-no-properties told))))
      (unwind-protect
          (save-window-excursion
            (vivo-inferior-inspect)
            (vivo-tests--wait "the object"
              (with-current-buffer "*vivo inspector*"
                (string-match-p "Type +list" (buffer-string))))
            (with-current-buffer "*vivo inspector*" (let ((inhibit-read-only t)) (erase-buffer)))
            (goto-char (point-min))
            (search-forward "radi")
            (vivo-inferior-inspect)
            (vivo-tests--wait "it again"
              (with-current-buffer "*vivo inspector*"
                (string-match-p "Type +list" (buffer-string)))))
        (kill-buffer "*vivo inspector*")))))

(provide 'inferior-tests)
;;; inferior-tests.el ends here
