;;; vivo-xref.el --- Definitions of live objects  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; An xref backend for what the session knows: \\[xref-find-definitions] on a
;; live name leads to the text that defined the object, wherever it stands
;; now.  What is not live is left to the backends behind this one; where
;; there is none, the server's analysis of the text answers.

;;; Code:

(require 'xref)
(require 'vivo-connection)
(require 'vivo-pages)

(defun vivo-xref-backend ()
  "The backend `vivo', where it knows more than those behind it."
  (and (vivo-connection-is-live)
       (or (not (vivo-xref--has-others)) (vivo-xref--is-live))
       'vivo))

(defun vivo-xref--has-others ()
  "Whether another server of the buffer's answers such questions."
  (cl-some (lambda (function)
             (and (symbolp function)
                  (string-match-p "\\`\\(eglot\\|lsp\\)-" (symbol-name function))))
           xref-backend-functions))

(defun vivo-xref--is-live ()
  "Whether the session knows the object at point."
  (equal "live" (plist-get (vivo-connection-request-sync
                            'vivo/inspect (append (vivo-document-here) (list :count 0)))
                           :provenance)))

(cl-defmethod xref-backend-identifier-at-point ((_backend (eql vivo)))
  "The name at point, with the place that is meant."
  (when-let ((name (thing-at-point 'symbol t)))
    (propertize name 'vivo-place (vivo-document-at-point))))

(cl-defmethod xref-backend-identifier-completion-table ((_backend (eql vivo)))
  "The names of the document."
  (let (names)
    (cl-labels ((collect (symbols)
                  (mapc (lambda (symbol)
                          (push (plist-get symbol :name) names)
                          (collect (plist-get symbol :children)))
                        symbols)))
      (collect (vivo-connection-request-sync
                :textDocument/documentSymbol
                (list :textDocument (vivo-document-identifier)))))
    names))

(cl-defmethod xref-backend-definitions ((_backend (eql vivo)) identifier)
  "Where IDENTIFIER is defined."
  (vivo-xref--ask :textDocument/definition identifier nil))

(cl-defmethod xref-backend-references ((_backend (eql vivo)) identifier)
  "Where IDENTIFIER is used."
  (vivo-xref--ask :textDocument/references identifier
                  '(:context (:includeDeclaration t))))

(defun vivo-xref--place (identifier)
  "The place that IDENTIFIER means: where it was taken, else its first use here."
  (or (get-text-property 0 'vivo-place identifier)
      (save-excursion
        (save-restriction
          (widen)
          (goto-char (point-min))
          (and (re-search-forward (format "\\_<%s\\_>" (regexp-quote identifier)) nil t)
               (progn (goto-char (match-beginning 0))
                      (vivo-document-at-point)))))))

(defun vivo-xref--ask (method identifier more)
  "What METHOD tells of IDENTIFIER, with MORE parameters."
  (when-let ((place (vivo-xref--place identifier)))
    (let ((connection (vivo-connection-current)))
      (delq nil
            (mapcar (lambda (location) (vivo-xref--item connection identifier location))
                    (vivo-connection-request-sync method (append place more) 15))))))

(defun vivo-xref--item (connection name location)
  "LOCATION of NAME, told by CONNECTION, as an item of xref's."
  (let* ((uri (plist-get location :uri))
         (start (plist-get (plist-get location :range) :start))
         (path (vivo-document-uri-path uri (vivo-connection-remote connection)))
         (buffer (or (vivo-connection-buffer uri connection)
                     (and path (find-buffer-visiting path)))))
    (cond (buffer
           (with-current-buffer buffer
             (let ((place (vivo-document-point start)))
               (xref-make (vivo-xref--line place)
                          (xref-make-buffer-location buffer place)))))
          (path (xref-make name (xref-make-file-location
                                 path (1+ (plist-get start :line)) (plist-get start :character))))
          (t (xref-make (format "%s (as it ran)" name)
                        (vivo-xref-page :connection connection :uri uri
                                        :range (plist-get location :range)))))))

(defun vivo-xref--line (place)
  "The text of the line of PLACE."
  (save-excursion
    (goto-char place)
    (string-trim (buffer-substring (line-beginning-position) (line-end-position)))))

;;; By name

(defun vivo-xref-visit (name)
  "Go to where NAME of this buffer's session is defined.
That is told by the buffer's text, else by the object itself."
  (let ((found (car (vivo-xref--ask :textDocument/definition name nil))))
    (if found
        (progn (xref-push-marker-stack)
               (xref-pop-to-location found 'window))
      (vivo-connection-request
       :vivo/inspect (list :uri (vivo-document-uri) :expression name :count 0)
       (let ((buffer (current-buffer)))
         (lambda (told)
           (if (plist-get told :location)
               (with-current-buffer buffer (vivo-pages-visit (plist-get told :location)))
             (message "vivo: nothing tells where %s is defined" name))))))))

;;; A place in a document of the server's own

(cl-defstruct (vivo-xref-page (:constructor vivo-xref-page))
  "A place in a document of the server's own." connection uri range)

(cl-defmethod xref-location-marker ((page vivo-xref-page))
  "The marker of PAGE's place, in a buffer that shows it."
  (let* ((buffer nil)
         (deadline (+ (float-time) 5)))
    (vivo-pages-buffer (vivo-xref-page-connection page) (vivo-xref-page-uri page)
                       (lambda (shown) (setq buffer shown)))
    (while (and (null buffer) (< (float-time) deadline))
      (accept-process-output nil 0.02))
    (unless buffer (user-error "The text that ran is not there any more"))
    (with-current-buffer buffer
      (copy-marker (vivo-document-point (plist-get (vivo-xref-page-range page) :start))))))

(cl-defmethod xref-location-group ((page vivo-xref-page))
  "The group of PAGE in a list of places."
  (vivo-xref-page-uri page))

(provide 'vivo-xref)
;;; vivo-xref.el ends here
