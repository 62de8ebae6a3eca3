;;; errors-tests.el --- Errors of cells in the source, in a real Emacs  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)

(defun errors-tests--line ()
  "The line that point is on."
  (line-number-at-pos nil t))

(ert-deftest errors-are-gone-through-by-keys-and-by-next-error ()
  "Each failing line is underlined; commands and `next-error' go from one to the next."
  (vivo-tests--with-file "# %%\n1 / 0\n# %%\nok = 1\n# %%\nint('x')\n"
    (let ((vivo-stop-on-error nil))
      (vivo-connection--configure)
      (vivo-run-all)
      (vivo-tests--wait "the errors" (= 2 (length (vivo-errors-places)))))
    (should (eq 'vivo-error (get-char-property (car (vivo-errors-places)) 'face)))
    (goto-char (point-min))
    (vivo-next-error)
    (should (= 2 (errors-tests--line)))
    (vivo-next-error)
    (should (= 6 (errors-tests--line)))
    (should-error (vivo-next-error) :type 'user-error)
    (vivo-previous-error)
    (should (= 2 (errors-tests--line)))
    (goto-char (point-min))
    (next-error 1 t)
    (should (= 2 (errors-tests--line)))
    (next-error)
    (should (= 6 (errors-tests--line)))
    (previous-error)
    (should (= 2 (errors-tests--line)))))

(ert-deftest errors-lead-to-their-frames ()
  "An error tells its frames, with the variables there; its traceback is copied."
  (vivo-tests--with-file "# %%\ndef half(number):\n    return number / 0\n# %%\nhalf(7)\n"
    (vivo-run-all)
    (vivo-tests--wait "the error" (vivo-errors-places))
    (vivo-tests--wait "the variables"
      (cl-some (lambda (label) (string-search "number = 7" label)) (vivo-tests--labels)))
    (vivo-next-error)
    (should (= 5 (errors-tests--line)))
    (let ((told (vivo-errors-told (overlay-get (car (vivo-display-overlays 'error))
                                               'vivo-diagnostic))))
      (should (string-search "ZeroDivisionError" told))
      (should (string-search "in half, cells.py:3" told)))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt frames &rest _)
                 (car (cl-find-if (lambda (each) (string-search "half" (car each))) frames)))))
      (save-window-excursion
        (switch-to-buffer (current-buffer))
        (vivo-visit-frame))
      (should (= 3 (errors-tests--line))))
    (goto-char (car (vivo-errors-places)))
    (vivo-copy-traceback)
    (vivo-tests--wait "the traceback"
      (and kill-ring (string-search "Traceback" (car kill-ring))))))

(ert-deftest errors-are-listed-by-flymake-beside-its-own ()
  "With `flymake-mode' on, the errors of cells are among its diagnostics, and go when they do."
  (vivo-tests--with-file "# %%\n1 / 0\n"
    (let ((flymake-no-changes-timeout 0.1)
          (flymake-start-on-flymake-mode t))
      (remove-hook 'flymake-diagnostic-functions #'python-flymake t)
      (flymake-mode 1)
      (vivo-run-cell)
      (vivo-tests--wait "flymake's diagnostic"
        (flymake-start)
        (cl-some (lambda (each) (string-search "ZeroDivisionError" (flymake-diagnostic-text each)))
                 (flymake-diagnostics)))
      (vivo-clear)
      (vivo-tests--wait "no diagnostic" (null (flymake-diagnostics)))
      (should-not (vivo-errors-places)))))

(ert-deftest errors-of-warnings-are-shown-as-such ()
  "A warning of a cell stands on its line, and is no error to go to."
  (vivo-tests--with-file "# %%\nimport warnings\nwarnings.warn('careful')\n"
    (vivo-run-cell)
    (vivo-tests--wait "the warning" (vivo-display-overlays 'warning))
    (should (string-search "! UserWarning: careful"
                           (overlay-get (car (vivo-display-overlays 'warning)) 'after-string)))
    (should-error (vivo-next-error) :type 'user-error)))

;;; errors-tests.el ends here
