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

(provide 'sessions-tests)
;;; sessions-tests.el ends here
