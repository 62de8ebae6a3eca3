;;; vivo-connection.el --- vivo's own connection to its language server  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; One server for each project, spoken to through jsonrpc.el.  A buffer is
;; opened, changed and closed there as LSP has it; positions count UTF-16
;; units, as every LSP client may.

;;; Code:

(require 'jsonrpc)
(require 'project)
(require 'url-util)
(require 'cl-lib)

(defcustom vivo-server-command '("vivo" "lsp")
  "The command that starts vivo's language server."
  :type '(repeat string)
  :group 'vivo)

(defcustom vivo-python nil
  "The interpreter that runs your code; nil lets the server choose.
It chooses an activated environment, else the nearest .venv above the file."
  :type '(choice (const :tag "Let the server choose" nil) file)
  :group 'vivo)

(defconst vivo-connection--capabilities
  '(:workspace (:inlayHint (:refreshSupport t) :workspaceFolders t)
    :textDocument (:inlayHint (:dynamicRegistration :json-false)
                   :completion (:dynamicRegistration :json-false)
                   :hover (:contentFormat ["markdown"])
                   :publishDiagnostics (:relatedInformation t))
    :general (:positionEncodings ["utf-16"])
    :experimental (:vivo (:input t)))
  "What this client can do.")

(defclass vivo-connection (jsonrpc-process-connection)
  ((root :initarg :root :accessor vivo-connection-root)
   (status :initform nil :accessor vivo-connection-status)
   (ready :initform nil :accessor vivo-connection-ready)
   (waiting :initform nil :accessor vivo-connection-waiting))
  "A connection to the server of one project.")

(defvar vivo-connection--all (make-hash-table :test #'equal)
  "Connections by the root of their project.")

(defvar-local vivo-connection--mine nil
  "The connection that this buffer is open in.")
(defvar-local vivo-connection--version 0
  "The version of this buffer's text that the server knows.")
(defvar-local vivo-connection--is-stale nil
  "Whether the buffer has changed since the server was told of it.")
(defvar-local vivo-connection--timer nil
  "The timer that tells the server of changes.")

;;; Opening and closing

(defun vivo-connection--root ()
  "The root of the current buffer's project, or its folder."
  (let ((project (project-current)))
    (expand-file-name (if project (project-root project) default-directory))))

(cl-defun vivo-connection-open-buffer (&key on-notification on-request)
  "Open the current buffer in its project's connection.
ON-NOTIFICATION and ON-REQUEST get the connection, method and parameters."
  (let* ((root (vivo-connection--root))
         (known (gethash root vivo-connection--all))
         (connection (if (and known (jsonrpc-running-p known))
                         known
                       (vivo-connection--start root on-notification on-request))))
    (setq vivo-connection--mine connection
          vivo-connection--version 0
          vivo-connection--is-stale nil)
    (let ((buffer (current-buffer)))
      (vivo-connection--when-ready
       connection
       (lambda ()
         (when (buffer-live-p buffer)
           (with-current-buffer buffer
             (jsonrpc-notify
              connection :textDocument/didOpen
              (list :textDocument
                    (list :uri (vivo-connection-uri) :languageId "python"
                          :version 0 :text (vivo-connection--text)))))))))))

(defun vivo-connection--start (root on-notification on-request)
  "Start a server for ROOT.
ON-NOTIFICATION and ON-REQUEST handle what it sends."
  (let ((program (executable-find (car vivo-server-command))))
    (unless program
      (user-error "There is no program %s: install vivo, or set vivo-server-command"
                  (car vivo-server-command))))
  (let* ((default-directory root)
         (name (format "vivo %s" (abbreviate-file-name root)))
         (connection
          (make-instance
           'vivo-connection
           :name name
           :root root
           :process (lambda ()
                      (make-process
                       :name name :command vivo-server-command
                       :connection-type 'pipe :coding 'utf-8-emacs-unix
                       :noquery t
                       :stderr (get-buffer-create (format " *%s stderr*" name))))
           :notification-dispatcher on-notification
           :request-dispatcher on-request
           :on-shutdown #'vivo-connection--ended)))
    (puthash root connection vivo-connection--all)
    (when-let ((process (get-buffer-process (get-buffer (format " *%s stderr*" name)))))
      (set-process-query-on-exit-flag process nil))
    (jsonrpc-async-request
     connection :initialize
     (list :processId (emacs-pid)
           :rootUri (vivo-connection--path-uri root)
           :workspaceFolders (vector (list :uri (vivo-connection--path-uri root) :name name))
           :initializationOptions (if vivo-python
                                      (list :python (expand-file-name vivo-python))
                                    (list :python nil))
           :capabilities vivo-connection--capabilities)
     :success-fn (lambda (_)
                   (jsonrpc-notify connection :initialized (make-hash-table))
                   (setf (vivo-connection-ready connection) t)
                   (mapc #'funcall (nreverse (vivo-connection-waiting connection)))
                   (setf (vivo-connection-waiting connection) nil))
     :error-fn (lambda (error)
                 (message "vivo: the server refused: %s" (plist-get error :message))))
    connection))

(defun vivo-connection--when-ready (connection function)
  "Call FUNCTION once CONNECTION has shaken hands."
  (if (vivo-connection-ready connection)
      (funcall function)
    (push function (vivo-connection-waiting connection))))

(defun vivo-connection--ended (connection)
  "Tell that the server of CONNECTION has ended."
  (remhash (vivo-connection-root connection) vivo-connection--all)
  (unless (plist-get (vivo-connection-status connection) :closing)
    (setf (vivo-connection-status connection) '(:state "no server"))
    (force-mode-line-update t)
    (message "vivo: the language server ended; the session goes on.  M-x vivo-connect comes back to it.")))

(defun vivo-connection-close-buffer ()
  "Close the current buffer in its connection; the last one ends the server."
  (when vivo-connection--timer
    (cancel-timer vivo-connection--timer)
    (setq vivo-connection--timer nil))
  (let ((connection vivo-connection--mine))
    (setq vivo-connection--mine nil)
    (when (and connection (jsonrpc-running-p connection))
      (jsonrpc-notify connection :textDocument/didClose
                      (list :textDocument (list :uri (vivo-connection-uri))))
      (unless (vivo-connection-buffers connection)
        (vivo-connection-shutdown connection)))))

(defun vivo-connection-shutdown (connection)
  "End the server of CONNECTION in order; its sessions go on."
  (setf (vivo-connection-status connection) '(:closing t))
  (remhash (vivo-connection-root connection) vivo-connection--all)
  (condition-case nil
      (progn
        (jsonrpc-request connection :shutdown nil :timeout 5)
        (jsonrpc-notify connection :exit nil))
    (error nil))
  (let ((process (jsonrpc--process connection))
        (deadline (+ (float-time) 5)))
    (while (and (process-live-p process) (< (float-time) deadline))
      (accept-process-output process 0.05))
    (when (process-live-p process)
      (delete-process process)))
  (jsonrpc-shutdown connection t))

;;; Asking

(defun vivo-connection-current ()
  "The current buffer's connection, or an error that says what to do."
  (if (vivo-connection-is-live)
      vivo-connection--mine
    (user-error "This buffer is not connected: M-x vivo-connect")))

(defun vivo-connection-is-live ()
  "Whether the current buffer is connected."
  (and vivo-connection--mine (jsonrpc-running-p vivo-connection--mine)))

(defun vivo-connection-request (method params done)
  "Ask METHOD with PARAMS; call DONE with the result."
  (let ((connection (vivo-connection-current)))
    (vivo-connection--when-ready
     connection
     (lambda ()
       (jsonrpc-async-request
        connection method params
        :timeout 30
        :success-fn done
        :error-fn (lambda (error)
                    (message "vivo: %s" (plist-get error :message)))
        :timeout-fn (lambda () (message "vivo: the server does not answer")))))))

(defun vivo-connection-request-sync (method params)
  "Ask METHOD with PARAMS and wait for the result; nil if there is none."
  (condition-case nil
      (jsonrpc-request (vivo-connection-current) method params :timeout 2)
    (jsonrpc-error nil)))

;;; Documents and positions

(defun vivo-connection--path-uri (path)
  "The URI of PATH."
  (concat "file://" (url-hexify-string (expand-file-name path) url-path-allowed-chars)))

(defun vivo-connection-uri ()
  "The current buffer's URI."
  (if buffer-file-name
      (vivo-connection--path-uri (file-truename buffer-file-name))
    (concat "untitled:" (url-hexify-string (buffer-name)))))

(defun vivo-connection-document ()
  "The current buffer as LSP's document."
  (list :uri (vivo-connection-uri)))

(defun vivo-connection--text ()
  "The whole text of the current buffer."
  (save-restriction
    (widen)
    (buffer-substring-no-properties (point-min) (point-max))))

(defun vivo-connection--units (string)
  "The length of STRING in UTF-16 units."
  (/ (- (length (encode-coding-string string 'utf-16)) 2) 2))

(defun vivo-connection-position (place)
  "PLACE as LSP's position."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char place)
      (list :line (1- (line-number-at-pos nil t))
            :character (vivo-connection--units
                        (buffer-substring-no-properties (line-beginning-position) place))))))

(defun vivo-connection-range (start end)
  "From START to END as LSP's range."
  (list :start (vivo-connection-position start) :end (vivo-connection-position end)))

(defun vivo-connection-point (position)
  "The place in the buffer of LSP's POSITION."
  (save-excursion
    (save-restriction
      (widen)
      (goto-char (point-min))
      (forward-line (plist-get position :line))
      (let ((left (plist-get position :character)))
        (while (and (> left 0) (not (eolp)))
          (setq left (- left (if (> (char-after) #xffff) 2 1)))
          (forward-char)))
      (point))))

(defun vivo-connection-buffers (connection)
  "The buffers that are open in CONNECTION."
  (cl-remove-if-not
   (lambda (buffer) (eq connection (buffer-local-value 'vivo-connection--mine buffer)))
   (buffer-list)))

(defun vivo-connection-buffer (uri)
  "The connected buffer of URI, or nil."
  (cl-find-if (lambda (buffer)
                (with-current-buffer buffer
                  (and vivo-connection--mine (equal uri (vivo-connection-uri)))))
              (buffer-list)))

;;; Changes

(defun vivo-connection-after-change (&rest _)
  "Note that the buffer has changed; the server is told soon."
  (setq vivo-connection--is-stale t)
  (unless vivo-connection--timer
    (let ((buffer (current-buffer)))
      (setq vivo-connection--timer
            (run-with-idle-timer
             0.2 nil
             (lambda ()
               (when (buffer-live-p buffer)
                 (with-current-buffer buffer
                   (setq vivo-connection--timer nil)
                   (vivo-connection-flush)))))))))

(defun vivo-connection-flush ()
  "Tell the server of the buffer's changes, if there are any."
  (when (and vivo-connection--is-stale (vivo-connection-is-live)
             (vivo-connection-ready vivo-connection--mine))
    (setq vivo-connection--is-stale nil)
    (cl-incf vivo-connection--version)
    (jsonrpc-notify
     vivo-connection--mine :textDocument/didChange
     (list :textDocument (list :uri (vivo-connection-uri)
                               :version vivo-connection--version)
           :contentChanges (vector (list :text (vivo-connection--text)))))))

;;; State

(defun vivo-connection-set-status (connection status)
  "Keep STATUS, the session's, for CONNECTION, and show it."
  (setf (vivo-connection-status connection) status)
  (force-mode-line-update t))

(defun vivo-connection-lighter ()
  "What the mode line says."
  (let* ((status (and vivo-connection--mine (vivo-connection-status vivo-connection--mine)))
         (state (plist-get status :state))
         (queued (or (plist-get status :queued) 0)))
    (cond ((null vivo-connection--mine) " vivo:off")
          ((null state) " vivo")
          ((> queued 0) (format " vivo:%s+%d" state queued))
          (t (format " vivo:%s" state)))))

(provide 'vivo-connection)
;;; vivo-connection.el ends here
