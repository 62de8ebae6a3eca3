;;; vivo-display.el --- Values and errors in the source buffer  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What the server places is drawn as overlays: values after the end of
;; their line, errors underlined.

;;; Code:

(require 'vivo-connection)

(defface vivo-value
  '((((background dark)) :foreground "#7fc99a") (t :foreground "#2e7d4f"))
  "Values beside the code."
  :group 'vivo)

(defface vivo-stale
  '((t :inherit shadow :slant italic))
  "Values whose code has changed since."
  :group 'vivo)

(defface vivo-error
  '((((supports :underline (:style wave))) :underline (:style wave :color "red"))
    (t :inherit error :underline t))
  "The line on which a cell failed."
  :group 'vivo)

(defun vivo-display-values (hints)
  "Show HINTS, the server's inlay hints, in the current buffer."
  (save-restriction
    (widen)
    (remove-overlays (point-min) (point-max) 'vivo 'value)
    (mapc #'vivo-display--value hints)))

(defun vivo-display--value (hint)
  "Show one HINT."
  (let* ((end (save-excursion
                (goto-char (vivo-connection-point (plist-get hint :position)))
                (line-end-position)))
         (start (save-excursion (goto-char end) (line-beginning-position)))
         (label (plist-get hint :label))
         (face (if (string-match-p "(stale)" label) 'vivo-stale 'vivo-value))
         (overlay (make-overlay start end nil t nil)))
    (overlay-put overlay 'vivo 'value)
    (overlay-put overlay 'evaporate t)
    ;; The cursor property keeps point before the value at the line's end.
    (overlay-put overlay 'after-string
                 (concat (propertize "  " 'cursor 1) (propertize label 'face face)))
    (overlay-put overlay 'help-echo
                 (vivo-display-plain (plist-get (plist-get hint :tooltip) :value)))))

(defun vivo-display-plain (markdown)
  "MARKDOWN without its fences and marks."
  (let ((text (or markdown "")))
    (setq text (replace-regexp-in-string "^```[a-z]*\n?" "" text))
    (setq text (replace-regexp-in-string "[`*]" "" text))
    (string-trim text)))

(defun vivo-display-diagnostics (diagnostics)
  "Underline the errors among DIAGNOSTICS in the current buffer."
  (save-restriction
    (widen)
    (remove-overlays (point-min) (point-max) 'vivo 'error)
    (mapc
     (lambda (diagnostic)
       (when (eql 1 (plist-get diagnostic :severity))
         (let* ((range (plist-get diagnostic :range))
                (overlay (make-overlay
                          (vivo-connection-point (plist-get range :start))
                          (vivo-connection-point (plist-get range :end)))))
           (overlay-put overlay 'vivo 'error)
           (overlay-put overlay 'priority 10) ; over the variables that stand on its line
           (overlay-put overlay 'face 'vivo-error)
           (overlay-put overlay 'evaporate t)
           (overlay-put overlay 'help-echo (plist-get diagnostic :message))
           (overlay-put overlay 'after-string
                        (concat (propertize "  " 'cursor 1)
                                (propertize (concat "✗ " (plist-get diagnostic :message))
                                            'face 'error))))))
     diagnostics)))

(defun vivo-display-clear-buffer ()
  "Remove everything that is shown in the current buffer."
  (save-restriction
    (widen)
    (dolist (kind '(value error))
      (remove-overlays (point-min) (point-max) 'vivo kind))))

(defun vivo-display--errors ()
  "The places of the errors in the buffer, in order."
  (sort (delq nil (mapcar (lambda (overlay)
                            (and (eq 'error (overlay-get overlay 'vivo))
                                 (overlay-start overlay)))
                          (overlays-in (point-min) (point-max))))
        #'<))

(defun vivo-next-error ()
  "Go to the next error of a cell."
  (interactive)
  (let ((next (cl-find-if (lambda (place) (> place (point))) (vivo-display--errors))))
    (if next (goto-char next) (user-error "There is no further error"))))

(defun vivo-previous-error ()
  "Go to the previous error of a cell."
  (interactive)
  (let ((found (cl-find-if (lambda (place) (< place (point)))
                           (reverse (vivo-display--errors)))))
    (if found (goto-char found) (user-error "There is no earlier error"))))

(provide 'vivo-display)
;;; vivo-display.el ends here
