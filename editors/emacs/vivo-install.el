;;; vivo-install.el --- Install vivo's server for those who have none  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; pip installs vivo into an environment of its own, which is found there
;; from then on: no project and no other environment is changed.  In a
;; buffer of another host it is installed there.

;;; Code:

(require 'vivo-connection)

(defcustom vivo-install-package "vivo"
  "What pip installs: a name with or without a version, a file, a folder."
  :type 'string
  :risky t
  :group 'vivo)

(defcustom vivo-install-python "python3"
  "The Python, 3.11 or newer, that vivo itself runs on."
  :type 'string
  :risky t
  :group 'vivo)

(defvar vivo-install--process nil
  "The installation that runs, or nil.")

(defun vivo-install (&optional sure)
  "Install vivo into an environment of its own, `vivo-install-folder'.
It is asked about first, unless SURE.  The buffers that wait for it are
connected when it is there."
  (interactive)
  (when (process-live-p vivo-install--process)
    (user-error "Vivo is being installed: see the buffer %s" (vivo-install--buffer-name)))
  (let* ((remote (file-remote-p default-directory))
         (folder (concat remote vivo-install-folder)))
    (unless (executable-find vivo-install-python t)
      (user-error "There is no %s here: install Python 3.11 or newer, or set vivo-install-python"
                  vivo-install-python))
    (unless (or sure (y-or-n-p (format "Install %s with pip into %s? " vivo-install-package folder)))
      (user-error "Nothing was installed"))
    (make-directory (file-name-directory (directory-file-name (expand-file-name folder))) t)
    (vivo-install--run remote (file-local-name (expand-file-name folder)))))

(defun vivo-install--buffer-name ()
  "The buffer that shows what pip says."
  "*vivo install*")

(defun vivo-install--run (remote folder)
  "Install into FOLDER of the host REMOTE, or of this one."
  (let* ((default-directory (or (and remote (concat remote "/")) (expand-file-name "~/")))
         (python (concat folder (if (eq system-type 'windows-nt) "/Scripts/python" "/bin/python")))
         (buffer (get-buffer-create (vivo-install--buffer-name)))
         (inhibit-read-only t))
    (with-current-buffer buffer
      (setq default-directory default-directory)
      (erase-buffer)
      (special-mode))
    (display-buffer buffer)
    (message "vivo: installing into %s…" folder)
    (vivo-install--step
     buffer (list vivo-install-python "-m" "venv" "--clear" folder)
     (lambda ()
       (vivo-install--step
        buffer (list python "-m" "pip" "install" "--disable-pip-version-check"
                     "--progress-bar" "off" vivo-install-package)
        (lambda () (vivo-install--done remote folder)))))))

(defun vivo-install--step (buffer command next)
  "Run COMMAND, showing in BUFFER what it says; then call NEXT."
  (let ((inhibit-read-only t))
    (with-current-buffer buffer
      (goto-char (point-max))
      (insert "$ " (mapconcat #'shell-quote-argument command " ") "\n")))
  (setq vivo-install--process
        (make-process
         :name "vivo-install" :buffer buffer :command command :noquery t :file-handler t
         :connection-type 'pipe
         :filter (lambda (process text)
                   (when (buffer-live-p (process-buffer process))
                     (with-current-buffer (process-buffer process)
                       (let ((inhibit-read-only t))
                         (goto-char (point-max))
                         (insert text)))
                     (vivo-install--progress text)))
         :sentinel (lambda (process _)
                     (unless (process-live-p process)
                       (if (zerop (process-exit-status process))
                           (funcall next)
                         (vivo-install--failed process)))))))

(defun vivo-install--progress (text)
  "Tell the last line of TEXT in the echo area."
  (let ((line (car (last (split-string text "\n" t "[ \t\r]+")))))
    (when line (message "vivo: %s" (truncate-string-to-width line 100 nil nil "…")))))

(defun vivo-install--failed (process)
  "Tell that PROCESS has failed, and what it said last."
  (pop-to-buffer (process-buffer process))
  (goto-char (point-max))
  (message "vivo: it was not installed, as %s tells.  M-x vivo-install tries again"
           (vivo-install--buffer-name)))

(defun vivo-install--done (remote folder)
  "Connect the buffers of the host REMOTE that waited for what is in FOLDER now."
  (message "vivo: installed into %s" folder)
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (bound-and-true-p vivo-mode) vivo-connection--problem
                 (equal remote (file-remote-p default-directory)))
        (vivo-connection-open-buffer)
        (force-mode-line-update)))))

(provide 'vivo-install)
;;; vivo-install.el ends here
