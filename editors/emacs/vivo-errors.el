;;; vivo-errors.el --- Errors and warnings of cells in the source  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The failing line of a cell is underlined, and the error stands behind it.
;; `next-error' goes through them, and flymake lists them, where it is on.

;;; Code:

(require 'vivo-display)
(require 'vivo-pages)
(require 'flymake)

(defface vivo-error
  '((((supports :underline (:style wave))) :underline (:style wave :color "red"))
    (t :inherit error :underline t))
  "The line on which a cell failed."
  :group 'vivo)

(defface vivo-warning
  '((((supports :underline (:style wave))) :underline (:style wave :color "orange"))
    (t :inherit warning :underline t))
  "A line of which a cell has warned."
  :group 'vivo)

(defconst vivo-errors--kinds
  '((1 error vivo-error error "✗ " :error) (2 warning vivo-warning warning "! " :warning))
  "By LSP's severity how it is drawn.
The kind of overlay, its face, that of its text, a mark, flymake's type.")

(defvar-local vivo-errors--diagnostics nil
  "What the server has said of the buffer.")
(defvar-local vivo-errors--report nil
  "Flymake's function to report to, if it has asked.")

;;; Drawing

(defun vivo-errors--published (connection params)
  "Show the diagnostics of PARAMS in the buffer of CONNECTION that they are about."
  (when-let ((buffer (vivo-connection-buffer (plist-get params :uri) connection)))
    (with-current-buffer buffer
      (setq vivo-errors--diagnostics (append (plist-get params :diagnostics) nil))
      (vivo-errors--draw)
      (when vivo-errors--report
        (funcall vivo-errors--report (vivo-errors--for-flymake)
                 :region (cons (point-min) (point-max)))))))

(vivo-connection-on 'textDocument/publishDiagnostics #'vivo-errors--published)

(defun vivo-errors--draw ()
  "Draw what the server has said of the buffer."
  (save-restriction
    (widen)
    (vivo-display-remove 'error)
    (vivo-display-remove 'warning)
    (dolist (diagnostic vivo-errors--diagnostics)
      (pcase (alist-get (plist-get diagnostic :severity) vivo-errors--kinds)
        (`(,kind ,face ,text-face ,mark ,_)
         (vivo-errors--overlay diagnostic kind face text-face mark))))
    (vivo-display-fit)))

