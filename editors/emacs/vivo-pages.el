;;; vivo-pages.el --- Documents of the server's, and places in files  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Going where the server points: into a file, on the server's host, or into
;; a document of its own (what `obj?' shows, the text of a run), which is a
;; read-only buffer here.  What is shown there is asked for, never a path.

;;; Code:

(require 'vivo-connection)

(declare-function python-mode "python")

(defvar-local vivo-pages--uri nil
  "The URI of the document that this buffer shows.")
(defvar-local vivo-pages--connection nil
  "The connection that the document of this buffer comes from.")

(define-minor-mode vivo-pages-mode
  "Minor mode of read-only documents of vivo's server."
  :keymap (let ((map (make-sparse-keymap)))
            (define-key map "q" #'quit-window)
            (define-key map "g" #'vivo-pages-revert)
            map)
  (setq buffer-read-only vivo-pages-mode))

(defun vivo-pages--is-page (uri)
  "Whether URI is a document of the server's own."
  (string-match-p "\\`vivo-[a-z]+:" uri))

(defun vivo-pages-buffer (connection uri done)
  "Call DONE with a buffer that shows the document URI of CONNECTION."
  (vivo-connection-ask
   connection 'vivo/document (list :uri uri)
   (lambda (content)
     (let ((buffer (get-buffer-create
                    (format "*%s*" (replace-regexp-in-string
                                    ":/+" " " (url-unhex-string uri))))))
       (with-current-buffer buffer
         (let ((inhibit-read-only t))
           (erase-buffer)
           (insert (plist-get content :text))
           (goto-char (point-min))
           (set-buffer-modified-p nil))
         (unless vivo-pages-mode
           (if (equal "python" (plist-get content :languageId))
               (delay-mode-hooks (python-mode)) ; a page is no file to run
             (special-mode))
           (vivo-pages-mode 1))
         (setq vivo-pages--uri uri
               vivo-pages--connection connection))
       (funcall done buffer)))))

(defun vivo-pages-revert ()
  "Ask again for the document that this buffer shows."
  (interactive)
  (vivo-pages-buffer vivo-pages--connection vivo-pages--uri #'ignore))

(defun vivo-pages-open (connection uri range select)
  "Show the document or file URI of CONNECTION at RANGE, or nil.
With SELECT its window becomes the selected one."
  (let ((show (lambda (buffer)
                (let ((window (display-buffer buffer)))
                  (when (and window range)
                    (with-selected-window window
                      (goto-char (vivo-document-point (plist-get range :start)))
                      (recenter)))
                  (when (and window select) (select-window window)))))
        (path (vivo-document-uri-path uri (vivo-connection-remote connection))))
    (cond ((vivo-connection-buffer uri connection)
           (funcall show (vivo-connection-buffer uri connection)))
          (path (funcall show (find-file-noselect path)))
          ((vivo-pages--is-page uri) (vivo-pages-buffer connection uri show))
          (t (browse-url uri)))))

(defun vivo-pages-visit (location)
  "Go to LOCATION, as the server of the current buffer tells places."
  (vivo-pages-open (vivo-connection-current)
                   (plist-get location :uri) (plist-get location :range) t))

(defun vivo-pages--show-document (connection params)
  "Show what CONNECTION asks for with PARAMS."
  (vivo-connection-later
   (lambda (_ reply)
     (condition-case error
         (progn
           (if (eq t (plist-get params :external))
               (browse-url (plist-get params :uri))
             (vivo-pages-open connection (plist-get params :uri) (plist-get params :selection)
                              (eq t (plist-get params :takeFocus))))
           (funcall reply '(:success t)))
       (error (message "vivo: %s" (error-message-string error))
              (funcall reply '(:success :json-false)))))))

(vivo-connection-answer 'window/showDocument #'vivo-pages--show-document)

(provide 'vivo-pages)
;;; vivo-pages.el ends here
