;;; window.el --- A figure in a window of Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by window.sh inside of an Emacs that has a window.  Ends with status 0 if all is as it should be.

;;; Code:

(require 'vivo)

(defvar window-folder (getenv "VIVO_WINDOW_FOLDER") "Where the files are.")

(defun window-wait (what predicate)
  "Wait for WHAT until PREDICATE holds, redrawing; end with status 1 if it never does."
  (let ((deadline (+ (float-time) 100)))
    (while (not (funcall predicate))
      (when (> (float-time) deadline)
        (window-end 1 (format "timed out waiting for %s: %s" what
                              (mapcar (lambda (overlay) (overlay-get overlay 'vivo-text))
                                      (vivo-display-overlays 'value)))))
      (accept-process-output nil 0.05)
      (redisplay t))))

(defun window-end (status text)
  "End Emacs with STATUS, after TEXT."
  (write-region (concat text "\n") nil (expand-file-name "result" window-folder))
  (set-buffer-modified-p nil)
  (let ((kill-emacs-query-functions nil))
    (kill-emacs status)))

(defun window-run ()
  "Run the cells of the file and look at the window."
  (condition-case error
      (progn
        (setq vivo-server-command (list (expand-file-name ".venv/bin/vivo" (getenv "VIVO_TEST_ROOT")) "lsp")
              vivo-python (expand-file-name ".venv/bin/python" (getenv "VIVO_TEST_ROOT"))
              python-indent-guess-indent-offset nil)
        (find-file (expand-file-name "plot.py" window-folder))
        (delete-other-windows)
        (vivo-mode 1)
        (vivo-run-all)
        (window-wait "the value" (lambda () (cl-some (lambda (overlay) (equal "⟶ 42" (overlay-get overlay 'vivo-text)))
                                                     (vivo-display-overlays 'value))))
        (window-wait "the figure" (lambda () (cl-some (lambda (overlay) (overlay-get overlay 'vivo-image))
                                                      (vivo-display-overlays 'value))))
        (let* ((overlay (cl-find-if (lambda (each) (overlay-get each 'vivo-image)) (vivo-display-overlays 'value)))
               (image (get-text-property 0 'display (overlay-get overlay 'vivo-image)))
               (size (image-size image t)))
          (redisplay t)
          (when (fboundp 'x-export-frames)
            (let ((coding-system-for-write 'binary))
              (write-region (x-export-frames nil 'png) nil (expand-file-name "picture.png" window-folder) nil 'silent)))
          (unless (and (> (car size) 50) (<= (cdr size) vivo-image-height)
                       ;; The last line is below the picture.
                       (> (cdr (posn-x-y (posn-at-point (- (point-max) 2)))) (cdr size)))
            (window-end 1 (format "the picture is not there: %S" size))))
        (window-inferior)
        (window-end 0 "2 passed, 0 failed"))
    (error (window-end 1 (format "failed: %S" error)))))

(defun window-inferior ()
  "Draw the figure again, from the inferior buffer, and look at it there."
  (let ((root (vivo-connection-root (vivo-connection-current))) place)
    (vivo-switch-to-inferior)
    (window-wait "the inferior buffer" (lambda () (car (vivo-inferior-buffers root))))
    (set-buffer (car (vivo-inferior-buffers root)))
    (window-wait "the echo of the cells" (lambda () (save-excursion
                                                      (goto-char (point-min))
                                                      (search-forward "42" nil t))))
    (goto-char (point-max))
    (insert "plt.plot([2, 1]); plt.show()")
    (call-interactively (key-binding (kbd "RET")))
    (window-wait "the picture in the inferior buffer"
                 (lambda ()
                   (save-excursion
                     (goto-char (point-min))
                     (and (search-forward "plt.plot([2, 1])" nil t)
                          (setq place (next-single-property-change (point) 'display))
                          (eq 'image (car-safe (get-text-property place 'display)))))))
    (let ((size (image-size (get-text-property place 'display) t)))
      (unless (and (> (car size) 50) (<= (cdr size) vivo-inferior-image-height))
        (window-end 1 (format "the picture of the inferior buffer is not there: %S" size))))))

(run-with-timer 0.5 nil #'window-run)

;;; window.el ends here
