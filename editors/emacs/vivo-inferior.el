;;; vivo-inferior.el --- The inferior buffer: In and Out  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What runs in a session, from whichever buffer, is echoed here with its
;; output; what is typed here runs there.  There is no process behind it but
;; a pipe that comint writes to: the session is elsewhere.

;;; Code:

(require 'ansi-color)
(require 'comint)
(require 'vivo-connection)

(defvar-local vivo-inferior--connection nil
  "The connection that this buffer talks through.")
(defvar-local vivo-inferior--uri nil
  "A document of the session that this buffer talks to.")
(defvar-local vivo-inferior--typed nil
  "Texts that were typed here and are not echoed again.")

(define-derived-mode vivo-inferior-mode comint-mode "vivo"
  "In and Out of a vivo session."
  (setq-local comint-prompt-regexp "^In \\[[0-9 ]*\\]: "
              comint-prompt-read-only t
              comint-process-echoes nil
              comint-input-sender #'vivo-inferior--send
              comint-highlight-prompt t)
  (add-hook 'comint-output-filter-functions #'ansi-color-process-output nil t))

(defun vivo-inferior--name (connection)
  "The name of CONNECTION's inferior buffer."
  (format "*vivo: %s*"
          (file-name-nondirectory (directory-file-name (vivo-connection-root connection)))))

(defun vivo-inferior-buffer (connection &optional uri)
  "The inferior buffer of CONNECTION, made if need be, about URI."
  (let ((buffer (get-buffer-create (vivo-inferior--name connection))))
    (with-current-buffer buffer
      (unless (comint-check-proc buffer)
        (vivo-inferior-mode)
        (let ((process (make-pipe-process
                        :name (buffer-name) :buffer buffer :noquery t
                        :filter #'comint-output-filter :sentinel #'ignore)))
          (set-marker (process-mark process) (point-max)))
        (vivo-inferior--write buffer "In [ ]: "))
      (setq vivo-inferior--connection connection)
      (when uri (setq vivo-inferior--uri uri)))
    buffer))

(defun vivo-inferior--write (buffer text)
  "Write TEXT at the end of BUFFER."
  (with-current-buffer buffer
    (comint-output-filter (get-buffer-process buffer) text)))

(defun vivo-inferior--send (_process input)
  "Run INPUT in the session."
  (let ((text (string-trim input)))
    (if (string-empty-p text)
        (vivo-inferior--write (current-buffer) "In [ ]: ")
      (unless vivo-inferior--uri
        (setq vivo-inferior--uri
              (concat "file://" (vivo-connection-root vivo-inferior--connection) "inferior")))
      (push text vivo-inferior--typed)
      (jsonrpc-async-request
       vivo-inferior--connection :workspace/executeCommand
       (list :command "vivo.server.runText"
             :arguments (vector (list :uri vivo-inferior--uri :text text)))
       :timeout 30
       :success-fn #'ignore
       :error-fn (let ((buffer (current-buffer)))
                   (lambda (error)
                     (vivo-inferior--write
                      buffer (format "%s\nIn [ ]: " (plist-get error :message)))))))))

;;; What the server tells

(defun vivo-inferior-started (connection params)
  "Echo what runs now, from PARAMS, in CONNECTION's buffer."
  (let* ((buffer (vivo-inferior-buffer connection (plist-get params :uri)))
         (code (plist-get params :code))
         (count (plist-get params :executionCount)))
    (with-current-buffer buffer
      (if (member code vivo-inferior--typed)
          (setq vivo-inferior--typed (remove code vivo-inferior--typed))
        (vivo-inferior--replace-prompt buffer count code)))))

(defun vivo-inferior--replace-prompt (buffer count code)
  "In BUFFER turn the open prompt into one with COUNT, and echo CODE."
  (with-current-buffer buffer
    (let ((inhibit-read-only t)
          (mark (process-mark (get-buffer-process buffer))))
      (save-excursion
        (goto-char mark)
        (forward-line 0)
        (when (looking-at "In \\[[0-9 ]*\\]: ")
          (delete-region (point) mark)))
      (vivo-inferior--write
       buffer (format "In [%s]: %s\n" (or count " ")
                      (replace-regexp-in-string "\n" "\n   ...: " code))))))

(defun vivo-inferior-output (connection params)
  "Show an output, from PARAMS, in CONNECTION's buffer."
  (let ((buffer (vivo-inferior-buffer connection (plist-get params :uri)))
        (data (plist-get params :data)))
    (pcase (plist-get params :kind)
      ("stream" (vivo-inferior--write buffer (plist-get params :text)))
      ("result"
       (vivo-inferior--fresh-line buffer)
       (vivo-inferior--write
        buffer (format "Out[%s]: %s\n" (plist-get params :executionCount)
                       (or (plist-get data :text/plain) ""))))
      ((or "display" "update" "page")
       (vivo-inferior--fresh-line buffer)
       (vivo-inferior--show-data buffer data))
      ("error"
       (vivo-inferior--fresh-line buffer)
       (vivo-inferior--write
        buffer (concat (mapconcat #'identity
                                  (plist-get (plist-get params :error) :traceback) "\n")
                       "\n"))))))

(defun vivo-inferior--show-data (buffer data)
  "Show the MIME bundle DATA in BUFFER: a picture where there can be one."
  (let ((png (plist-get data :image/png)))
    (if (and png (display-images-p))
        (let ((image (create-image (base64-decode-string png) 'png t)))
          (vivo-inferior--write buffer (concat (propertize "figure" 'display image) "\n")))
      (vivo-inferior--write
       buffer (format "%s%s\n" (or (plist-get data :text/plain) "")
                      (if png (format " (PNG, %d bytes)" (* 3 (/ (length png) 4))) ""))))))

(defun vivo-inferior--fresh-line (buffer)
  "Let what comes next in BUFFER begin a line."
  (with-current-buffer buffer
    (let ((mark (process-mark (get-buffer-process buffer))))
      (unless (save-excursion (goto-char mark) (bolp))
        (vivo-inferior--write buffer "\n")))))

(defun vivo-inferior-finished (connection params)
  "Give CONNECTION's buffer a new prompt after the run of PARAMS."
  (let ((buffer (vivo-inferior-buffer connection (plist-get params :uri))))
    (vivo-inferior--fresh-line buffer)
    (vivo-inferior--write buffer "In [ ]: ")))

(vivo-connection-on 'vivo/executionStarted #'vivo-inferior-started)
(vivo-connection-on 'vivo/output #'vivo-inferior-output)
(vivo-connection-on 'vivo/executionFinished #'vivo-inferior-finished)

(provide 'vivo-inferior)
;;; vivo-inferior.el ends here
