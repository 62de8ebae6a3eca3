;;; vivo.el --- Live Python sessions beside the code  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;; Author: the vivo developers
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: languages, tools, processes
;; URL: https://example.invalid/vivo

;;; Commentary:

;; Run cells of plain Python files in a session that outlives Emacs, and see
;; their values beside the code.  `vivo-mode' connects a buffer to vivo's
;; language server by a connection of its own (see vivo-connection.el), so
;; that it lives beside whatever eglot or lsp-mode runs in the same buffer.
;; It draws and it asks; what a cell, a session or a result is, the server
;; decides.

;;; Code:

(require 'python)
(require 'vivo-connection)
(require 'vivo-display)
(require 'vivo-inferior)
(require 'cl-lib)

(defgroup vivo nil
  "Live Python sessions beside the code."
  :group 'languages
  :prefix "vivo-")

(defvar vivo-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'vivo-run-cell)
    (define-key map (kbd "C-c C-r") #'vivo-run-region)
    (define-key map (kbd "C-c C-l") #'vivo-run-file)
    (define-key map (kbd "C-x C-e") #'vivo-run-statement)
    (define-key map (kbd "C-c C-k") #'vivo-interrupt)
    (define-key map (kbd "C-c C-d") #'vivo-inspect)
    (define-key map (kbd "C-c C-z") #'vivo-switch-to-inferior)
    (define-key map (kbd "C-c C-q") #'vivo-clear)
    (define-key map (kbd "C-c C-a") #'vivo-run-all)
    (define-key map (kbd "C-c C-n") #'vivo-next-error)
    (define-key map (kbd "C-c C-p") #'vivo-previous-error)
    map)
  "Keys of `vivo-mode'.")

;;;###autoload
(define-minor-mode vivo-mode
  "Run this buffer's cells in a session, with their values beside the code."
  :lighter (:eval (vivo-connection-lighter))
  :keymap vivo-mode-map
  (if vivo-mode
      (vivo--enable)
    (vivo--disable)))

