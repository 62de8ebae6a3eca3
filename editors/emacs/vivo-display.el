;;; vivo-display.el --- Values beside the code  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What the server places on a line stands behind it, as overlays.  Rules:
;;
;; 1. The server says what stands where, and what is stale; here it is drawn.
;;    Between its words an overlay stays with its line, whatever is typed.
;; 2. Nothing is wider than the room that its window leaves on the line; the
;;    whole is told by the mouse, by eldoc and by `vivo-show-value'.
;; 3. Errors come before values (their overlays have priority 10).

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

(defcustom vivo-show-images t
  "Whether figures stand below their cell, where Emacs can show images."
  :type 'boolean
  :group 'vivo)

(defcustom vivo-image-height 200
  "The most pixels that a figure below its cell is high."
  :type 'natnum
  :group 'vivo)

(defconst vivo-display--least 12
  "The characters of a value that are shown, however narrow a window is.")

(defvar-local vivo-display--width nil
  "The width of the window for which the values were cut.")

;;; Drawing

(defun vivo-display-values (hints)
  "Show HINTS, the server's inlay hints, in the current buffer."
  (save-restriction
    (widen)
    (vivo-display-remove 'value)
    (let ((left 9) line)
      (mapc (lambda (hint)
              (let ((its (plist-get (plist-get hint :position) :line)))
                (setq left (if (eql line its) (max 0 (1- left)) 9)
                      line its))
              (vivo-display--value hint left))
            hints))
    (vivo-display-fit)))

(defun vivo-display--value (hint priority)
  "Show one HINT; on a line, what has the higher PRIORITY comes first."
  (let* ((place (vivo-document-point (plist-get hint :position)))
         (label (plist-get hint :label))
         (overlay (vivo-display-behind
                   place 'value label
                   (if (string-match-p "\\`⟶ (stale)" label) 'vivo-stale 'vivo-value))))
    (overlay-put overlay 'priority priority)
    (overlay-put overlay 'vivo-hint hint)
    (overlay-put overlay 'help-echo #'vivo-display--help)
    (when (and vivo-show-images (equal "figure" (plist-get (plist-get hint :data) :kind))
               (display-images-p))
      (vivo-display--figure overlay hint))))

