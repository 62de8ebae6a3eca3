;;; tutorial.el --- What a reader of the tutorial sees in Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; Loaded by tutorial.sh, which gives the keys.  Some times a second this writes what is seen in the windows
;; into a file, and takes a picture when one is wanted.

;;; Code:

(setq inhibit-startup-screen t
      native-comp-async-report-warnings-errors nil
      warning-minimum-level :emergency
      ring-bell-function #'ignore
      make-backup-files nil
      python-indent-guess-indent-offset nil
      vc-handled-backends nil)

(require 'vivo)

(defvar tutorial-folder (getenv "VIVO_TUTORIAL_FOLDER") "Where the files are.")

(setq vivo-server-command (list (expand-file-name ".venv/bin/vivo" (getenv "VIVO_TEST_ROOT")) "lsp"))
(add-hook 'python-mode-hook #'vivo-mode)

;; What C-y yanks is in a file.
(setq interprogram-paste-function
      (lambda ()
        (let ((file (expand-file-name "clipboard" tutorial-folder)))
          (when (file-exists-p file)
            (with-temp-buffer
              (insert-file-contents file)
              (buffer-string))))))

(defun tutorial-text (window)
  "What WINDOW shows: its text, with what overlays put there, and its mode line."
  (with-current-buffer (window-buffer window)
    (let ((position (window-start window)) (end (point-max)) parts)
      (while (< position end)
        (let ((next (min end (next-overlay-change position))))
          (push (buffer-substring-no-properties position next) parts)
          (dolist (overlay (overlays-in position next))
            (when (= next (overlay-end overlay))
              (let ((after (overlay-get overlay 'after-string)))
                (when after (push after parts)))
              (when (overlay-get overlay 'vivo-image) (push " IMAGE " parts))))
          (setq position next)))
      (concat (mapconcat #'substring-no-properties (nreverse parts) "")
              "\n" (format-mode-line mode-line-format nil window) "\n"))))

(defun tutorial-look ()
  "Write what is seen, and take the picture that is wanted."
  (let ((coding-system-for-write 'utf-8) (wanted (expand-file-name "wanted" tutorial-folder)))
    (write-region (concat (mapconcat #'tutorial-text (window-list nil t) "----\n")
                          "\n" (or (current-message) ""))
                  nil (expand-file-name "screen.part" tutorial-folder) nil 'silent)
    (rename-file (expand-file-name "screen.part" tutorial-folder)
                 (expand-file-name "screen" tutorial-folder) t)
    (when (file-exists-p wanted)
      (delete-file wanted)
      (redisplay t)
      (let ((coding-system-for-write 'binary))
        (write-region (x-export-frames nil 'png) nil
                      (expand-file-name "picture.part" tutorial-folder) nil 'silent))
      (rename-file (expand-file-name "picture.part" tutorial-folder)
                   (expand-file-name "picture.png" tutorial-folder) t))))

(defun tutorial-begin ()
  "Begin to look."
  (menu-bar-mode -1)
  (when (fboundp 'tool-bar-mode) (tool-bar-mode -1))
  (delete-other-windows)
  (when (display-graphic-p)
    (set-frame-position nil 0 0)
    (set-frame-size nil 980 690 t))
  (run-with-timer 0.2 0.2 #'tutorial-look))

(provide 'tutorial)
;;; tutorial.el ends here
