;;; vivo-inspector.el --- What is known of an object, with buttons  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; An object's type, text, documentation and source, and a button for each
;; value that it holds.  l goes back.  All of it is told by the server.

;;; Code:

(require 'button)
(require 'vivo-connection)
(require 'vivo-document)

(defvar-local vivo-inspector--source nil "The source buffer whose session is looked at.")
(defvar-local vivo-inspector--trail nil "What was asked for, the latest first.")

(defvar vivo-inspector-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map "l" #'vivo-inspector-back)
    (define-key map "s" #'vivo-inspector-source)
    map)
  "Keys of the inspector.")

(define-derived-mode vivo-inspector-mode special-mode "vivo-inspector"
  "What is known of an object."
  (setq header-line-format " RET open   TAB next   l back   s source   g again   q quit")
  (setq-local revert-buffer-function (lambda (&rest _) (vivo-inspector--ask))))

(defun vivo-inspector-show (source query)
  "Inspect in SOURCE's session what QUERY asks for: a position, expression or path."
  (with-current-buffer (get-buffer-create "*vivo inspector*")
    (unless (derived-mode-p 'vivo-inspector-mode) (vivo-inspector-mode))
    (unless (eq source vivo-inspector--source)
      (setq vivo-inspector--source source
            vivo-inspector--trail nil))
    (push query vivo-inspector--trail)
    (vivo-inspector--ask)
    (pop-to-buffer (current-buffer))))

(defun vivo-inspector-here ()
  "Inspect the object at point."
  (interactive)
  (vivo-inspector-show (current-buffer) (list :position (vivo-document-position (point)))))

(defun vivo-inspector--ask ()
  "Ask for what the trail ends with, and show it."
  (unless (buffer-live-p vivo-inspector--source)
    (user-error "The buffer whose object this was is gone"))
  (let ((inspector (current-buffer))
        (query (car vivo-inspector--trail)))
    (with-current-buffer vivo-inspector--source
      (vivo-connection-request
       :vivo/inspect (append (list :uri (vivo-document-uri)) query)
       (lambda (object)
         (when (and (buffer-live-p inspector)
                    (eq query (car (buffer-local-value 'vivo-inspector--trail inspector))))
           (with-current-buffer inspector (vivo-inspector--draw object))))))))

(defun vivo-inspector--field (label text)
  "Insert LABEL and TEXT on a line, if there is any TEXT."
  (when text
    (insert (propertize (format "%-10s " label) 'face 'shadow) (format "%s" text) "\n")))

(defun vivo-inspector--section (title text)
  "Insert TEXT under TITLE, if there is any TEXT."
  (when (and text (not (string-empty-p text)))
    (insert "\n" (propertize title 'face 'bold) "\n" (string-trim-right text) "\n")))

(defun vivo-inspector--draw (object)
  "Draw OBJECT, as the server tells of it."
  (let ((inhibit-read-only t))
    (erase-buffer)
    (if (null object)
        (insert "Nothing is known of it.\n")
      (insert (propertize (plist-get object :name) 'face 'bold) "\n")
      (vivo-inspector--field "Type" (plist-get object :type))
      (vivo-inspector--field "Value" (plist-get object :stringForm))
      (vivo-inspector--field "Shape" (plist-get object :shape))
      (vivo-inspector--field "Length" (plist-get object :length))
      (vivo-inspector--field "Signature" (plist-get object :signature))
      (vivo-inspector--field "File" (plist-get object :file))
      (vivo-inspector--children object)
      (vivo-inspector--section "Documentation" (plist-get object :docstring))
      (vivo-inspector--section "Source" (plist-get object :source)))
    (goto-char (point-min))))

(defun vivo-inspector--children (object)
  "Insert a button for each of the children of OBJECT that came."
  (let ((children (append (plist-get object :children) nil)))
    (when children
      (insert "\n" (propertize (format "Holds %d" (plist-get object :total)) 'face 'bold) "\n")
      (dolist (child children)
        (insert "  ")
        (insert-text-button (plist-get child :name)
                            'vivo-path (plist-get child :path)
                            'vivo-session (plist-get object :sessionId)
                            'action #'vivo-inspector--open
                            'follow-link t)
        (insert "  " (propertize (plist-get child :type) 'face 'font-lock-type-face)
                "  " (replace-regexp-in-string "\n" " " (plist-get child :text)) "\n")))))

(defun vivo-inspector--open (button)
  "Inspect the child that BUTTON stands for."
  (push (list :path (button-get button 'vivo-path) :sessionId (button-get button 'vivo-session))
        vivo-inspector--trail)
  (vivo-inspector--ask))

(defun vivo-inspector-back ()
  "Go back to what was inspected before."
  (interactive)
  (unless (cdr vivo-inspector--trail)
    (user-error "Nothing was inspected before"))
  (pop vivo-inspector--trail)
  (vivo-inspector--ask))

(defun vivo-inspector-source ()
  "Show the source of what is inspected."
  (interactive)
  (setcar vivo-inspector--trail
          (plist-put (copy-sequence (car vivo-inspector--trail)) :detailLevel 1))
  (vivo-inspector--ask))

(provide 'vivo-inspector)
;;; vivo-inspector.el ends here
