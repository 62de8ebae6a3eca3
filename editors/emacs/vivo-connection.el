;;; vivo-connection.el --- vivo's own connection to its language server  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A buffer is open in the connection of its project, beside whatever other
;; servers it has: what is asked about it, what it tells of its changes, and
;; in which state its session is.  Whoever opens a file gets no error: a
;; server that is not installed is told of in the mode line, and by the
;; commands that need it.

;;; Code:

(require 'project)
(require 'cl-lib)
(require 'subr-x)
(require 'vivo-document)
(require 'vivo-settings)
(require 'vivo-wire)
(require 'vivo-server)

(defvar vivo-connection-patience 2
  "Seconds that Emacs waits for an answer without which it cannot go on.")

(defvar-local vivo-connection--mine nil
  "The connection that this buffer is open in.")
(defvar-local vivo-connection--problem nil
  "Why the buffer has no connection, in a sentence; nil if it has one.")
(defvar-local vivo-connection--timer nil
  "The timer that tells the server of changes.")
(defvar vivo-connection-reopen-functions nil
  "Called with the connection that took the place of the buffer's, which was lost.
One that returns non-nil has opened the buffer there itself.")
(dolist (variable '(vivo-connection--mine vivo-connection--timer))
  (put variable 'permanent-local t))

;;; Opening and closing

(defun vivo-connection--root ()
  "The root of the current buffer's project, or its folder."
  (let ((project (project-current)))
    (expand-file-name (if project (project-root project) default-directory))))

(defun vivo-connection-open-buffer ()
  "Open the current buffer in its project's connection; whether it is."
  (let* ((root (vivo-connection--root))
         (known (gethash root vivo-server--all))
         (is-mine (and known (eq known vivo-connection--mine) vivo-document--uri)))
    (setq vivo-connection--problem nil)
    (condition-case error
        (let ((connection (if (and known (jsonrpc-running-p known))
                              known
                            (vivo-server-start root))))
          (if (and is-mine (eq connection known))
              (progn (vivo-document-changed) ; as after `revert-buffer'
                     (vivo-connection-after-change))
            (vivo-connection--open connection))
          t)
      (vivo-not-installed
       (setq vivo-connection--problem (nth 1 error))
       (message "%s" (nth 1 error))
       nil))))

(defun vivo-connection--open (connection)
  "Open the current buffer in CONNECTION, once that has shaken hands."
  (setq vivo-connection--mine connection)
  (let ((buffer (current-buffer)))
    (vivo-connection-when-ready
     connection
     (lambda ()
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (when (eq vivo-connection--mine connection)
             (jsonrpc-notify connection :textDocument/didOpen
                             (list :textDocument (vivo-document-opened))))))))))

(defun vivo-connection-close-buffer ()
  "Close the current buffer in its connection; the last one ends the server."
  (when vivo-connection--timer
    (cancel-timer vivo-connection--timer)
    (setq vivo-connection--timer nil))
  (let ((connection vivo-connection--mine)
        (uri (vivo-document-uri)))
    (setq vivo-connection--mine nil)
    (vivo-document-closed)
    (when (and connection (jsonrpc-running-p connection))
      (when (vivo-connection-ready connection)
        (jsonrpc-notify connection :textDocument/didClose
                        (list :textDocument (list :uri uri))))
      (unless (vivo-connection-buffers connection)
        (vivo-server-shutdown connection)))))

(defun vivo-connection-renamed ()
  "Open the current buffer anew: it visits another file now."
  (when vivo-connection--mine
    (let ((connection vivo-connection--mine))
      (when (and (jsonrpc-running-p connection) vivo-document--uri)
        (jsonrpc-notify connection :textDocument/didClose
                        (list :textDocument (vivo-document-identifier))))
      (vivo-document-closed)
      (setq vivo-connection--mine nil)
      (vivo-connection-open-buffer)
      (unless (vivo-connection-buffers connection)
        (vivo-server-shutdown connection)))))

(defun vivo-connection--reopen (old new)
  "Open in NEW what was open in OLD, whose server has ended."
  (dolist (buffer (vivo-connection-buffers old))
    (with-current-buffer buffer
      (unless (run-hook-with-args-until-success 'vivo-connection-reopen-functions new)
        (vivo-document-closed)
        (vivo-connection--open new)))))

(setq vivo-server-reopen-function #'vivo-connection--reopen)

;;; Asking

(defun vivo-connection-current ()
  "The current buffer's connection, or an error that says what to do."
  (cond ((vivo-connection-is-live) vivo-connection--mine)
        (vivo-connection--problem (user-error "%s" vivo-connection--problem))
        (t (user-error "This buffer is not connected: C-c C-v L (M-x vivo-connect)"))))

(defun vivo-connection-is-live ()
  "Whether the current buffer is connected."
  (and vivo-connection--mine (jsonrpc-running-p vivo-connection--mine)))

(defun vivo-connection-request (method params done &optional failed)
  "Ask METHOD with PARAMS about the buffer; call DONE with the result.
An error's text goes to FAILED, or is told."
  (let ((connection (vivo-connection-current)))
    (vivo-connection-flush)
    (vivo-connection-ask connection method params done failed)))

(defun vivo-connection-request-sync (method params &optional seconds)
  "Ask METHOD with PARAMS and wait for the result, SECONDS at most.
They are `vivo-connection-patience' if left out."
  (condition-case nil
      (let ((connection (vivo-connection-current)))
        (when (vivo-connection-ready connection)
          (vivo-connection-flush)
          (jsonrpc-request connection method params :timeout (max (or seconds 0) vivo-connection-patience))))
    (jsonrpc-error nil))) ; an answer that does not come in time is none

(defun vivo-connection-run (name argument &optional done failed)
  "Run the server's command NAME with ARGUMENT; call DONE with its result.
An error's text goes to FAILED, or is told."
  (vivo-connection-request
   :workspace/executeCommand
   (list :command (concat "vivo.server." name) :arguments (vector argument))
   (or done #'ignore) failed))

;;; Buffers

(defun vivo-connection-all ()
  "Every connection that runs."
  (cl-remove-if-not #'jsonrpc-running-p (hash-table-values vivo-server--all)))

(defun vivo-connection-buffers (connection)
  "The buffers that are open in CONNECTION."
  (cl-remove-if-not
   (lambda (buffer) (eq connection (buffer-local-value 'vivo-connection--mine buffer)))
   (buffer-list)))

(defun vivo-connection-buffer (uri &optional connection)
  "The buffer that is open as URI, in CONNECTION if given; nil if there is none."
  (cl-find-if (lambda (buffer)
                (with-current-buffer buffer
                  (and vivo-connection--mine
                       (or (null connection) (eq connection vivo-connection--mine))
                       (equal uri (vivo-document-uri)))))
              (buffer-list)))

(defun vivo-connection-remote (connection)
  "What TRAMP puts before the paths of CONNECTION's host, or nil."
  (file-remote-p (vivo-connection-root connection)))

;;; Changes

(defun vivo-connection-after-change (&rest _)
  "The buffer has changed: the server is told soon."
  (unless vivo-connection--timer
    (let ((buffer (current-buffer)))
      (setq vivo-connection--timer
            (run-with-idle-timer
             0.2 nil
             (lambda ()
               (when (buffer-live-p buffer)
                 (with-current-buffer buffer
                   (setq vivo-connection--timer nil)
                   (vivo-connection-flush)))))))))

(defun vivo-connection-flush ()
  "Tell the server of the buffer's changes, if there are any."
  (when (and vivo-document--uri (vivo-connection-is-live)
             (vivo-connection-ready vivo-connection--mine))
    (when-let ((changes (vivo-document-take-changes)))
      (jsonrpc-notify vivo-connection--mine :textDocument/didChange changes))))

(defun vivo-connection--configure ()
  "Tell every server of the settings, which have changed."
  (dolist (connection (vivo-connection-all))
    (vivo-connection-when-ready
     connection
     (lambda ()
       (jsonrpc-notify connection :workspace/didChangeConfiguration
                       (list :settings (vivo-settings-options
                                        (vivo-connection-root connection))))))))

(add-hook 'vivo-settings-changed-hook #'vivo-connection--configure)

;;; State

(defun vivo-connection--status-told (connection status)
  "Keep STATUS of a session of CONNECTION, and show it."
  (puthash (plist-get status :sessionId) status (vivo-connection-statuses connection))
  (setf (vivo-connection-status connection) status)
  (unless (or (null (plist-get status :uri))
              (equal "" (plist-get status :sessionId))) ; one that is only starting
    (puthash (plist-get status :uri) (plist-get status :sessionId)
             (vivo-connection-sessions connection)))
  (when-let ((text (plist-get status :message)))
    (message "vivo: %s" text))
  (force-mode-line-update t))

(defun vivo-connection--run-told (connection params)
  "Keep which session of CONNECTION PARAMS are about."
  (let ((uri (plist-get params :uri))
        (session (plist-get params :sessionId)))
    (when (and uri session (null (plist-get params :engine)))
      (puthash uri session (vivo-connection-sessions connection)))))

(vivo-connection-on 'vivo/status #'vivo-connection--status-told)
(vivo-connection-on 'vivo/executionStarted #'vivo-connection--run-told)

(defun vivo-connection-session ()
  "The id of the session that serves the current buffer, as far as it is known."
  (when vivo-connection--mine
    (gethash (vivo-document-uri) (vivo-connection-sessions vivo-connection--mine))))

(defun vivo-connection-buffer-status ()
  "The latest status of the current buffer's session, else of its connection."
  (when vivo-connection--mine
    (or (gethash (vivo-connection-session) (vivo-connection-statuses vivo-connection--mine))
        (vivo-connection-status vivo-connection--mine))))

(defun vivo-connection-lighter ()
  "What the mode line says."
  (let* ((status (if (vivo-connection-is-live)
                     (vivo-connection-buffer-status)
                   (and vivo-connection--mine (vivo-connection-status vivo-connection--mine))))
         (state (plist-get status :state))
         (queued (or (plist-get status :queued) 0))
         (progress (vivo-connection-progress-text)))
    (cond (vivo-connection--problem " vivo:not installed")
          ((null vivo-connection--mine) " vivo:off")
          ((null state) (concat " vivo" progress))
          ((> queued 0) (format " vivo:%s+%d%s" state queued progress))
          (t (format " vivo:%s%s" state progress)))))

;;; What lasts

(defun vivo-connection--progress-told (connection params)
  "Keep how far something is that CONNECTION tells of with PARAMS."
  (let* ((token (plist-get params :token))
         (value (plist-get params :value))
         (known (assoc token (vivo-connection-progress connection))))
    (pcase (plist-get value :kind)
      ("begin" (push (cons token (plist-get value :message)) (vivo-connection-progress connection)))
      ("report" (when (and known (plist-get value :message))
                  (setcdr known (plist-get value :message))))
      ("end" (setf (vivo-connection-progress connection)
                   (delq known (vivo-connection-progress connection)))))
    (force-mode-line-update t)))

(vivo-connection-on '$/progress #'vivo-connection--progress-told)

(defun vivo-connection-progress-text ()
  "How far is what the buffer's server told of last, for the mode line."
  (let ((message (and (vivo-connection-is-live)
                      (cdar (vivo-connection-progress vivo-connection--mine)))))
    (if (or (null message) (string-empty-p message))
        ""
      (concat " " (replace-regexp-in-string "%" "%%" message)))))

(provide 'vivo-connection)
;;; vivo-connection.el ends here