(defun vivo-errors--overlay (diagnostic kind face text-face mark)
  "Draw DIAGNOSTIC as KIND: its range in FACE, MARK and message in TEXT-FACE."
  (let* ((bounds (vivo-document-bounds (plist-get diagnostic :range)))
         (message (plist-get diagnostic :message))
         (overlay (make-overlay (car bounds) (cdr bounds))))
    (overlay-put overlay 'vivo kind)
    (overlay-put overlay 'priority 10) ; over the variables that stand on its line
    (overlay-put overlay 'face face)
    (overlay-put overlay 'evaporate t)
    (overlay-put overlay 'help-echo message)
    (overlay-put overlay 'vivo-diagnostic diagnostic)
    (overlay-put overlay 'vivo-text (concat mark (car (split-string message "\n"))))
    (overlay-put overlay 'vivo-face text-face)))

(defun vivo-errors-clear ()
  "Remove what is shown of errors in the current buffer."
  (setq vivo-errors--diagnostics nil)
  (vivo-display-remove 'error)
  (vivo-display-remove 'warning)
  (when vivo-errors--report
    (funcall vivo-errors--report nil)
    (setq vivo-errors--report nil)))

;;; Flymake

(defun vivo-errors-flymake (report &rest _)
  "Tell flymake's REPORT of the errors of cells, now and when they change."
  (setq vivo-errors--report report)
  (funcall report (vivo-errors--for-flymake)))

(defun vivo-errors--for-flymake ()
  "The errors and warnings of the buffer, as flymake has them."
  (cl-loop for diagnostic in vivo-errors--diagnostics
           for kind = (alist-get (plist-get diagnostic :severity) vivo-errors--kinds)
           for bounds = (vivo-document-bounds (plist-get diagnostic :range))
           when kind
           collect (flymake-make-diagnostic (current-buffer) (car bounds) (cdr bounds)
                                            (nth 4 kind)
                                            (concat "vivo: " (plist-get diagnostic :message)))))

;;; From one to the next

(defun vivo-errors-places ()
  "The places of the errors in the buffer, in order."
  (mapcar #'overlay-start (vivo-display-overlays 'error)))

(defun vivo-errors--go (place)
  "Go to the error at PLACE and tell it, with its frames."
  (goto-char place)
  (let ((overlay (car (vivo-display-overlays 'error place (1+ place)))))
    (when overlay
      (message "%s" (vivo-errors-told (overlay-get overlay 'vivo-diagnostic))))))

(defun vivo-errors-told (diagnostic)
  "The text of DIAGNOSTIC, with the frames that lead to it, innermost first."
  (mapconcat
   #'identity
   (cons (plist-get diagnostic :message)
         (mapcar (lambda (related)
                   (let ((location (plist-get related :location)))
                     (format "  %s, %s:%d" (plist-get related :message)
                             (file-name-nondirectory
                              (url-unhex-string (plist-get location :uri)))
                             (1+ (plist-get (plist-get (plist-get location :range) :start)
                                            :line)))))
                 (plist-get diagnostic :relatedInformation)))
   "\n"))

(defun vivo-next-error (&optional count)
  "Go to the next error of a cell, or COUNT errors on."
  (interactive "p")
  (let* ((count (or count 1))
         (places (vivo-errors-places))
         (before (cl-count-if (lambda (place) (< place (point))) places))
         (at (cl-count (point) places))
         (index (if (> count 0) (+ before at count -1) (+ before count))))
    (if (and (>= index 0) (< index (length places)))
        (vivo-errors--go (nth index places))
      (user-error (cond ((null places) "No cell of this buffer has failed")
                        ((> count 0) "There is no further error")
                        (t "There is no earlier error"))))))

(defun vivo-previous-error (&optional count)
  "Go to the previous error of a cell, or COUNT errors back."
  (interactive "p")
  (vivo-next-error (- (or count 1))))

(defun vivo-errors-next-error (count &optional reset)
  "Go COUNT errors on, for `next-error'; with RESET from the beginning."
  (when reset (goto-char (point-min)))
  (if (zerop count)
      (let ((places (vivo-errors-places)))
        (when places (vivo-errors--go (or (cl-find (point) places) (car places)))))
    (vivo-next-error count)))

;; Beside others who have a say in `next-error': where no cell has failed,
;; what they do.

(defvar-local vivo-errors--next-before nil
  "The buffer's `next-error-function' before vivo's.")

(defun vivo-errors--next (count &optional reset)
  "Go COUNT errors on, of cells, else of what was gone through before.
With RESET from the beginning."
  (if (or (vivo-errors-places) (null vivo-errors--next-before))
      (vivo-errors-next-error count reset)
    (funcall vivo-errors--next-before count reset)))

(defun vivo-errors-join-next-error ()
  "Let `next-error' go through the errors of the buffer's cells."
  (unless (eq next-error-function #'vivo-errors--next)
    (setq vivo-errors--next-before next-error-function)
    (setq-local next-error-function #'vivo-errors--next)))

(defun vivo-errors-leave-next-error ()
  "Let `next-error' do what it did before."
  (when (eq next-error-function #'vivo-errors--next)
    (setq-local next-error-function vivo-errors--next-before)))

(defun vivo-copy-traceback ()
  "Put the traceback of the error at point into the kill ring."
  (interactive)
  (vivo-connection-run "copyTraceback" (vivo-document-here) #'vivo-display--copied))

(defun vivo-visit-frame ()
  "Go to a frame of the error on this line, chosen if there are several."
  (interactive)
  (let* ((overlay (or (car (vivo-display-overlays 'error (line-beginning-position)
                                                  (line-end-position)))
                      (user-error "There is no error on this line")))
         (frames (mapcar (lambda (related)
                           (cons (vivo-errors--frame-name related) related))
                         (plist-get (overlay-get overlay 'vivo-diagnostic)
                                    :relatedInformation)))
         (chosen (cond ((null frames) (user-error "This error has no other frame"))
                       ((cdr frames) (completing-read "Frame: " frames nil t))
                       (t (caar frames)))))
    (vivo-pages-visit (plist-get (cdr (assoc chosen frames)) :location))))

(defun vivo-errors--frame-name (related)
  "How the frame RELATED is called in a list of them."
  (let* ((location (plist-get related :location))
         (start (plist-get (plist-get location :range) :start)))
    (format "%s:%d %s" (file-name-nondirectory (url-unhex-string (plist-get location :uri)))
            (1+ (plist-get start :line)) (plist-get related :message))))

(provide 'vivo-errors)
;;; vivo-errors.el ends here
