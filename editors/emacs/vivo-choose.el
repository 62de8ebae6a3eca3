;;; vivo-choose.el --- Sessions and interpreters, chosen  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Which session serves a buffer, and which Python it runs.  The choice is
;; kept with the session: for every editor, and after a restart.

;;; Code:

(require 'vivo-connection)

(defconst vivo-choose--new "a new session" "The entry for a session that is started.")
(defconst vivo-choose--settings "as the settings say" "The entry that forgets a choice.")

(defconst vivo-choose--host "a session on another host"
  "The entry for a session that another host has, or is to have.")

(defun vivo-choose-place (session)
  "The folder of SESSION, with its host if that is another one."
  (let ((host (plist-get session :host)))
    (if host
        (format "%s on %s" (plist-get session :cwd) host)
      (abbreviate-file-name (plist-get session :cwd)))))

(defun vivo-choose--name (session)
  "How SESSION is listed."
  (format "%s  %s, Python %s, %s  [%s]" (plist-get session :name) (plist-get session :state)
          (plist-get session :pythonVersion)
          (vivo-choose-place session)
          (substring (plist-get session :sessionId) 0
                     (min 8 (length (plist-get session :sessionId))))))

(defun vivo-choose-with-sessions (done)
  "Call DONE with the sessions of the buffer's host: names and what is known."
  (vivo-connection-run
   "sessions" (make-hash-table)
   (lambda (result)
     ;; Not inside of the process filter: DONE may read from the minibuffer.
     (run-at-time 0 nil done (mapcar (lambda (session) (cons (vivo-choose--name session) session))
                                     (plist-get result :sessions))))))

(defun vivo-choose--mine (sessions)
  "The name of the buffer's own among SESSIONS, or nil."
  (let ((id (vivo-connection-session)))
    (car (cl-find-if (lambda (each) (equal id (plist-get (cdr each) :sessionId))) sessions))))

(defun vivo-choose--read (prompt sessions &optional more)
  "Read with PROMPT one of SESSIONS or of MORE; its name."
  (completing-read prompt (append (mapcar #'car sessions) more) nil t nil nil
                   (or (vivo-choose--mine sessions) (car more))))

(defun vivo-choose-session (&optional folder)
  "Choose the session that serves this buffer.
With a prefix argument FOLDER, that of its whole folder."
  (interactive "P")
  (let ((buffer (current-buffer))
        (scope (if folder "folder" "document")))
    (vivo-choose-with-sessions
     (lambda (sessions)
       (with-current-buffer buffer
         (let* ((serving (cl-remove-if-not
                          (lambda (each) (member (plist-get (cdr each) :state)
                                                 '("starting" "idle" "busy" "away")))
                          sessions))
                (chosen (vivo-choose--read "Session: " serving
                                           (list vivo-choose--new vivo-choose--host
                                                 vivo-choose--settings)))
                (choice (cond
                         ((equal chosen vivo-choose--new)
                          (let ((name (read-string "Name (empty: as the folder): ")))
                            (append '(:new t)
                                    (unless (string-empty-p name) (list :name name)))))
                         ((equal chosen vivo-choose--host) (vivo-choose--read-host))
                         ((equal chosen vivo-choose--settings) nil)
                         (t (list :sessionId
                                  (plist-get (cdr (assoc chosen serving)) :sessionId))))))
           (vivo-choose--use (append (list :uri (vivo-document-uri) :scope scope) choice))))))))

(defun vivo-choose--read-host ()
  "Read a host, and whether a session is to be started there; the choice of it."
  (let* ((told (string-trim (read-string "Host, as ssh knows it (HOST or ssh://USER@HOST/ID): ")))
         (address (if (string-prefix-p "ssh://" told) told (concat "ssh://" told))))
    (if (y-or-n-p "Start a new session there? ")
        (list :new t :on address)
      (list :sessionId address))))

(defun vivo-choose--use (choice)
  "Let the server follow CHOICE, and tell which session serves now."
  (let ((connection (vivo-connection-current)))
    (vivo-connection-run
     "useSession" choice
     (lambda (result)
       (let ((session (plist-get result :session)))
         (if (null session)
             (remhash (plist-get choice :uri) (vivo-connection-sessions connection))
           (puthash (plist-get choice :uri) (plist-get session :sessionId)
                    (vivo-connection-sessions connection)))
         (force-mode-line-update t)
         (message "vivo: %s" (if session (format "session %s serves now" (plist-get session :name))
                               "the next cell starts a session")))))))

(defun vivo-choose--one (prompt done)
  "Read a session with PROMPT and call DONE with what is known of it."
  (let ((buffer (current-buffer)))
    (vivo-choose-with-sessions
     (lambda (sessions)
       (with-current-buffer buffer
         (if (null sessions)
             (message "vivo: no session runs: C-c C-c runs a cell and starts one")
           (funcall done (cdr (assoc (vivo-choose--read prompt sessions) sessions)))))))))

(defun vivo-rename-session ()
  "Give a session another name."
  (interactive)
  (vivo-choose--one
   "Rename session: "
   (lambda (session)
     (vivo-connection-run
      "renameSession" (list :sessionId (plist-get session :sessionId)
                            :name (read-string "New name: " (plist-get session :name)))
      (lambda (renamed) (message "vivo: it is called %s now" (plist-get renamed :name)))))))

(defun vivo-end-session ()
  "End a session and its processes; its variables are gone."
  (interactive)
  (vivo-choose--one
   "End session: "
   (lambda (session)
     (when (yes-or-no-p (format "End session %s and lose its variables? "
                                (plist-get session :name)))
       (vivo-connection-run
        "endSession" (list :sessionId (plist-get session :sessionId))
        (lambda (_) (message "vivo: session %s has ended" (plist-get session :name))))))))

;;; Interpreters

(defun vivo-choose--interpreter-name (interpreter)
  "How INTERPRETER is listed."
  (format "%s  %s%s" (plist-get interpreter :path)
          (plist-get interpreter :kind)
          (if (plist-get interpreter :version)
              (concat ", Python " (plist-get interpreter :version))
            "")))

(defun vivo-choose-interpreter (&optional folder)
  "Choose the Python that this buffer's cells run in.
With a prefix argument FOLDER, that of its whole folder.
Anything else than what is listed may be typed: a path, an environment's
folder, a name on the PATH, or a version as 3.12."
  (interactive "P")
  (let ((buffer (current-buffer))
        (scope (if folder "folder" "document")))
    (vivo-connection-run
     "interpreters" (list :uri (vivo-document-uri))
     (lambda (result)
       (run-at-time 0 nil #'vivo-choose--interpreter buffer scope
                    (append (plist-get result :interpreters) nil))))))

(defun vivo-choose--interpreter (buffer scope interpreters)
  "Read one of INTERPRETERS, and let BUFFER, or as SCOPE says, be served by it."
  (with-current-buffer buffer
    (let* ((names (mapcar (lambda (each) (cons (vivo-choose--interpreter-name each) each))
                          interpreters))
           (default (car (cl-find-if (lambda (each) (eq t (plist-get (cdr each) :chosen))) names)))
           (chosen (completing-read "Interpreter: " names nil nil nil nil default))
           (python (or (plist-get (cdr (assoc chosen names)) :path) chosen)))
      (message "vivo: starting %s…" python)
      (vivo-connection-run
       "useInterpreter" (list :uri (vivo-document-uri) :python python :scope scope)
       (lambda (session)
         (message "vivo: Python %s serves now, in session %s"
                  (plist-get session :pythonVersion) (plist-get session :name)))))))

;;; Where no session can be started

(defun vivo-choose--way-on (_connection params)
  "Tell which keys lead on if the run of PARAMS could not be sent to any session."
  (let ((error (plist-get params :error)))
    (when (equal "SessionError" (plist-get error :name))
      (message "vivo: %s  C-c C-v i chooses another Python, C-c C-v s another session"
               (plist-get error :message)))))

(vivo-connection-on 'vivo/executionFinished #'vivo-choose--way-on)

(provide 'vivo-choose)
;;; vivo-choose.el ends here
