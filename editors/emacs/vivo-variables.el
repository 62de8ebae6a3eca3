;;; vivo-variables.el --- The variables of a session  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A list of the variables that the session of a source buffer holds, which
;; the server sorts, filters and hands out by pages.  It is asked for again
;; whenever the server says that variables may have changed.

;;; Code:

(require 'tabulated-list)
(require 'vivo-connection)
(require 'vivo-document)

(declare-function vivo-inspector-show "vivo-inspector" (source query))
(declare-function vivo-xref-visit "vivo-xref" (name))

(defface vivo-variables-changed '((t :inherit success))
  "Variables that the last cell made or changed."
  :group 'vivo)

(defcustom vivo-variables-page 200
  "How many variables the list shows at once; the server gives at most 1,000."
  :type 'integer
  :group 'vivo)

(defvar-local vivo-variables--source nil "The source buffer whose session is listed.")
(defvar-local vivo-variables--uri nil "The document of the source buffer.")
(defvar-local vivo-variables--filter "" "What names must match.")
(defvar-local vivo-variables--sort '("name") "What the server sorts by, and whether downwards.")
(defvar-local vivo-variables--start 0 "The first variable of the page that is shown.")
(defvar-local vivo-variables--total 0 "How many variables there are.")

(defvar vivo-variables-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'vivo-variables-inspect)
    (define-key map "." #'vivo-variables-definition)
    (define-key map (kbd "M-.") #'vivo-variables-definition)
    (define-key map "/" #'vivo-variables-filter)
    (define-key map "S" #'vivo-variables-sort)
    (define-key map "]" #'vivo-variables-next-page)
    (define-key map "[" #'vivo-variables-previous-page)
    map)
  "Keys of the list of variables.")

(define-derived-mode vivo-variables-mode tabulated-list-mode "vivo-variables"
  "The variables of a session."
  (setq tabulated-list-format [("" 1 nil) ("Name" 20 nil) ("Type" 14 nil) ("Shape" 12 nil)
                               ("Size" 9 nil :right-align t) ("Value" 0 nil)]
        tabulated-list-padding 1)
  (setq-local revert-buffer-function (lambda (&rest _) (vivo-variables-refresh)))
  (tabulated-list-init-header))

(defun vivo-variables-size (bytes)
  "BYTES as people read them, or nothing."
  (if bytes (file-size-human-readable bytes 'iec) ""))

(defun vivo-variables-shape (variable)
  "The shape or length of VARIABLE as text."
  (let ((shape (append (plist-get variable :shape) nil))
        (length (plist-get variable :length)))
    (cond (shape (mapconcat #'number-to-string shape "×"))
          (length (number-to-string length))
          (t ""))))

(defun vivo-variables-entry (variable)
  "VARIABLE, as the server tells of it, as an entry of the list."
  (let ((name (plist-get variable :name))
        (is-changed (eq t (plist-get variable :changed))))
    (list name
          (vector (if is-changed (propertize "●" 'face 'vivo-variables-changed) "")
                  (propertize name 'face (if is-changed 'vivo-variables-changed
                                           'font-lock-variable-name-face))
                  (propertize (plist-get variable :type) 'face 'font-lock-type-face)
                  (vivo-variables-shape variable)
                  (vivo-variables-size (plist-get variable :size))
                  (replace-regexp-in-string "\n" " " (plist-get variable :text))))))

(defun vivo-variables ()
  "List the variables of this buffer's session."
  (interactive)
  (vivo-connection-current)
  (let ((source (current-buffer))
        (uri (vivo-document-uri))
        (list (get-buffer-create (format "*vivo variables: %s*" (buffer-name)))))
    (with-current-buffer list
      (unless (derived-mode-p 'vivo-variables-mode) (vivo-variables-mode))
      (setq vivo-variables--source source
            vivo-variables--uri uri)
      (vivo-variables-refresh))
    (pop-to-buffer list)))

(defun vivo-variables-refresh ()
  "Ask for the variables again."
  (interactive)
  (unless (buffer-live-p vivo-variables--source)
    (user-error "The buffer whose variables these were is gone: C-c C-v v in another one"))
  (let* ((list (current-buffer))
         (query (list :uri vivo-variables--uri :start vivo-variables--start
                      :count vivo-variables-page :filter vivo-variables--filter
                      :sort (car vivo-variables--sort)
                      :descending (if (cdr vivo-variables--sort) t :json-false))))
    (with-current-buffer vivo-variables--source
      (vivo-connection-request
       :vivo/variables query
       (lambda (page)
         (when (buffer-live-p list)
           (with-current-buffer list (vivo-variables--show page))))))))

(defun vivo-variables--show (page)
  "Show PAGE, with point on the variable that it was on."
  (setq tabulated-list-entries (mapcar #'vivo-variables-entry (plist-get page :variables))
        vivo-variables--total (plist-get page :total)
        mode-line-process
        (format " %d%s%s  RET inspect  . definition  / filter  S sort" vivo-variables--total
                (if (string-empty-p vivo-variables--filter) ""
                  (format " (%s)" vivo-variables--filter))
                (if (eq t (plist-get page :busy)) " as last known" "")))
  (tabulated-list-print t)
  (force-mode-line-update))

(defun vivo-variables-filter (pattern)
  "Show the variables that PATTERN matches: a part of the name, or with * and ?."
  (interactive (list (read-string "Names with: " vivo-variables--filter)))
  (setq vivo-variables--filter pattern
        vivo-variables--start 0)
  (vivo-variables-refresh))

(defun vivo-variables-sort (key)
  "Sort by KEY; by the same again, the other way round."
  (interactive (list (completing-read "Sort by: " '("name" "type" "size" "definition") nil t)))
  (setq vivo-variables--sort
        (cons key (and (equal key (car vivo-variables--sort)) (not (cdr vivo-variables--sort))))
        vivo-variables--start 0)
  (vivo-variables-refresh))

(defun vivo-variables-next-page ()
  "Show the next page of variables."
  (interactive)
  (when (>= (+ vivo-variables--start vivo-variables-page) vivo-variables--total)
    (user-error "This is the last page"))
  (setq vivo-variables--start (+ vivo-variables--start vivo-variables-page))
  (vivo-variables-refresh))

(defun vivo-variables-previous-page ()
  "Show the page of variables before this one."
  (interactive)
  (when (zerop vivo-variables--start)
    (user-error "This is the first page"))
  (setq vivo-variables--start (max 0 (- vivo-variables--start vivo-variables-page)))
  (vivo-variables-refresh))

(defun vivo-variables-inspect ()
  "Inspect the variable at point."
  (interactive)
  (let ((name (or (tabulated-list-get-id) (user-error "There is no variable on this line"))))
    (require 'vivo-inspector)
    (vivo-inspector-show vivo-variables--source (list :path (vector name)))))

(defun vivo-variables-definition ()
  "Go to where the variable at point is defined."
  (interactive)
  (let ((name (or (tabulated-list-get-id) (user-error "There is no variable on this line"))))
    (unless (buffer-live-p vivo-variables--source)
      (user-error "The buffer whose variables these were is gone: C-c C-v v in another one"))
    (require 'vivo-xref)
    (with-current-buffer vivo-variables--source
      (vivo-xref-visit name))))

(defun vivo-variables--changed (_connection params)
  "Ask again for the lists of the documents of PARAMS."
  (let ((uris (append (plist-get params :uris) nil)))
    (dolist (buffer (buffer-list))
      (with-current-buffer buffer
        (when (and (derived-mode-p 'vivo-variables-mode)
                   (member vivo-variables--uri uris)
                   (buffer-live-p vivo-variables--source)
                   (with-current-buffer vivo-variables--source (vivo-connection-is-live)))
          (vivo-variables-refresh))))))

(vivo-connection-on 'vivo/variablesChanged #'vivo-variables--changed)

(provide 'vivo-variables)
;;; vivo-variables.el ends here
