;;; sessions-tests.el --- The list of sessions, with the real server  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'helpers)
(require 'vivo-sessions)

(ert-deftest vivo-session-is-listed-and-ended ()
  "The list shows the buffer's session; k ends it, after asking."
  (unwind-protect
      (vivo-tests--with-file "6 * 7\n"
        (vivo-run-region (point-min) (point-max))
        (vivo-tests--wait "the value" (vivo-tests--labels))
        (save-current-buffer
          (vivo-sessions)
          (with-current-buffer "*vivo sessions*"
            (vivo-tests--wait "the session" (= 1 (length tabulated-list-entries)))
            (vivo-tests--wait "who is there"
              (equal "Emacs vivo" (aref (cadr (car tabulated-list-entries)) 5)))
            (goto-char (point-min))
            (should (tabulated-list-get-id))
            (cl-letf (((symbol-function 'y-or-n-p) #'always))
              (vivo-sessions-end))
            (vivo-tests--wait "its end"
              (not (cl-find-if (lambda (entry)
                                 (member (substring-no-properties (aref (cadr entry) 1))
                                         '("idle" "busy")))
                               tabulated-list-entries))))))
    (when (get-buffer "*vivo sessions*") (kill-buffer "*vivo sessions*"))))

(defun sessions-tests--states ()
  "The states of the sessions in the list."
  (mapcar (lambda (entry) (substring-no-properties (aref (cadr entry) 1)))
          (buffer-local-value 'tabulated-list-entries (get-buffer "*vivo sessions*"))))

(defun sessions-tests--shown (pattern)
  "The text of the buffer whose name PATTERN matches, or nothing."
  (let ((buffer (cl-find-if (lambda (each) (string-match-p pattern (buffer-name each)))
                            (buffer-list))))
    (if buffer (with-current-buffer buffer (buffer-string)) "")))

(ert-deftest vivo-session-is-started-interrupted-restarted-and-read-by-keys ()
  "The list follows the sessions by itself; a transcript tells what one did."
  (unwind-protect
      (vivo-tests--with-file "# %%\nprint('hello')\n# %%\nwhile True: pass\n"
        (let ((source (current-buffer)))
          (save-current-buffer
            (vivo-sessions)
            (with-current-buffer "*vivo sessions*"
              (vivo-sessions-start "work")
              (vivo-tests--wait "the new session" (equal '("idle") (sessions-tests--states)))
              (should (equal "work" (aref (cadar tabulated-list-entries) 0)))
              (with-current-buffer source
                (vivo-run-cell)
                (vivo-tests--go "while")
                (vivo-run-cell))
              (vivo-tests--wait "its work" (equal '("busy") (sessions-tests--states)))
              (goto-char (point-min))
              (vivo-sessions-interrupt)
              (vivo-tests--wait "its rest" (equal '("idle") (sessions-tests--states)))
              (save-current-buffer (vivo-sessions-transcript))
              (vivo-tests--wait "the transcript"
                (string-match-p "In \\[1\\]:.*\n    print('hello')\nhello\n\\(.\\|\n\\)*KeyboardInterrupt"
                                (sessions-tests--shown "vivo-transcript")))
              (save-current-buffer (vivo-sessions-log))
              (vivo-tests--wait "the log" (not (string-empty-p (sessions-tests--shown "vivo-log"))))
              (let ((status (vivo-tests--vivo "sessions")))
                (vivo-sessions-restart)
                (vivo-tests--wait "a fresh engine"
                  (and (equal '("idle") (sessions-tests--states))
                       (not (equal status (vivo-tests--vivo "sessions"))))))
              (vivo-sessions-rename "play")
              (vivo-tests--wait "the other name"
                (equal "play" (aref (cadar tabulated-list-entries) 0)))))))
    (dolist (buffer (buffer-list))
      (when (string-match-p "\\`\\*vivo[ -]\\(sessions\\|transcript\\|log\\)" (buffer-name buffer))
        (kill-buffer buffer)))))

;;; Another host, by ssh.

(defmacro sessions-tests--with-far-host (&rest body)
  "Run BODY while the user's ssh reaches the host alpha, an sshd of the test's own."
  (let ((folder (make-symbol "folder")) (host (make-symbol "host")) (told (make-symbol "told")))
    `(let* ((,folder (make-temp-file "vh" t))
            (,told "")
            (default-directory vivo-tests--root)
            (,host (make-process
                    :name "alpha" :connection-type 'pipe :noquery t
                    :command (list (expand-file-name ".venv/bin/python" vivo-tests--root)
                                   "-m" "tests.cluster.far_host" ,folder)
                    :filter (lambda (_process text) (setq ,told (concat ,told text))))))
       (unwind-protect
           (progn
             (vivo-tests--wait "the other host" (string-suffix-p "\n" ,told))
             (let ((process-environment
                    (cons (format "PATH=%s:%s" (string-trim ,told) (getenv "PATH"))
                          process-environment)))
               ,@body))
         (process-send-eof ,host)
         (vivo-tests--wait "its end" (not (process-live-p ,host)))
         (delete-directory ,folder t)))))

(defun sessions-tests--choose (choice &optional address starts)
  "Choose the session CHOICE; at ADDRESS, where it STARTS or is there already."
  (let (message-told)
    (cl-letf (((symbol-function 'completing-read) (lambda (&rest _) choice))
              ((symbol-function 'read-string) (lambda (&rest _) address))
              ((symbol-function 'y-or-n-p) (lambda (&rest _) starts))
              ((symbol-function 'message)
               (lambda (text &rest values) (when text (setq message-told (apply #'format text values))))))
      (vivo-choose-session)
      (vivo-tests--wait "the answer" (and message-told (string-match-p "\\`vivo: " message-told)))
      message-told)))

(defun sessions-tests--value ()
  "Run the buffer; what its last statement's value is."
  (vivo-clear)
  (vivo-tests--wait "no value" (not (vivo-tests--labels)))
  (vivo-run-region (point-min) (point-max))
  (vivo-tests--wait "the value" (car (last (vivo-tests--labels)))))

(ert-deftest vivo-session-of-another-host-is-started-and-found-again ()
  "Cells run there; the file goes back, and finds that session by its host; a wrong host is said."
  (unwind-protect
      (sessions-tests--with-far-host
       (vivo-tests--with-file "import os\nos.environ['HOME'].endswith('/there')\n"
         (should (equal "⟶ False" (sessions-tests--value)))
         (should (string-match-p "serves now" (sessions-tests--choose vivo-choose--host "alpha" t)))
         (should (equal "⟶ True" (sessions-tests--value)))
         (save-current-buffer
           (vivo-sessions)
           (with-current-buffer "*vivo sessions*"
             (vivo-tests--wait "its place"
               (cl-some (lambda (entry)
                          (cl-some (lambda (cell) (string-match-p " on alpha" (format "%s" cell)))
                                   (cadr entry)))
                        tabulated-list-entries))))
         (sessions-tests--choose vivo-choose--settings)
         (should (equal "⟶ False" (sessions-tests--value)))
         (should (string-match-p "serves now" (sessions-tests--choose vivo-choose--host "ssh://alpha")))
         (should (equal "⟶ True" (sessions-tests--value)))
         (should (string-match-p "nowhere.invalid"
                                 (sessions-tests--choose vivo-choose--host "nowhere.invalid" t)))
         (should (equal "⟶ True" (sessions-tests--value)))))
    (when (get-buffer "*vivo sessions*") (kill-buffer "*vivo sessions*"))))

(provide 'sessions-tests)
;;; sessions-tests.el ends here