(defun vivo--enable ()
  "Connect the current buffer and show what its session knows."
  (add-hook 'after-change-functions #'vivo-connection-after-change nil t)
  (add-hook 'kill-buffer-hook #'vivo--disable nil t)
  (add-hook 'completion-at-point-functions #'vivo-completion-at-point -5 t)
  (if (boundp 'eldoc-documentation-functions)
      (add-hook 'eldoc-documentation-functions #'vivo-eldoc -5 t))
  (vivo-connect))

(defun vivo--disable ()
  "Disconnect the current buffer; its session goes on."
  (remove-hook 'after-change-functions #'vivo-connection-after-change t)
  (remove-hook 'kill-buffer-hook #'vivo--disable t)
  (remove-hook 'completion-at-point-functions #'vivo-completion-at-point t)
  (remove-hook 'eldoc-documentation-functions #'vivo-eldoc t)
  (vivo-display-clear-buffer)
  (vivo-connection-close-buffer))

(defun vivo-connect ()
  "Connect the current buffer to its language server, started if need be.
The values of a session that is still running come back."
  (interactive)
  (vivo-connection-open-buffer
   :on-notification #'vivo--notification
   :on-request #'vivo--request))

;;; What the server tells

(defun vivo--notification (connection method params)
  "Handle notification METHOD with PARAMS of CONNECTION."
  (pcase method
    ('textDocument/publishDiagnostics
     (when-let ((buffer (vivo-connection-buffer (plist-get params :uri))))
       (with-current-buffer buffer
         (vivo-display-diagnostics (plist-get params :diagnostics)))))
    ('vivo/status (vivo-connection-set-status connection params))
    ('vivo/executionStarted (vivo-inferior-started connection params))
    ('vivo/output (vivo-inferior-output connection params))
    ('vivo/executionFinished (vivo-inferior-finished connection params))
    ('window/showMessage
     (message "vivo: %s" (plist-get params :message)))))

(defun vivo--request (connection method params)
  "Answer request METHOD with PARAMS of CONNECTION."
  (pcase method
    ('workspace/inlayHint/refresh
     (dolist (buffer (vivo-connection-buffers connection))
       (vivo--refresh buffer))
     nil)
    ('vivo/input (vivo--read-input params))
    (_ nil)))

(defun vivo--refresh (buffer)
  "Ask for the values of BUFFER and show them."
  (with-current-buffer buffer
    (vivo-connection-request
     :textDocument/inlayHint
     (list :textDocument (vivo-connection-document)
           :range (vivo-connection-range (point-min) (point-max)))
     (lambda (hints)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (vivo-display-values hints)))))))

(defun vivo--read-input (params)
  "Read the line of input that PARAMS ask for."
  (let ((prompt (plist-get params :prompt)))
    (condition-case nil
        (list :value (if (eq (plist-get params :password) t)
                         (read-passwd prompt)
                       (read-string prompt)))
      (quit (list :value nil)))))

;;; Commands

(defun vivo--command (name argument &optional done)
  "Run the server's command NAME with ARGUMENT; call DONE with its result."
  (vivo-connection-flush)
  (vivo-connection-request
   :workspace/executeCommand
   (list :command name :arguments (vector argument))
   (or done #'ignore)))

(defun vivo--here ()
  "This document and point, as the server's commands want them."
  (list :uri (vivo-connection-uri)
        :position (vivo-connection-position (point))))

(defun vivo-run-cell ()
  "Run the cell at point, or the statement in a file without marks."
  (interactive)
  (vivo--command "vivo.server.runCell" (vivo--here)))

(defun vivo-run-all ()
  "Run every cell of the buffer."
  (interactive)
  (vivo--command "vivo.server.runAll" (list :uri (vivo-connection-uri))))

(defun vivo-run-region (start end)
  "Run the text from START to END."
  (interactive "r")
  (vivo--command "vivo.server.runSelection"
                 (list :uri (vivo-connection-uri)
                       :range (vivo-connection-range start end))))

(defun vivo-run-statement ()
  "Run the statement that ends before point."
  (interactive)
  (let ((end (point))
        (start (save-excursion
                 (python-nav-beginning-of-statement)
                 (point))))
    (vivo-run-region start (max end (1+ start)))))

(defun vivo-run-file ()
  "Save the buffer and run its file as a program."
  (interactive)
  (save-buffer)
  (vivo--command "vivo.server.runFile" (list :uri (vivo-connection-uri))))

(defun vivo-interrupt ()
  "Interrupt what the session runs."
  (interactive)
  (vivo--command "vivo.server.interrupt" (list :uri (vivo-connection-uri))
                 (lambda (result)
                   (message "vivo: %s" (plist-get result :outcome)))))

(defun vivo-restart ()
  "Start a fresh engine in the session; its variables are gone."
  (interactive)
  (vivo--command "vivo.server.restart" (list :uri (vivo-connection-uri))
                 (lambda (_) (message "vivo: restarted"))))

(defun vivo-clear ()
  "Forget the values that are shown in the buffer."
  (interactive)
  (vivo--command "vivo.server.clear" (list :uri (vivo-connection-uri))))

(defun vivo-inspect ()
  "Show what is known of the live object at point."
  (interactive)
  (vivo--hover
   (lambda (text)
     (if (null text)
         (message "vivo: nothing live at point")
       (with-help-window "*vivo inspect*"
         (princ text))))))

(defun vivo--hover (done)
  "Call DONE with the text of the hover at point, or nil."
  (vivo-connection-request
   :textDocument/hover
   (list :textDocument (vivo-connection-document)
         :position (vivo-connection-position (point)))
   (lambda (hover)
     (funcall done (plist-get (plist-get hover :contents) :value)))))

(defun vivo-switch-to-inferior ()
  "Show the inferior buffer of this buffer's session."
  (interactive)
  (pop-to-buffer (vivo-inferior-buffer (vivo-connection-current)
                                       (vivo-connection-uri))))

(defun vivo-eldoc (callback &rest _)
  "Tell eldoc's CALLBACK of the live object at point."
  (when (vivo-connection-is-live)
    (vivo--hover
     (lambda (text)
       (when text
         (funcall callback (vivo-display-plain text)))))
    t))

(defun vivo-completion-at-point ()
  "Complete from the live namespace."
  (when (vivo-connection-is-live)
    (let* ((bounds (bounds-of-thing-at-point 'symbol))
           (start (save-excursion (skip-chars-backward "[:alnum:]_") (point)))
           (end (if bounds (max (point) (cdr bounds)) (point)))
           (cache nil))
      (list start end
            (completion-table-dynamic
             (lambda (_)
               (or cache (setq cache (vivo--completions)))))
            :exclusive 'no
            :annotation-function
            (lambda (candidate)
              (when-let ((detail (get-text-property 0 'vivo-detail candidate)))
                (concat " " detail)))))))

(defun vivo--completions ()
  "The completions at point."
  (vivo-connection-flush)
  (let ((list (vivo-connection-request-sync
               :textDocument/completion
               (list :textDocument (vivo-connection-document)
                     :position (vivo-connection-position (point))))))
    (mapcar (lambda (item)
              (propertize (plist-get item :label)
                          'vivo-detail (plist-get item :detail)))
            (plist-get list :items))))

(provide 'vivo)
;;; vivo.el ends here
