;;; checks.el --- checkdoc and package-lint on the package  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by checks.sh in the folder of the package; ends with status 1 if there is anything to say.

;;; Code:

(require 'checkdoc)
(require 'package-lint)

(defvar vivo-checks--said 0 "How many things there were to say.")

(defun vivo-checks--say (file line text)
  "Say TEXT of FILE at LINE."
  (setq vivo-checks--said (1+ vivo-checks--said))
  (message "%s:%s: %s" file line text))

(defun vivo-checks--file (file)
  "Check FILE."
  (with-current-buffer (find-file-noselect file)
    (let ((checkdoc-create-error-function
           (lambda (text start _end &optional _unfixable)
             (vivo-checks--say file (and start (line-number-at-pos start)) text)
             nil))
          (checkdoc-spellcheck-documentation-flag nil)
          ;; Experimental: it takes any third person of a first line for its verb.
          (checkdoc-verb-check-experimental-flag nil)
          (package-lint-main-file (expand-file-name "vivo.el")))
      (checkdoc-current-buffer t)
      (pcase-dolist (`(,line ,_column ,_kind ,text) (package-lint-buffer))
        (vivo-checks--say file line text)))
    (kill-buffer)))

(defun vivo-checks-run ()
  "Check every file of the folder."
  (setq package-user-dir (make-temp-file "vp" t))
  (unwind-protect
      (mapc #'vivo-checks--file (directory-files "." nil "\\`vivo.*\\.el\\'"))
    (delete-directory package-user-dir t))
  (message "checkdoc and package-lint: %d complaints" vivo-checks--said)
  (kill-emacs (if (zerop vivo-checks--said) 0 1)))

;;; checks.el ends here
