;;; vivo-document.el --- A buffer as the server's document  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; URIs, positions and changes of a buffer, as the Language Server Protocol
;; has them.  Rules:
;;
;; 1. Positions count UTF-16 units, as every LSP client may.
;; 2. A buffer keeps the URI under which it was opened until it is closed.
;; 3. A file of another host is its own file to the server that runs there:
;;    what TRAMP puts before the path never reaches a URI, and is put before
;;    each path that comes back.
;; 4. Changes are told as they were made; where Emacs told them incompletely,
;;    the whole text is.

;;; Code:

(require 'url-util)
(require 'cl-lib)

(defvar-local vivo-document--uri nil
  "The URI under which the buffer is open, or nil.")
(defconst vivo-document--most 500
  "The most changes that are kept while nobody takes them: then the text is.")

(defvar-local vivo-document--version 0
  "The version of the buffer's text that the server knows.")
(defvar-local vivo-document--changes nil
  "What has changed since, latest first; `whole' for the whole text.")
(defvar-local vivo-document-start nil
  "A marker where the document's text begins; nil at the buffer's beginning.")
(defvar-local vivo-document-name nil
  "The URI of a buffer that has one of its own, whatever file it is in.")
(dolist (variable '(vivo-document--uri vivo-document--version vivo-document--changes))
  (put variable 'permanent-local t))

;;; URIs

(defun vivo-document-path-uri (path)
  "The URI of PATH, for a server on its host."
  (let ((local (file-local-name (expand-file-name path))))
    (concat "file://" (if (eq system-type 'windows-nt) "/")
            (url-hexify-string local url-path-allowed-chars))))

(defun vivo-document-uri-path (uri remote)
  "The path of URI, on the host of the prefix REMOTE; nil if it is in no file."
  (when (string-match "\\`file://[^/]*\\(/.*\\)\\'" uri)
    (let ((path (decode-coding-string (url-unhex-string (match-string 1 uri)) 'utf-8)))
      (concat remote
              (if (and (eq system-type 'windows-nt) (string-match-p "\\`/[a-zA-Z]:" path))
                  (substring path 1)
                path)))))

(defun vivo-document-uri ()
  "The current buffer's URI."
  (or vivo-document--uri
      vivo-document-name
      (cond ((null buffer-file-name)
             (concat "untitled:" (url-hexify-string (buffer-name))))
            ((file-remote-p buffer-file-name) (vivo-document-path-uri buffer-file-name))
            (t (vivo-document-path-uri (file-truename buffer-file-name))))))

(defun vivo-document-identifier ()
  "The current buffer as LSP names a document."
  (list :uri (vivo-document-uri)))

(defun vivo-document-here (&optional place)
  "This document and PLACE, or point, as the server's commands want them."
  (list :uri (vivo-document-uri) :position (vivo-document-position (or place (point)))))

(defun vivo-document-at-point ()
  "This document and point, as the requests of LSP want them."
  (list :textDocument (vivo-document-identifier)
        :position (vivo-document-position (point))))

(defmacro vivo-document--with-text (&rest body)
  "Run BODY with all and only the document's text accessible."
  (declare (indent 0))
  `(save-restriction
     (widen)
     (when vivo-document-start
       (narrow-to-region vivo-document-start (point-max)))
     ,@body))

(defun vivo-document-text ()
  "The whole text of the current buffer's document."
  (vivo-document--with-text
    (buffer-substring-no-properties (point-min) (point-max))))

;;; Positions

(defun vivo-document--units (string)
  "The length of STRING in UTF-16 units."
  (if (string-match-p "\\`[[:ascii:]]*\\'" string)
      (length string)
    (/ (- (length (encode-coding-string string 'utf-16)) 2) 2)))

(defun vivo-document-position (place)
  "PLACE as LSP's position."
  (save-excursion
    (vivo-document--with-text
      (goto-char place)
      (list :line (1- (line-number-at-pos))
            :character (vivo-document--units
                        (buffer-substring-no-properties (line-beginning-position) (point)))))))

(defun vivo-document-range (start end)
  "From START to END as LSP's range."
  (list :start (vivo-document-position start) :end (vivo-document-position end)))

(defun vivo-document-point (position)
  "The place in the buffer of LSP's POSITION."
  (save-excursion
    (vivo-document--with-text
      (goto-char (point-min))
      (forward-line (plist-get position :line))
      (let ((left (plist-get position :character)))
        (while (and (> left 0) (not (eolp)))
          (setq left (- left (if (> (char-after) #xffff) 2 1)))
          (forward-char)))
      (point))))

(defun vivo-document-bounds (range)
  "LSP's RANGE as a pair of places in the buffer."
  (cons (vivo-document-point (plist-get range :start))
        (vivo-document-point (plist-get range :end))))

;;; Opening and changes

(defun vivo-document-opened ()
  "The current buffer as a document to open; from now on its changes are kept."
  (setq vivo-document--uri (vivo-document-uri)
        vivo-document--version 0
        vivo-document--changes nil)
  (list :uri vivo-document--uri :languageId "python" :version 0 :text (vivo-document-text)))

(defun vivo-document-closed ()
  "The current buffer is open no longer."
  (setq vivo-document--uri nil
        vivo-document--changes nil))

(defun vivo-document-before-change (start end)
  "Note that the text from START to END is going to change."
  (when (and vivo-document--uri (listp vivo-document--changes))
    (push (list start end (vivo-document-range start end)) vivo-document--changes)))

(defun vivo-document-after-change (start end length)
  "Note that LENGTH characters became the text from START to END."
  (when vivo-document--uri
    (let ((noted (car-safe vivo-document--changes)))
      ;; Some commands announce more than they change, or change without a word.
      (setq vivo-document--changes
            (if (and (integerp (car-safe noted))
                     (= start (nth 0 noted)) (= length (- (nth 1 noted) (nth 0 noted)))
                     (not (nthcdr vivo-document--most vivo-document--changes)))
                (cons (list :range (nth 2 noted)
                            :text (save-restriction
                                    (widen)
                                    (buffer-substring-no-properties start end)))
                      (cdr vivo-document--changes))
              'whole)))))

(defun vivo-document-changed ()
  "Let the whole text be told with the next changes."
  (setq vivo-document--changes 'whole))

(defun vivo-document-take-changes ()
  "What has changed since the last time, as the server is told; nil if nothing."
  (when vivo-document--changes
    (let ((changes (if (and (listp vivo-document--changes)
                            (cl-every #'keywordp (mapcar #'car vivo-document--changes)))
                       (vconcat (reverse vivo-document--changes))
                     (vector (list :text (vivo-document-text))))))
      (setq vivo-document--changes nil)
      (list :textDocument (list :uri (vivo-document-uri)
                                :version (cl-incf vivo-document--version))
            :contentChanges changes))))

(provide 'vivo-document)
;;; vivo-document.el ends here
