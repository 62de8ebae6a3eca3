;;; vivo-inspector.el --- What is known of an object, with buttons  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; An object's type, text, documentation and source, a button for each value
;; that it holds, and a page of it if it is a table.  l goes back, a period
;; goes to where it is defined.  All of it is told by the server.

;;; Code:

(require 'button)
(require 'vivo-connection)
(require 'vivo-document)
(require 'vivo-pages)
(require 'vivo-table)
(require 'vivo-xref)

(defvar-local vivo-inspector--source nil "The source buffer whose session is looked at.")
(defvar-local vivo-inspector--trail nil "What was asked for, the latest first.")
(defvar-local vivo-inspector--object nil "What the server told of it.")
(defvar-local vivo-inspector--corner '(0 . 0) "The row and the column that a table begins with.")
(defvar-local vivo-inspector--table nil "Where the table stands, if there is one.")

(defvar vivo-inspector-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map (make-composed-keymap button-buffer-map special-mode-map))
    (define-key map "l" #'vivo-inspector-back)
    (define-key map "s" #'vivo-inspector-source)
    (define-key map "." #'vivo-inspector-definition)
    (define-key map (kbd "M-.") #'vivo-inspector-definition)
    (dolist (key '("]" "[" ">" "<"))
      (define-key map key #'vivo-inspector-turn))
    (define-key map "j" #'vivo-inspector-go-to-row)
    map)
  "Keys of the inspector.")

(define-derived-mode vivo-inspector-mode special-mode "vivo-inspector"
  "What is known of an object."
  (setq header-line-format
        " RET open   TAB next   l back   s source   . definition   ] [ > < j table   g again")
  (setq-local revert-buffer-function (lambda (&rest _) (vivo-inspector--ask))))

(defun vivo-inspector-show (source query)
  "Inspect in SOURCE's session what QUERY asks for: a position, expression or path."
  (with-current-buffer (get-buffer-create "*vivo inspector*")
    (unless (derived-mode-p 'vivo-inspector-mode) (vivo-inspector-mode))
    (unless (eq source vivo-inspector--source)
      (setq vivo-inspector--source source
            vivo-inspector--trail nil))
    (vivo-inspector--go query)
    (pop-to-buffer (current-buffer))))

(defun vivo-inspector-here ()
  "Inspect the object at point."
  (interactive)
  (vivo-inspector-show (current-buffer) (list :position (vivo-document-position (point)))))

(defun vivo-inspector--go (query)
  "Inspect what QUERY asks for; l comes back."
  (push query vivo-inspector--trail)
  (setq vivo-inspector--corner '(0 . 0))
  (vivo-inspector--ask))

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
           (with-current-buffer inspector
             (vivo-inspector--draw object)
             (vivo-inspector--ask-table))))
       (lambda (text)
         (when (buffer-live-p inspector)
           (with-current-buffer inspector (vivo-inspector--draw nil text))))))))

(defun vivo-inspector--field (label text)
  "Insert LABEL and TEXT on a line, if there is any TEXT."
  (when text
    (insert (propertize (format "%-10s " label) 'face 'shadow) (format "%s" text) "\n")))

(defun vivo-inspector--section (title text)
  "Insert TEXT under TITLE, if there is any TEXT."
  (when (and text (not (string-empty-p text)))
    (insert "\n" (propertize title 'face 'bold) "\n" (string-trim-right text) "\n")))

(defun vivo-inspector--draw (object &optional problem)
  "Draw OBJECT, as the server tells of it; where there is none, PROBLEM."
  (setq vivo-inspector--object object
        vivo-inspector--table nil)
  (let ((inhibit-read-only t))
    (erase-buffer)
    (if (null object)
        (insert (or problem "Nothing is known of it.") "\n")
      (insert (propertize (plist-get object :name) 'face 'bold) "\n")
      (vivo-inspector--field "Type" (plist-get object :type))
      (vivo-inspector--field "Value" (plist-get object :stringForm))
      (vivo-inspector--field "Shape" (plist-get object :shape))
      (vivo-inspector--field "Length" (plist-get object :length))
      (vivo-inspector--field "Signature" (plist-get object :signature))
      (vivo-inspector--file object)
      (setq vivo-inspector--table (copy-marker (point)))
      (vivo-inspector--children object)
      (vivo-inspector--section "Documentation" (plist-get object :docstring))
      (vivo-inspector--section "Source" (plist-get object :source)))
    (goto-char (point-min))))

(defun vivo-inspector--file (object)
  "Insert the file of OBJECT: a button where it can be gone to."
  (when (plist-get object :file)
    (insert (propertize (format "%-10s " "File") 'face 'shadow))
    (let ((text (concat (plist-get object :file)
                        (if (plist-get object :line) (format ":%d" (plist-get object :line)) ""))))
      (if (plist-get object :location)
          (insert-text-button text 'follow-link t
                              'action (lambda (_) (vivo-inspector-definition)))
        (insert text)))
    (insert "\n")))

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
  (vivo-inspector--go (list :path (button-get button 'vivo-path)
                            :sessionId (button-get button 'vivo-session))))

(defun vivo-inspector-back ()
  "Go back to what was inspected before."
  (interactive)
  (unless (cdr vivo-inspector--trail)
    (user-error "Nothing was inspected before"))
  (pop vivo-inspector--trail)
  (setq vivo-inspector--corner '(0 . 0))
  (vivo-inspector--ask))

(defun vivo-inspector-source ()
  "Show the source of what is inspected."
  (interactive)
  (setcar vivo-inspector--trail
          (plist-put (copy-sequence (car vivo-inspector--trail)) :detailLevel 1))
  (vivo-inspector--ask))

;;; Tables

(defun vivo-inspector--path ()
  "The path to what is inspected, or nil if it is no variable."
  (let ((name (plist-get vivo-inspector--object :name))
        (child (car (append (plist-get vivo-inspector--object :children) nil))))
    (or (plist-get (car vivo-inspector--trail) :path)
        (and child (vconcat (butlast (append (plist-get child :path) nil))))
        (and name (string-match-p "\\`[[:alpha:]_][[:alnum:]_]*\\'" name) (vector name)))))

(defun vivo-inspector--ask-table ()
  "Ask for the page of what is inspected, and show it if that is a table."
  (let* ((path (and (equal "live" (plist-get vivo-inspector--object :provenance))
                    (vivo-inspector--path)))
         (corner vivo-inspector--corner)
         (object vivo-inspector--object)
         (inspector (current-buffer)))
    (when path
      (with-current-buffer vivo-inspector--source
        (vivo-connection-request
         :vivo/table (list :uri (vivo-document-uri) :path path
                           :row (car corner) :rows vivo-table-rows
                           :column (cdr corner) :columns vivo-table-columns)
         (lambda (page)
           (when (and (buffer-live-p inspector)
                      (eq object (buffer-local-value 'vivo-inspector--object inspector)))
             (with-current-buffer inspector
               (vivo-inspector--draw-table page (car corner) (cdr corner)))))
         #'ignore))))) ; most objects are no table

(defun vivo-inspector--draw-table (page row column)
  "Draw PAGE of a table, which begins with ROW and COLUMN, in the place of another."
  (let ((inhibit-read-only t)
        (old (next-single-property-change (point-min) 'vivo-table)))
    (save-excursion
      (when old
        (delete-region old (or (next-single-property-change old 'vivo-table) (point-max))))
      (goto-char vivo-inspector--table)
      (let ((start (point)))
        (vivo-table-insert page row column #'vivo-inspector--turn-to)
        (put-text-property start (point) 'vivo-table t)))))

(defun vivo-inspector--turn-to (row column)
  "Show the page of the table that begins with ROW and COLUMN."
  (setq vivo-inspector--corner (cons row column))
  (vivo-inspector--ask-table))

(defun vivo-inspector-turn ()
  "Turn the page of the table: ] and [ to other rows, > and < to other columns."
  (interactive)
  (let* ((key (char-to-string last-command-event))
         (place (save-excursion
                  (goto-char (point-min))
                  (cl-loop for button = (ignore-errors (forward-button 1 nil nil t))
                           while button
                           when (equal key (button-get button 'vivo-turn)) return button))))
    (unless place
      (user-error (pcase key ("]" "These are the last rows") ("[" "These are the first rows")
                         (">" "These are the last columns") (_ "These are the first columns"))))
    (push-button (button-start place))))

(defun vivo-inspector-go-to-row (row)
  "Show the page of the table that begins with ROW, counted from 1."
  (interactive "nRow: ")
  (vivo-inspector--turn-to (max 0 (1- row)) (cdr vivo-inspector--corner)))

(defun vivo-inspector--changed (_connection params)
  "Ask again for the table that is shown, if PARAMS are about its document."
  (let ((inspector (get-buffer "*vivo inspector*")))
    (when inspector
      (with-current-buffer inspector
        (when (and (buffer-live-p vivo-inspector--source)
                   (next-single-property-change (point-min) 'vivo-table)
                   (with-current-buffer vivo-inspector--source
                     (and (vivo-connection-is-live)
                          (member (vivo-document-uri) (append (plist-get params :uris) nil)))))
          (vivo-inspector--ask-table))))))

(vivo-connection-on 'vivo/variablesChanged #'vivo-inspector--changed)

;;; Definitions

(defun vivo-inspector-definition ()
  "Go to where what is inspected is defined."
  (interactive)
  (let ((location (plist-get vivo-inspector--object :location))
        (name (plist-get vivo-inspector--object :name)))
    (unless (buffer-live-p vivo-inspector--source)
      (user-error "The buffer whose object this was is gone"))
    (unless name (user-error "Nothing is inspected"))
    (with-current-buffer vivo-inspector--source
      (if location
          (vivo-pages-visit location)
        (vivo-xref-visit name)))))

(provide 'vivo-inspector)
;;; vivo-inspector.el ends here
