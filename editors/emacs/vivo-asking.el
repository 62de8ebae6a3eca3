;;; vivo-asking.el --- What the server asks the user  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A cell's `input()', a password, a debugger's prompt, and questions with
;; some answers, in the minibuffer.  The session goes on answering others
;; meanwhile; a question that the server takes back leaves the minibuffer.

;;; Code:

(require 'vivo-connection)

(defun vivo-asking-read (later reply read)
  "Call READ in the minibuffer and give REPLY what it returns, nil after a quit.
The prompt goes away when LATER is given up."
  (let ((depth (1+ (minibuffer-depth)))
        (enable-recursive-minibuffers t)
        (is-open t))
    (setf (vivo-connection-later-cancel later)
          (lambda ()
            (when (and is-open (>= (minibuffer-depth) depth))
              (setq is-open nil)
              (abort-recursive-edit))))
    (funcall reply (prog1 (condition-case nil (funcall read) (quit nil))
                     (setq is-open nil)))))

(defun vivo-asking--input (_connection params)
  "Read the line of input that PARAMS ask for."
  (vivo-connection-later
   (lambda (later reply)
     (let ((prompt (if (string-empty-p (plist-get params :prompt)) "Input: "
                     (plist-get params :prompt))))
       (vivo-asking-read
        later
        (lambda (line) (funcall reply (list :value line)))
        (lambda ()
          (if (eq t (plist-get params :password))
              (read-passwd prompt)
            (read-string prompt nil 'vivo-asking-history))))))))

(defvar vivo-asking-history nil
  "What was answered to cells.")

(defun vivo-asking--choice (_connection params)
  "Let the user choose one of the actions of PARAMS."
  (vivo-connection-later
   (lambda (later reply)
     (let ((titles (mapcar (lambda (action) (plist-get action :title))
                           (plist-get params :actions))))
       (vivo-asking-read
        later
        (lambda (title) (funcall reply (and title (list :title title))))
        (lambda ()
          (completing-read (concat (plist-get params :message) " ") titles nil t)))))))

(vivo-connection-answer 'vivo/input #'vivo-asking--input)
(vivo-connection-answer 'window/showMessageRequest #'vivo-asking--choice)

(defun vivo-asking--message (_connection params)
  "Tell the message of PARAMS."
  (message "vivo: %s" (plist-get params :message)))

(vivo-connection-on 'window/showMessage #'vivo-asking--message)

(dolist (method '(client/registerCapability client/unregisterCapability
                  window/workDoneProgress/create workspace/codeLens/refresh
                  workspace/semanticTokens/refresh workspace/diagnostic/refresh))
  (vivo-connection-answer method #'ignore))

(provide 'vivo-asking)
;;; vivo-asking.el ends here
