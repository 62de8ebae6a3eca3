;;; helpers.el --- What the tests of the Emacs package share  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'ert)
(require 'cl-lib)
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
  `(vivo-tests--until 60 ,what (lambda () ,@body)))

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
          ;; These are for people who type; a machine that does much else takes longer.
          (vivo-deadline 10)
          (vivo-connection-patience 30)
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

(defun vivo-tests--state (state)
  "Whether the buffer's session is in STATE."
  (equal state (plist-get (vivo-connection-buffer-status) :state)))

(defun vivo-tests--go (text &optional back)
  "Go behind TEXT, searched from the beginning, or BACK characters before that."
  (goto-char (point-min))
  (search-forward text)
  (backward-char (or back 0)))

(defun vivo-tests--wheel (folder)
  "A wheel of this project, built into FOLDER without asking any index."
  (with-temp-buffer
    (unless (zerop (call-process (expand-file-name ".venv/bin/python" vivo-tests--root) nil t nil
                                 "-m" "pip" "wheel" "--quiet" "--no-deps" "--disable-pip-version-check"
                                 "-w" folder vivo-tests--root))
      (error "The wheel is not built: %s" (buffer-string))))
  (car (directory-files folder t "\\.whl\\'")))

(provide 'helpers)
;;; helpers.el ends here
