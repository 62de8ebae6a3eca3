;;; vivo-transcript.el --- What a session did, as a growing text  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The text of an inferior buffer: inputs with their numbers, outputs, and at
;; its end a place to type.  Rules:
;;
;; 1. Outputs go where `vivo-transcript--end' is; behind it stand the inputs
;;    that wait, the prompt, and what is being typed, from the process mark
;;    on.  So whatever comes leaves alone what is being typed.
;; 2. Inputs hold the code alone; what makes their lines stand below each
;;    other is a prefix that is shown and not there.
;; 3. The buffer is bounded by `vivo-inferior-maximum-size'.

;;; Code:

(require 'ansi-color)
(require 'cl-lib)
(require 'comint)
(require 'python)
(require 'vivo-settings)

(defcustom vivo-inferior-maximum-size 1000000
  "The most characters of an inferior buffer: what is older is cut off."
  :type 'natnum
  :group 'vivo)

(defcustom vivo-inferior-image-height 400
  "The most pixels that a picture in an inferior buffer is high."
  :type 'natnum
  :group 'vivo)

(defface vivo-inferior-out
  '((((background dark)) :foreground "#e06c75") (t :foreground "#a3262e"))
  "The numbers of results."
  :group 'vivo)

(defconst vivo-transcript--longest-line 20000
  "The characters after which a line is broken: Emacs is slow on longer ones.")

(defvar-local vivo-transcript--end nil
  "A marker where the outputs end.")
(defvar-local vivo-transcript--drawn nil
  "What stands between the outputs and what is being typed.")
(defvar-local vivo-transcript--returned nil
  "Whether the output ended with a carriage return.
What comes next begins the line anew then.")
(defvar-local vivo-transcript--column 0
  "How many characters of an unended line have come.")
(defvar-local vivo-transcript--shown nil
  "By display id, a pair of markers around what is displayed.")
(defvar-local vivo-transcript--prefix nil
  "The overlay that lets the lines of an input stand below each other.")

(defun vivo-transcript-begin ()
  "Begin a transcript in the current buffer, which has a process."
  (setq vivo-transcript--end (copy-marker (point-max))
        vivo-transcript--shown (make-hash-table :test #'equal)
        vivo-transcript--prefix (make-overlay (point-max) (point-max) nil nil t))
  (set-marker (process-mark (get-buffer-process (current-buffer))) (point-max)))

(defun vivo-transcript-input-start ()
  "Where begins what is being typed."
  (process-mark (get-buffer-process (current-buffer))))

(defun vivo-transcript-typed ()
  "What is being typed."
  (buffer-substring-no-properties (vivo-transcript-input-start) (point-max)))

;;; Changing it

(defmacro vivo-transcript--changing (&rest body)
  "Run BODY, which changes the buffer before what is being typed.
Whoever is there, and each window, stays at what is being typed."
  (declare (indent 0))
  `(let* ((inhibit-read-only t)
          (back (and (>= (point) vivo-transcript--end) (- (point-max) (point))))
          (windows (cl-loop for window in (get-buffer-window-list nil nil t)
                            when (>= (window-point window) vivo-transcript--end)
                            collect (cons window (- (point-max) (window-point window)))))
          (undo buffer-undo-list))
     (setq buffer-undo-list t)
     (unwind-protect
         (if back (progn ,@body) (save-excursion ,@body))
       ;; What could be undone stands elsewhere now.
       (setq buffer-undo-list (if (eq undo t) t nil)))
     (when back
       (goto-char (max (point-min) (- (point-max) back))))
     (pcase-dolist (`(,window . ,left) windows)
       (set-window-point window (max (point-min) (- (point-max) left))))))

(defun vivo-transcript-insert (text)
  "Insert TEXT, with its properties, behind the outputs."
  (vivo-transcript--changing
    (goto-char vivo-transcript--end)
    (let* ((start (point))
           (mark (vivo-transcript-input-start))
           (is-next (= mark start)))
      (insert text)
      (add-text-properties start (point) '(front-sticky nil rear-nonsticky t))
      (set-marker vivo-transcript--end (point))
      (when is-next
        (set-marker mark (point))
        (move-overlay vivo-transcript--prefix mark (point-max)))))
  (when (> (buffer-size) (+ vivo-inferior-maximum-size (/ vivo-inferior-maximum-size 4)))
    (vivo-transcript--cut)))

(defun vivo-transcript--cut ()
  "Cut off the oldest lines, until the buffer is as large as it may be."
  (vivo-transcript--changing
    (let ((place (min vivo-transcript--end (- (point-max) vivo-inferior-maximum-size)))
          (inhibit-field-text-motion t))
      (goto-char place)
      (forward-line 1)
      ;; A very long line is cut inside.
      (when (> (- (point) place) (/ vivo-inferior-maximum-size 10)) (goto-char place))
      (delete-region (point-min) (min (point) vivo-transcript--end)))))

(defun vivo-transcript--line-start ()
  "Where the last line of the outputs begins."
  (save-excursion
    (goto-char vivo-transcript--end)
    (let ((inhibit-field-text-motion t))
      (line-beginning-position))))

(defun vivo-transcript-fresh-line ()
  "Let what comes next begin a line."
  (setq vivo-transcript--returned nil
        vivo-transcript--column 0)
  (unless (= vivo-transcript--end (vivo-transcript--line-start))
    (vivo-transcript-insert (propertize "\n" 'field 'output))))

;;; Outputs

(defun vivo-transcript-output (text)
  "Show TEXT, which a program printed.
It has colours, and lines that are written over."
  (let* ((text (replace-regexp-in-string "\r+\n" "\n" text))
         (writes-over (or (and vivo-transcript--returned (not (string-prefix-p "\n" text)))
                          (string-match-p "\\`[^\n]*\r[^\r\n]" text))))
    (unless (string-empty-p text)
      (setq vivo-transcript--returned (string-suffix-p "\r" text))
      (when (string-search "\r" text)
        (setq text (mapconcat #'vivo-transcript--settled (split-string text "\n") "\n")))
      (setq text (propertize (ansi-color-apply (vivo-transcript--broken text)) 'field 'output))
      (if writes-over
          (vivo-transcript--changing
            (delete-region (vivo-transcript--line-start) vivo-transcript--end)
            (goto-char vivo-transcript--end)))
      (vivo-transcript-insert text))))

(defun vivo-transcript--settled (line)
  "LINE as it stands after its carriage returns."
  (car (last (split-string line "\r+" t))))

(defun vivo-transcript--broken (text)
  "TEXT with its longest lines broken."
  (if (<= (+ vivo-transcript--column (length text)) vivo-transcript--longest-line)
      (progn
        (setq vivo-transcript--column
              (if (string-search "\n" text) 0 (+ vivo-transcript--column (length text))))
        text)
    (mapconcat
     #'identity
     (cl-loop for line in (split-string text "\n")
              for first = t then nil
              unless first do (setq vivo-transcript--column 0)
              collect (let ((pieces nil))
                        (while (> (+ vivo-transcript--column (length line))
                                  vivo-transcript--longest-line)
                          (let ((room (- vivo-transcript--longest-line vivo-transcript--column)))
                            (push (substring line 0 room) pieces)
                            (setq line (substring line room)
                                  vivo-transcript--column 0)))
                        (cl-incf vivo-transcript--column (length line))
                        (mapconcat #'identity (nreverse (cons line pieces)) "\n")))
     "\n")))

(defun vivo-transcript-notice (text &optional button)
  "Tell TEXT on a line of its own; BUTTON is what happens when it is pressed."
  (vivo-transcript-fresh-line)
  (let ((line (propertize (concat "-- " text "\n") 'field 'output 'font-lock-face 'shadow)))
    (when button
      (setq line (propertize line 'mouse-face 'highlight 'follow-link t
                             'help-echo "RET, mouse-2: go there" 'vivo-button button)))
    (vivo-transcript-insert line)))

(defun vivo-transcript-result (count data)
  "Show the result DATA, a MIME bundle, with its COUNT."
  (vivo-transcript-fresh-line)
  (let* ((text (vivo-transcript--text data))
         (head (format "Out[%s]:" (or count " "))))
    (vivo-transcript-insert
     (concat (propertize head 'field 'output 'font-lock-face 'vivo-inferior-out)
             (propertize (if (string-search "\n" text) "\n" " ") 'field 'output)))
    (vivo-transcript-output text)
    (vivo-transcript-fresh-line)
    (vivo-transcript--picture data)))

(defun vivo-transcript--text (data)
  "The text of the MIME bundle DATA."
  (let ((text (plist-get data :text/plain)))
    (cond ((stringp text) text)
          (text (mapconcat #'identity text ""))
          (t ""))))

(defun vivo-transcript-display (data display-id)
  "Show DATA, a MIME bundle, which may be changed under DISPLAY-ID."
  (vivo-transcript-fresh-line)
  (let ((start (marker-position vivo-transcript--end)))
    (unless (and (vivo-transcript--has-picture data) (display-images-p))
      (vivo-transcript-output (vivo-transcript--text data))
      (vivo-transcript-fresh-line))
    (vivo-transcript--picture data)
    (when display-id
      (puthash display-id (cons (copy-marker start) (copy-marker vivo-transcript--end))
               vivo-transcript--shown))))

(defun vivo-transcript-update (data display-id)
  "Let what was displayed under DISPLAY-ID be DATA from now on."
  (pcase (gethash display-id vivo-transcript--shown)
    (`(,start . ,end)
     (if (or (= start end) (> end vivo-transcript--end))
         (vivo-transcript-display data display-id)
       (let ((last (copy-marker vivo-transcript--end)))
         (vivo-transcript--changing (delete-region start end))
         (set-marker vivo-transcript--end start)
         (set-marker-insertion-type last t)
         (vivo-transcript-display data display-id)
         (set-marker vivo-transcript--end last))))))

(defun vivo-transcript-clear (start)
  "Take away what was shown from START on."
  (vivo-transcript--changing
    (delete-region (min start vivo-transcript--end) vivo-transcript--end))
  (setq vivo-transcript--returned nil
        vivo-transcript--column 0))

;;; Pictures

(defun vivo-transcript--has-picture (data)
  "The first picture that DATA holds: its type, suffix and bytes; nil if none."
  (cl-loop for (key type suffix) in '((:image/png png ".png") (:image/jpeg jpeg ".jpg")
                                      (:image/svg+xml svg ".svg"))
           for told = (plist-get data key)
           when (stringp told)
           return (list type suffix
                        (if (eq type 'svg) (encode-coding-string told 'utf-8)
                          (base64-decode-string told)))))

(defun vivo-transcript--picture (data)
  "Show the picture of DATA, if there is one.
It is shown as such, else as a line that opens it."
  (pcase (vivo-transcript--has-picture data)
    (`(,type ,suffix ,bytes)
     (let ((open (lambda () (vivo-transcript--open-picture suffix bytes))))
       (vivo-transcript-insert
        (if (and (display-images-p) (image-type-available-p type))
            (concat (propertize "picture" 'display
                                (create-image bytes type t
                                              :max-height vivo-inferior-image-height)
                                'field 'output 'vivo-button open
                                'help-echo "RET, mouse-2: open it")
                    (propertize "\n" 'field 'output))
          (concat (propertize (format "[%s, %s: RET opens it]" (upcase (symbol-name type))
                                      (file-size-human-readable (length bytes) 'iec))
                              'field 'output 'font-lock-face 'link 'mouse-face 'highlight
                              'vivo-button open)
                  (propertize "\n" 'field 'output))))))))

(defun vivo-transcript--open-picture (suffix bytes)
  "Put a picture of BYTES into a file that ends with SUFFIX, and open it.
In a terminal tell the file's name, and put it into the kill ring."
  (let ((file (make-temp-file "vivo-" nil suffix))
        (coding-system-for-write 'no-conversion))
    (write-region bytes nil file nil 'silent)
    (if (display-images-p)
        (find-file-other-window file)
      (message "vivo: the picture is in %s" file)
      (kill-new file))))

(defun vivo-transcript-press (place)
  "Do what stands at PLACE to be pressed; whether there was anything."
  (when-let ((action (get-text-property place 'vivo-button)))
    (funcall action)
    t))

;;; Inputs and the prompt

(defun vivo-transcript--prompt (text)
  "TEXT as a prompt."
  (propertize text 'field 'output 'read-only t 'font-lock-face 'comint-highlight-prompt
              'front-sticky '(read-only) 'rear-nonsticky t))

(defun vivo-transcript-prompt-text (count)
  "The prompt with COUNT."
  (format "In [%s]: " (or count " ")))

(defun vivo-transcript--below (prompt)
  "What lets lines stand below an input that is behind PROMPT."
  (propertize (concat (make-string (max 0 (- (string-width prompt) 5)) ?\s) "...: ")
              'face 'comint-highlight-prompt))

(defun vivo-transcript--code (code prompt)
  "CODE as an input behind PROMPT."
  (let ((below (vivo-transcript--below prompt)))
    (concat (propertize prompt 'field 'output 'font-lock-face 'comint-highlight-prompt)
            (propertize (vivo-transcript--coloured code) 'line-prefix below 'wrap-prefix below
                        'vivo-input t)
            (propertize "\n" 'field 'boundary))))

(defun vivo-transcript-echo (code count)
  "Show that CODE runs as number COUNT."
  (vivo-transcript-fresh-line)
  (setq ansi-color-context nil)
  (vivo-transcript-insert (vivo-transcript--code code (vivo-transcript-prompt-text count))))

(defun vivo-transcript--coloured (code)
  "CODE in the colours of Python."
  (if (> (length code) 5000)
      code
    (with-current-buffer (get-buffer-create " *vivo colours*")
      (unless (derived-mode-p 'python-mode)
        (let ((python-indent-guess-indent-offset nil))
          (delay-mode-hooks (python-mode))))
      (let ((inhibit-read-only t))
        (erase-buffer)
        (insert code)
        (ignore-errors (font-lock-ensure)) ; colours are no reason to lose the code
        (let ((place (point-min)))
          (while (< place (point-max))
            (let ((next (next-single-property-change place 'face nil (point-max)))
                  (face (get-text-property place 'face)))
              (when face (put-text-property place next 'font-lock-face face))
              (setq place next))))
        (let ((text (buffer-string)))
          (remove-text-properties 0 (length text) '(face nil fontified nil syntax-table nil) text)
          text)))))

(defun vivo-transcript-redraw ()
  "What stands behind the outputs is another: draw it when it is told."
  (setq vivo-transcript--drawn nil))

(defun vivo-transcript-draw (waiting prompt &optional on-the-line)
  "Show the inputs WAITING, each with its prompt, and behind them the PROMPT.
It goes on ON-THE-LINE of the outputs, or begins one."
  (let* ((is-open (not (= vivo-transcript--end (vivo-transcript--line-start))))
         (wanted (list is-open waiting prompt on-the-line)))
    (unless (equal wanted vivo-transcript--drawn)
      (vivo-transcript--changing
        (let ((mark (vivo-transcript-input-start)))
          (delete-region vivo-transcript--end mark)
          (goto-char vivo-transcript--end)
          (let ((start (point)))
            (when (and is-open (not on-the-line))
              (insert (propertize "\n" 'field 'output 'read-only t 'rear-nonsticky t)))
            (pcase-dolist (`(,code . ,its) waiting)
              (insert (propertize (vivo-transcript--code code its) 'read-only t 'rear-nonsticky t)))
            (insert (vivo-transcript--prompt prompt))
            (set-marker vivo-transcript--end start)
            (set-marker mark (point)))
          (move-overlay vivo-transcript--prefix mark (point-max))
          (overlay-put vivo-transcript--prefix 'line-prefix
                       (unless (or on-the-line (string-empty-p prompt))
                         (vivo-transcript--below prompt)))))
      (setq vivo-transcript--drawn wanted))))

(provide 'vivo-transcript)
;;; vivo-transcript.el ends here
