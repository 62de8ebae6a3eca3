;;; vivo-sessions.el --- The sessions of this machine  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A list of the sessions of this machine, to be restarted and ended.  The
;; server does all of it.

;;; Code:

(require 'tabulated-list)
(require 'vivo-connection)
(require 'vivo-document)

(defvar-local vivo-sessions--source nil "The buffer by whose connection the list is asked for.")

(defun vivo-sessions--ask (name argument show)
  "Run the server's command NAME with ARGUMENT.
SHOW is called with its result, in this list."
  (unless (buffer-live-p vivo-sessions--source)
    (user-error "The buffer that this list was opened from is gone: open it from another one"))
  (let ((list (current-buffer)))
    (with-current-buffer vivo-sessions--source
      (vivo-connection-run
       name argument
       (lambda (result)
         (when (buffer-live-p list)
           (with-current-buffer list (funcall show result))))))))

(defun vivo-sessions--run (name argument)
  "Run the server's command NAME with ARGUMENT; then show the list again."
  (vivo-sessions--ask name argument (lambda (_) (revert-buffer))))

(defun vivo-sessions--open (name mode)
  "Show the list NAME in MODE, opened from the current buffer."
  (vivo-connection-current)
  (let ((source (current-buffer))
        (list (get-buffer-create name)))
    (with-current-buffer list
      (unless (derived-mode-p mode) (funcall mode))
      (setq vivo-sessions--source source)
      (revert-buffer))
    (pop-to-buffer list)))

(defun vivo-sessions--size (bytes)
  "BYTES as people read them, or nothing."
  (if bytes (file-size-human-readable bytes 'iec) ""))

(defun vivo-sessions--state (state)
  "STATE in its colour."
  (propertize state 'face (pcase state
                            ((or "busy" "starting" "silent") 'warning)
                            ((or "idle" "up") 'success)
                            (_ 'shadow))))

;;; Sessions

(defvar vivo-sessions-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map "R" #'vivo-sessions-restart)
    (define-key map "k" #'vivo-sessions-end)
    map)
  "Keys of the list of sessions.")

(define-derived-mode vivo-sessions-mode tabulated-list-mode "vivo-sessions"
  "The sessions of this machine."
  (setq tabulated-list-format [("Name" 18 t) ("State" 9 t) ("Queue" 5 nil) ("Python" 8 t)
                               ("Memory" 9 nil :right-align t) ("Folder" 0 t)]
        tabulated-list-padding 1
        mode-line-process "  R restart  k end  g again")
  (setq-local revert-buffer-function (lambda (&rest _) (vivo-sessions-refresh)))
  (tabulated-list-init-header))

;;;###autoload
(defun vivo-sessions ()
  "List the sessions of this machine."
  (interactive)
  (vivo-sessions--open "*vivo sessions*" 'vivo-sessions-mode))

(defun vivo-sessions-entry (session)
  "SESSION, as the server tells of it, as an entry of the list."
  (list (plist-get session :sessionId)
        (vector (plist-get session :name)
                (vivo-sessions--state (plist-get session :state))
                (number-to-string (or (plist-get session :queued) 0))
                (plist-get session :pythonVersion)
                (vivo-sessions--size (plist-get session :memory))
                (abbreviate-file-name (plist-get session :cwd)))))

(defun vivo-sessions-refresh ()
  "Ask for the sessions again."
  (vivo-sessions--ask
   "sessions" (make-hash-table)
   (lambda (result)
     (setq tabulated-list-entries (mapcar #'vivo-sessions-entry (plist-get result :sessions)))
     (tabulated-list-print t))))

(defun vivo-sessions--id ()
  "The session at point."
  (or (tabulated-list-get-id) (user-error "There is no session on this line")))

(defun vivo-sessions-restart ()
  "Start a fresh engine in the session at point; its variables are gone."
  (interactive)
  (vivo-sessions--run "restart" (list :sessionId (vivo-sessions--id))))

(defun vivo-sessions-end ()
  "End the session at point, after asking."
  (interactive)
  (let ((id (vivo-sessions--id)))
    (when (y-or-n-p (format "End %s and lose its variables? " (aref (tabulated-list-get-entry) 0)))
      (vivo-sessions--run "endSession" (list :sessionId id)))))

(provide 'vivo-sessions)
;;; vivo-sessions.el ends here
