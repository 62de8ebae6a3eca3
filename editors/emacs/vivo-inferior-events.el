;;; vivo-inferior-events.el --- What happens in a session, in its buffers  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What the server tells of a session is shown in each of its inferior
;; buffers, once: runs and who sent them, outputs, and what the session asks.
;; The first run of a session that has no buffer makes one.

;;; Code:

(require 'vivo-inferior)

(defmacro vivo-inferior--in-each (connection session &rest body)
  "Run BODY in each inferior buffer of SESSION that CONNECTION tells."
  (declare (indent 2))
  `(dolist (buffer (vivo-inferior-buffers (vivo-connection-root ,connection) ,session))
     (with-current-buffer buffer
       ,@body
       (vivo-inferior--draw))))

;;; The session's state

(defun vivo-inferior--status-told (connection status)
  "Show STATUS of a session of CONNECTION in its buffers."
  (let ((session (plist-get status :sessionId)))
    (unless (equal "" session)
      (vivo-inferior--in-each connection session
        (let ((before vivo-inferior--state))
          (vivo-inferior--told status)
          (vivo-inferior--called (plist-get status :name))
          (cond ((plist-get status :message)
                 (vivo-transcript-notice (plist-get status :message)))
                ((and (equal "ended" vivo-inferior--state) (not (equal "ended" before)))
                 (vivo-transcript-notice
                  "The session has ended: what is typed next starts another"))))))))

(vivo-connection-on 'vivo/status #'vivo-inferior--status-told)

;;; Runs

(defun vivo-inferior--adopt (connection params)
  "Find or make a buffer for the session of the run of PARAMS.
CONNECTION tells of it."
  (let* ((root (vivo-connection-root connection))
         (session (plist-get params :sessionId))
         (id (plist-get params :executionId))
         (buffers (vivo-inferior-buffers root)))
    (unless (or (vivo-inferior-buffers root session)
                (not (gethash session (vivo-connection-statuses connection))))
      (with-current-buffer
          (or (cl-find-if (lambda (buffer)
                            (assoc id (buffer-local-value 'vivo-inferior--waiting buffer)))
                          buffers)
              (cl-find-if #'vivo-inferior--is-free buffers)
              (vivo-inferior--make root (vivo-inferior--session-name connection session)))
        (when (plist-get params :uri)
          (setq vivo-inferior--of (plist-get params :uri)))
        (vivo-inferior--belong connection session)))))

(defun vivo-inferior-started (connection params)
  "Echo what runs now, from PARAMS, in the buffers of its session.
CONNECTION tells of it."
  (vivo-inferior--adopt connection params)
  (let ((id (plist-get params :executionId))
        (code (plist-get params :code))
        (count (plist-get params :executionCount)))
    (vivo-inferior--in-each connection (plist-get params :sessionId)
      (unless (gethash id vivo-inferior--known)
        (puthash id t vivo-inferior--known)
        (let ((mine (assoc id vivo-inferior--waiting)))
          (setq vivo-inferior--waiting (delq mine vivo-inferior--waiting)
                vivo-inferior--next (1+ (or count 0))
                vivo-inferior--state "busy"
                vivo-inferior--clears nil)
          (unless (or mine (gethash id vivo-inferior--typed))
            (vivo-inferior--say-who connection params))
          (vivo-transcript-echo (if mine code (vivo-inferior--shortened code)) count)
          (vivo-inferior-remember code)
          (setq vivo-inferior--running
                (cons id (copy-marker vivo-transcript--end))))))))

(defun vivo-inferior--shortened (code)
  "CODE, or its first lines if there are too many."
  (let ((lines (split-string code "\n")))
    (if (<= (length lines) vivo-inferior-echo-lines)
        code
      (concat (mapconcat #'identity (seq-take lines vivo-inferior-echo-lines) "\n")
              (format "\n# … %d more lines" (- (length lines) vivo-inferior-echo-lines))))))

(defun vivo-inferior--say-who (connection params)
  "Tell on a line who runs what PARAMS tell of, and where it stands.
CONNECTION tells of it."
  (let* ((uri (plist-get params :uri))
         (range (plist-get params :range))
         (path (and uri (vivo-document-uri-path uri (vivo-connection-remote connection))))
         (line (and range (1+ (plist-get (plist-get range :start) :line))))
         (place (and uri (concat (if path (file-name-nondirectory path)
                                   (url-unhex-string (replace-regexp-in-string "\\`.*:" "" uri)))
                                 (and line (format ":%d" line)))))
         (client (plist-get params :client))
         (typed-in (and (null uri)
                        (cl-find-if
                         (lambda (buffer)
                           (gethash (plist-get params :executionId)
                                    (buffer-local-value 'vivo-inferior--typed buffer)))
                         (vivo-inferior-buffers (vivo-connection-root connection)))))
         (is-emacs (or (eq t (plist-get params :own)) (equal client "Emacs vivo")))
         (words (delq nil (list (unless (or is-emacs (member client '(nil ""))) client)
                                (if typed-in (buffer-name typed-in) place)))))
    (when words
      (vivo-transcript-notice
       (mapconcat #'identity words ", ")
       (and path (lambda () (vivo-inferior--visit connection uri path line)))))))

(defun vivo-inferior--visit (connection uri path line)
  "Go to LINE of the document URI of CONNECTION, or of its file PATH."
  (let ((buffer (or (vivo-connection-buffer uri connection) (find-file-noselect path))))
    (pop-to-buffer buffer)
    (when line
      (push-mark nil t)
      (goto-char (point-min))
      (forward-line (1- line)))))

(defun vivo-inferior-output (connection params)
  "Show an output, from PARAMS, in the buffers of its session.
CONNECTION tells of it."
  (let ((number (plist-get params :sequence)))
    (vivo-inferior--in-each connection (plist-get params :sessionId)
      (when (> number vivo-inferior--seen)
        (setq vivo-inferior--seen number)
        (vivo-inferior--show params)))))

(defun vivo-inferior--show (params)
  "Show the output of PARAMS in the current buffer."
  (let ((kind (plist-get params :kind))
        (data (plist-get params :data)))
    (when (and vivo-inferior--clears (not (member kind '("clear" "update" "page"))))
      (setq vivo-inferior--clears nil)
      (vivo-inferior--clear-run params))
    (pcase kind
      ("stream" (vivo-transcript-output (plist-get params :text)))
      ("result" (vivo-transcript-result (plist-get params :executionCount) data))
      ("display" (vivo-transcript-display data (plist-get params :displayId)))
      ("update" (vivo-transcript-update data (plist-get params :displayId)))
      ("clear" (if (eq t (plist-get params :wait))
                   (setq vivo-inferior--clears t)
                 (vivo-inferior--clear-run params)))
      ("error"
       (vivo-transcript-fresh-line)
       (vivo-transcript-output
        (mapconcat #'identity (plist-get (plist-get params :error) :traceback) "\n"))
       (vivo-transcript-fresh-line)))))

(defun vivo-inferior--clear-run (params)
  "Take away what the run of PARAMS has shown, if it is the one that runs."
  (when (equal (plist-get params :executionId) (car vivo-inferior--running))
    (vivo-transcript-clear (cdr vivo-inferior--running))))

(defun vivo-inferior-finished (connection params)
  "The run of PARAMS has ended; what never began is told of.
CONNECTION tells of it."
  (let ((id (plist-get params :executionId))
        (text (or (plist-get (plist-get params :error) :message) "It was not run")))
    (dolist (buffer (vivo-inferior-buffers (vivo-connection-root connection)))
      (with-current-buffer buffer
        (when (equal id (car vivo-inferior--running))
          (setq ansi-color-context nil))
        (if (assoc id vivo-inferior--waiting)
            (vivo-inferior--not-run id text)
          (vivo-inferior--draw))))))

(vivo-connection-on 'vivo/executionStarted #'vivo-inferior-started)
(vivo-connection-on 'vivo/output #'vivo-inferior-output)
(vivo-connection-on 'vivo/executionFinished #'vivo-inferior-finished)

;;; Questions

(defun vivo-inferior--asked (connection params)
  "Let the question of PARAMS be answered where the user is.
That is in the inferior buffer where its run was typed, or in which the user
is; else, as passwords are, in the minibuffer.  CONNECTION asks."
  (let ((buffer (and (not (eq t (plist-get params :password)))
                     (vivo-inferior--asks-in connection params))))
    (if (null buffer)
        (vivo-asking--input connection params)
      (vivo-connection-later
       (lambda (later reply)
         (if (buffer-live-p buffer)
             (with-current-buffer buffer
               (vivo-inferior--ask (plist-get params :prompt) later reply))
           (funcall reply (list :value nil))))))))

(defun vivo-inferior--asks-in (connection params)
  "The inferior buffer of CONNECTION that asks what PARAMS ask, or nil."
  (let ((buffers (vivo-inferior-buffers (vivo-connection-root connection)))
        (id (plist-get params :executionId)))
    (or (cl-find-if (lambda (buffer) (gethash id (buffer-local-value 'vivo-inferior--typed buffer)))
                    buffers)
        (car (memq (window-buffer)
                   (vivo-inferior-buffers (vivo-connection-root connection)
                                          (plist-get params :sessionId)))))))

(defun vivo-inferior--ask (prompt later reply)
  "Ask with PROMPT in the current buffer.
REPLY gets the answer, as long as LATER is wanted."
  (let* ((lines (split-string (ansi-color-apply prompt) "\n"))
         (last (car (last lines))))
    (when (cdr lines)
      (vivo-transcript-output (concat (mapconcat #'identity (butlast lines) "\n") "\n")))
    (setq vivo-inferior--question (list last reply later))
    (setf (vivo-connection-later-cancel later)
          (let ((buffer (current-buffer)))
            (lambda ()
              (when (buffer-live-p buffer)
                (with-current-buffer buffer
                  (when (eq later (nth 2 vivo-inferior--question))
                    (vivo-inferior--question-ends "")))))))
    (vivo-inferior--draw)))

(defun vivo-inferior--question-ends (answer)
  "The open question has the ANSWER."
  (let ((prompt (car vivo-inferior--question)))
    (setq vivo-inferior--question nil)
    (vivo-transcript-insert
     (concat (propertize prompt 'field 'output 'font-lock-face 'comint-highlight-prompt)
             answer
             (propertize "\n" 'field 'boundary)))
    (vivo-inferior--draw)))

(defun vivo-inferior--answer (line)
  "Answer the open question with LINE, or with the end of input if that is nil.
Further lines stay, for what is asked next."
  (let ((reply (nth 1 vivo-inferior--question))
        (lines (and line (split-string line "\n"))))
    (vivo-inferior--question-ends (or (car lines) ""))
    (when (cdr lines)
      (save-excursion
        (goto-char (point-max))
        (insert (mapconcat #'identity (cdr lines) "\n"))))
    (funcall reply (list :value (and line (car lines))))))

(vivo-connection-answer 'vivo/input #'vivo-inferior--asked)

(provide 'vivo-inferior-events)
;;; vivo-inferior-events.el ends here
