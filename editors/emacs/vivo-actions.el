;;; vivo-actions.el --- What leads on from an error or a value  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What the server offers for the line at point: the name that was meant, the
;; package that is missing, another interpreter, the debugger, frames.  It is
;; chosen in the minibuffer.

;;; Code:

(require 'vivo-connection)
(require 'vivo-display)
(require 'vivo-document)

(defconst vivo-actions-patience 10
  "Seconds to wait for what the server offers: it asks the session for names.")

(defun vivo-act ()
  "Do one of the things that lead on from the error or value on this line.
With an active region, from what is in it."
  (interactive)
  (let* ((start (if (use-region-p) (region-beginning) (line-beginning-position)))
         (end (if (use-region-p) (region-end) (line-end-position)))
         (offered (append (vivo-connection-request-sync
                           :textDocument/codeAction
                           (list :textDocument (vivo-document-identifier)
                                 :range (vivo-document-range start end)
                                 :context '(:diagnostics [] :triggerKind 1))
                           vivo-actions-patience)
                          nil))
         (titles (vivo-actions--titles offered)))
    (unless titles
      (user-error "Nothing is offered here: go to a line with an error or a value"))
    (let ((chosen (completing-read "Do: " (vivo-actions--table titles) nil t nil nil
                                   (caar titles))))
      (vivo-actions--do (cdr (assoc chosen titles))))))

(defun vivo-actions--titles (offered)
  "The actions OFFERED by their titles, those that are preferred first."
  (let (preferred others)
    (dolist (action offered)
      (let ((entry (cons (plist-get action :title) action)))
        (if (eq t (plist-get action :isPreferred)) (push entry preferred)
          (push entry others))))
    (append (nreverse preferred) (nreverse others))))

(defun vivo-actions--table (titles)
  "TITLES for the minibuffer, in their own order."
  (lambda (string predicate action)
    (if (eq action 'metadata)
        '(metadata (display-sort-function . identity) (cycle-sort-function . identity))
      (complete-with-action action titles string predicate))))

(defun vivo-actions--do (action)
  "Change what ACTION changes, and run its command."
  (let ((command (plist-get action :command)))
    (vivo-actions--edit (plist-get action :edit))
    (when command
      (vivo-connection-request
       :workspace/executeCommand
       (list :command (plist-get command :command)
             :arguments (or (plist-get command :arguments) []))
       (lambda (result)
         (when (and (listp result) (stringp (plist-get result :text)))
           (vivo-display--copied result)))))))

(defun vivo-actions--edit (edit)
  "Make the changes of EDIT in the buffers that have the documents."
  (cl-loop for (uri changes) on (plist-get edit :changes) by #'cddr
           for buffer = (vivo-connection-buffer (substring (symbol-name uri) 1))
           when buffer do (with-current-buffer buffer (vivo-actions--change changes))))

(defun vivo-actions--change (changes)
  "Make CHANGES in the current buffer, the last in the text first."
  (let ((places (mapcar (lambda (change)
                          (cons (vivo-document-bounds (plist-get change :range))
                                (plist-get change :newText)))
                        changes)))
    (save-excursion
      (pcase-dolist (`((,start . ,end) . ,text)
                     (sort places (lambda (one other) (> (caar one) (caar other)))))
        (goto-char start)
        (delete-region start end)
        (insert text)))))

(provide 'vivo-actions)
;;; vivo-actions.el ends here
