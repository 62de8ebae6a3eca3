;;; vivo-sessions.el --- The sessions of this machine  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A list of the sessions of this machine, to be started, interrupted,
;; restarted and ended, with what each did and logged.  The server does all of
;; it, and tells when to ask again.

;;; Code:

(require 'tabulated-list)
(require 'vivo-connection)
(require 'vivo-document)
(require 'vivo-pages)

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
    (define-key map (kbd "RET") #'vivo-sessions-transcript)
    (define-key map "s" #'vivo-sessions-start)
    (define-key map "u" #'vivo-sessions-use)
    (define-key map "i" #'vivo-sessions-interrupt)
    (define-key map "R" #'vivo-sessions-restart)
    (define-key map "N" #'vivo-sessions-rename)
    (define-key map "t" #'vivo-sessions-transcript)
    (define-key map "l" #'vivo-sessions-log)
    (define-key map "k" #'vivo-sessions-end)
    map)
  "Keys of the list of sessions.")

(define-derived-mode vivo-sessions-mode tabulated-list-mode "vivo-sessions"
  "The sessions of this machine."
  (setq tabulated-list-format [("Name" 18 t) ("State" 9 t) ("Queue" 5 nil) ("Python" 8 t)
                               ("Memory" 9 nil :right-align t) ("Who" 16 nil) ("Folder" 0 t)]
        tabulated-list-padding 1
        mode-line-process
        "  s start  u use  i interrupt  R restart  k end  t transcript  l log  g again")
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
                (mapconcat #'identity (plist-get session :people) ", ")
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

(defun vivo-sessions-start (name)
  "Start a session with NAME, which serves the buffer of this list from now on."
  (interactive (list (read-string "Name of the new session (empty: as the folder): ")))
  (vivo-sessions--serve (append '(:new t) (unless (string-empty-p name) (list :name name)))))

(defun vivo-sessions-use ()
  "Let the session at point serve the buffer of this list."
  (interactive)
  (vivo-sessions--serve (list :sessionId (vivo-sessions--id))))

(defun vivo-sessions--serve (choice)
  "Let the session of CHOICE serve the buffer of this list."
  (let ((source vivo-sessions--source))
    (vivo-sessions--ask
     "useSession" (append (list :uri (with-current-buffer source (vivo-document-uri))) choice)
     (lambda (result)
       (message "vivo: session %s serves %s now"
                (plist-get (plist-get result :session) :name) (buffer-name source))
       (revert-buffer)))))

(defun vivo-sessions-interrupt (&optional force)
  "Interrupt what runs in the session at point.
With a prefix argument FORCE, end its process if that does not help."
  (interactive "P")
  (vivo-sessions--ask
   "interrupt" (list :sessionId (vivo-sessions--id) :force (if force t :json-false))
   (lambda (result)
     (message "vivo: %s" (pcase (plist-get result :outcome)
                           ("idle" "nothing runs there")
                           ("engine_ended" "its process was ended: R starts a fresh one")
                           (outcome outcome)))
     (revert-buffer))))

(defun vivo-sessions-rename (name)
  "Give the session at point another NAME."
  (interactive (list (read-string "New name: " (progn (vivo-sessions--id)
                                                      (aref (tabulated-list-get-entry) 0)))))
  (vivo-sessions--run "renameSession" (list :sessionId (vivo-sessions--id) :name name)))

(defun vivo-sessions--show (scheme)
  "Show the server's document of SCHEME about the session at point, at its end."
  (let ((uri (concat scheme ":/" (vivo-sessions--id)))
        (connection (with-current-buffer vivo-sessions--source (vivo-connection-current))))
    (vivo-pages-buffer connection uri
                       (lambda (buffer)
                         (pop-to-buffer buffer)
                         (goto-char (point-max))))))

(defun vivo-sessions-transcript ()
  "Show what the session at point was given and what it showed."
  (interactive)
  (vivo-sessions--show "vivo-transcript"))

(defun vivo-sessions-log ()
  "Show the log of the session at point: what went wrong there."
  (interactive)
  (vivo-sessions--show "vivo-log"))

(defun vivo-sessions-end ()
  "End the session at point, after asking."
  (interactive)
  (let ((id (vivo-sessions--id)))
    (when (y-or-n-p (format "End %s and lose its variables? " (aref (tabulated-list-get-entry) 0)))
      (vivo-sessions--run "endSession" (list :sessionId id)))))

;;; Changes

(defvar-local vivo-sessions--timer nil
  "The timer after which this list is asked for again.")

(defun vivo-sessions--changed (connection _params)
  "Ask again, soon, for the lists that were opened through CONNECTION."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (derived-mode-p 'vivo-sessions-mode)
                 (null vivo-sessions--timer)
                 (buffer-live-p vivo-sessions--source)
                 (eq connection (buffer-local-value 'vivo-connection--mine vivo-sessions--source)))
        ;; Several changes in a moment are one.
        (setq vivo-sessions--timer (run-at-time 0.2 nil #'vivo-sessions--again buffer))))))

(defun vivo-sessions--again (list)
  "Ask again for LIST, if it is still there."
  (when (buffer-live-p list)
    (with-current-buffer list
      (setq vivo-sessions--timer nil)
      (when (and (buffer-live-p vivo-sessions--source)
                 (with-current-buffer vivo-sessions--source (vivo-connection-is-live)))
        (revert-buffer)))))

(vivo-connection-on 'vivo/status #'vivo-sessions--changed)
(vivo-connection-on 'vivo/queue #'vivo-sessions--changed)
(vivo-connection-on 'vivo/presence #'vivo-sessions--changed)

(provide 'vivo-sessions)
;;; vivo-sessions.el ends here