(defun vivo-display-behind (place kind text face)
  "An overlay of KIND that shows TEXT in FACE behind the line of PLACE."
  (let* ((end (save-excursion (goto-char place) (line-end-position)))
         (start (save-excursion (goto-char end) (line-beginning-position)))
         ;; An empty overlay would vanish with `evaporate'.
         (overlay (make-overlay start end nil t nil)))
    (overlay-put overlay 'vivo kind)
    (overlay-put overlay 'evaporate (< start end))
    (overlay-put overlay 'vivo-text text)
    (overlay-put overlay 'vivo-face face)
    overlay))

(defun vivo-display-overlays (kind &optional start end)
  "The overlays of KIND between START and END, in order."
  (sort (cl-remove-if-not (lambda (overlay) (eq kind (overlay-get overlay 'vivo)))
                          (overlays-in (or start (point-min)) (or end (point-max))))
        (lambda (a b)
          (or (< (overlay-start a) (overlay-start b))
              (and (= (overlay-start a) (overlay-start b))
                   (> (or (overlay-get a 'priority) 0) (or (overlay-get b 'priority) 0)))))))

(defun vivo-display-remove (kind)
  "Remove the overlays of KIND from the current buffer."
  (save-restriction
    (widen)
    (remove-overlays (point-min) (point-max) 'vivo kind)))

;;; The room on a line

(defun vivo-display--columns ()
  "The columns of the narrowest window that shows the current buffer, or nil."
  (let ((windows (get-buffer-window-list nil nil 'visible)))
    (and windows (not noninteractive)
         (apply #'min (mapcar #'window-max-chars-per-line windows)))))

(defun vivo-display-fit (&optional columns)
  "Cut what stands behind each line to the room of COLUMNS, or of the window."
  (setq vivo-display--width (or columns (vivo-display--columns)))
  (save-restriction
    (widen)
    (let (line left)
      (dolist (overlay (sort (append (vivo-display-overlays 'error) (vivo-display-overlays 'warning)
                                     (vivo-display-overlays 'value))
                             (lambda (a b)
                               (let ((one (vivo-display--line a)) (other (vivo-display--line b)))
                                 (or (< one other)
                                     (and (= one other) (> (overlay-get a 'priority)
                                                           (overlay-get b 'priority))))))))
        (unless (eql line (vivo-display--line overlay))
          (setq line (vivo-display--line overlay)
                left (and vivo-display--width
                          (- vivo-display--width (vivo-display--used line) 1))))
        (let* ((text (overlay-get overlay 'vivo-text))
               (room (max vivo-display--least (- (min vivo-value-width (or left vivo-value-width)) 2)))
               (shown (truncate-string-to-width text room nil nil "…"))
               (image (overlay-get overlay 'vivo-image)))
          (when left (setq left (- left 2 (string-width shown))))
          ;; The cursor property keeps point before what stands at the line's end.
          (overlay-put overlay 'after-string
                       (concat (propertize "  " 'cursor 1)
                               (propertize shown 'face (overlay-get overlay 'vivo-face)
                                           'help-echo (vivo-display--mouse overlay))
                               (and image (concat "\n" image)))))))))

(defun vivo-display--line (overlay)
  "The beginning of the line behind which OVERLAY shows something."
  (save-excursion (goto-char (overlay-end overlay)) (line-beginning-position)))

(defun vivo-display--used (place)
  "The columns that the text of the line of PLACE takes."
  (save-excursion (goto-char place) (end-of-line) (current-column)))

(defun vivo-display-resized (&rest _)
  "Cut the values anew if the window's width is another."
  (let ((columns (vivo-display--columns)))
    (when (and columns (not (eql columns vivo-display--width)))
      (vivo-display-fit columns))))

;;; Edits

(defun vivo-display-after-change (start end &rest _)
  "Keep what stands behind the lines from START to END behind them."
  (save-match-data
    (dolist (overlay (overlays-in (save-excursion (goto-char start) (line-beginning-position))
                                  (save-excursion (goto-char end) (line-end-position))))
      (when (eq 'value (overlay-get overlay 'vivo))
        (save-excursion
          (goto-char (overlay-start overlay))
          (move-overlay overlay (line-beginning-position) (line-end-position)))))))

;;; The whole of a value

(defun vivo-display-plain (markdown)
  "MARKDOWN without its fences and marks."
  (let ((text (or markdown "")))
    (setq text (replace-regexp-in-string "^```[a-z]*\n?" "" text))
    (setq text (replace-regexp-in-string "!\\[[^]]*\\](data:[^)]*)" "" text))
    (setq text (replace-regexp-in-string "[`*]" "" text))
    (string-trim text)))

(defun vivo-display--resolved (hint)
  "HINT with its tooltip."
  (if (plist-get hint :tooltip)
      hint
    (or (vivo-connection-request-sync :inlayHint/resolve hint) hint)))

(defun vivo-display--whole (hint)
  "The whole text of HINT."
  (let* ((tooltip (plist-get (vivo-display--resolved hint) :tooltip))
         (text (vivo-display-plain (if (stringp tooltip) tooltip (plist-get tooltip :value)))))
    (if (string-empty-p text) (plist-get hint :label) text)))

(defun vivo-display--help (_window object _place)
  "The whole text of the value of the overlay OBJECT, for the mouse."
  (when (and (overlayp object) (overlay-get object 'vivo-hint) (overlay-buffer object))
    (with-current-buffer (overlay-buffer object)
      (vivo-display--whole (overlay-get object 'vivo-hint)))))

(defun vivo-display--mouse (overlay)
  "What the mouse is told over the text of OVERLAY."
  (let ((help (overlay-get overlay 'help-echo)))
    (if (functionp help)
        (lambda (&rest _) (funcall help nil overlay nil))
      help)))

(defun vivo-display-value-at-point ()
  "The first overlay of a value on the line of point, or nil."
  (car (vivo-display-overlays 'value (line-beginning-position)
                              (min (point-max) (1+ (line-end-position))))))

(defun vivo-show-value ()
  "Show the whole value that stands on this line."
  (interactive)
  (let* ((overlay (or (vivo-display-value-at-point) (user-error "There is no value on this line")))
         (text (vivo-display--whole (overlay-get overlay 'vivo-hint))))
    (with-help-window "*vivo value*"
      (princ text))))

(defun vivo-copy-value ()
  "Put the whole text of the value of the statement at point into the kill ring."
  (interactive)
  (vivo-connection-run "copyValue" (vivo-document-here) #'vivo-display--copied))

(defun vivo-display--copied (result)
  "Put the text of RESULT into the kill ring."
  (kill-new (plist-get result :text))
  (message "Copied %d characters" (length (plist-get result :text))))

(defun vivo-pin-value (&optional let-go)
  "Let the value of the statement at point stay.
With a prefix argument LET-GO, let it go with its cell."
  (interactive "P")
  (vivo-connection-run
   "pinValue" (append (vivo-document-here) (list :pinned (if let-go :json-false t)))
   (lambda (_) (message (if let-go "The value goes with its cell" "The value stays")))))

;;; Figures

(defun vivo-display--figure (overlay hint)
  "Show the small picture of HINT below the line of OVERLAY."
  (vivo-connection-request
   :inlayHint/resolve hint
   (lambda (resolved)
     (when (overlay-buffer overlay)
       (let ((images (vivo-display-images
                      (plist-get (plist-get resolved :tooltip) :value))))
         (when images
           (overlay-put overlay 'vivo-image
                        (mapconcat (lambda (image) (propertize " " 'display image)) images " "))
           (with-current-buffer (overlay-buffer overlay)
             (vivo-display-fit))))))
   #'ignore))

(defun vivo-display-images (markdown)
  "The pictures that MARKDOWN holds, as images of Emacs."
  (let ((from 0) images)
    (while (and markdown
                (string-match "(data:image/\\(png\\|jpeg\\);base64,\\([^)]*\\))" markdown from))
      (setq from (match-end 0))
      (push (create-image (base64-decode-string (match-string 2 markdown))
                          (intern (match-string 1 markdown)) t
                          :max-height vivo-image-height)
            images))
    (nreverse images)))

(provide 'vivo-display)
;;; vivo-display.el ends here
