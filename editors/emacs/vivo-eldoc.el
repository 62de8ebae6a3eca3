;;; vivo-eldoc.el --- Live values in the echo area  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Two functions for eldoc: what the object at point is just now, and what
;; stands behind the line in full.  What has not run is left to others.

;;; Code:

(require 'vivo-connection)
(require 'vivo-display)

(defun vivo-eldoc (callback &rest _)
  "Tell eldoc's CALLBACK of the live object at point, in a line."
  (when (and (vivo-connection-is-live)
             (or (thing-at-point 'symbol) (looking-at-p "[%!]")))
    (vivo-connection-request
     'vivo/inspect (append (vivo-document-here) (list :count 0))
     (lambda (told)
       (if (equal "live" (plist-get told :provenance))
           (funcall callback (vivo-eldoc-line told)
                    :thing (vivo-eldoc--thing told) :face 'font-lock-variable-name-face)
         (funcall callback nil)))
     (lambda (_) (funcall callback nil)))
    t))

(defun vivo-eldoc--thing (told)
  "The name in TOLD, without what its line tells already."
  (if (plist-get told :signature) "live" (plist-get told :name)))

(defun vivo-eldoc-line (told)
  "What is TOLD of an object, in a line: its kind, then its value."
  (let* ((facts (delq nil (list (plist-get told :type)
                                (plist-get told :shape)
                                (plist-get told :dtype)
                                (and (plist-get told :length)
                                     (null (plist-get told :shape))
                                     (format "length %s" (plist-get told :length))))))
         (value (or (plist-get told :signature) (plist-get told :stringForm) ""))
         (lines (split-string (string-trim value) "\n")))
    (concat (propertize (mapconcat (lambda (fact) (format "%s" fact)) facts " ") 'face 'shadow)
            (if (string-empty-p value) "" (concat " = " (car lines)))
            (if (cdr lines) " …" "")
            (and (plist-get told :known) (propertize "  (as it was)" 'face 'vivo-stale)))))

(defun vivo-eldoc-value (callback &rest _)
  "Tell eldoc's CALLBACK what stands behind the line of point but did not fit."
  (when-let* ((overlay (vivo-display-value-at-point))
              (hint (overlay-get overlay 'vivo-hint))
              ((string-suffix-p "…" (overlay-get overlay 'after-string)))
              ((vivo-connection-is-live)))
    (vivo-connection-request
     :inlayHint/resolve hint
     (lambda (resolved)
       (let ((tooltip (plist-get resolved :tooltip)))
         (funcall callback (vivo-eldoc--on-a-line
                            (vivo-display-plain
                             (if (stringp tooltip) tooltip (plist-get tooltip :value)))))))
     (lambda (_) (funcall callback nil)))
    t))

(defun vivo-eldoc--on-a-line (text)
  "TEXT with its white space folded, as much as an echo area may tell."
  (truncate-string-to-width (mapconcat #'identity (split-string text) " ") 1000 nil nil "…"))

(provide 'vivo-eldoc)
;;; vivo-eldoc.el ends here
