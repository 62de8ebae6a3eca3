;;; vivo-server.el --- Language servers of vivo's, started and ended  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; One server for each project of each host: its program, its process, what
;; it is told at first, and its end.  A server that ends unasked is started
;; again, and told what was shown before: nothing is missing.

;;; Code:

(require 'vivo-wire)
(require 'vivo-document)
(require 'vivo-settings)
(require 'subr-x)

(defcustom vivo-server-command '("vivo" "lsp")
  "The command that starts vivo's language server.
Where the program is not found, the one of `vivo-install-folder' is taken."
  :type '(repeat string)
  :risky t
  :group 'vivo)

(defcustom vivo-install-folder (abbreviate-file-name (locate-user-emacs-file "vivo-server"))
  "The environment that `vivo-install' makes; on another host, the same there."
  :type 'directory
  :risky t
  :group 'vivo)

(defcustom vivo-log-size 200000
  "The most characters of the log of a connection."
  :type 'natnum
  :group 'vivo)

(defconst vivo-server--restarts 3
  "How often a minute a server is started again by itself.")

(defvar vivo-server--all (make-hash-table :test #'equal)
  "Connections by the root of their project.")

(define-error 'vivo-not-installed "vivo is not installed" 'user-error)

(defvar vivo-server-reopen-function #'ignore
  "Called with an old connection and the one that takes its place.")

;;; Starting and ending servers

(defun vivo-server-find-command (root)
  "The command of the server of ROOT, or an error that tells the way on."
  (let* ((default-directory root)
         (remote (file-remote-p root))
         (program (car vivo-server-command))
         (installed (concat remote (file-name-as-directory vivo-install-folder)
                            (if (eq system-type 'windows-nt) "Scripts/vivo.exe" "bin/vivo"))))
    (cond ((executable-find program t) vivo-server-command)
          ((and (string-prefix-p "~" program) (file-executable-p (concat remote program)))
           (cons (file-local-name (expand-file-name (concat remote program)))
                 (cdr vivo-server-command)))
          ((file-executable-p installed)
           (list (file-local-name (expand-file-name installed)) "lsp"))
          (t (signal 'vivo-not-installed
                     (list (format (concat "Vivo is not installed%s: C-c C-v I (M-x vivo-install) installs it.  "
                                           "There is no program %s; vivo-server-command names it")
                                   (if remote (concat " on " (file-remote-p root 'host)) "")
                                   program)))))))

(defun vivo-server--process (name command root)
  "A process NAME that runs COMMAND in ROOT, on that host."
  (let ((default-directory root))
    (make-process
     :name name
     ;; On another host the connection may be a terminal, which must change no byte.
     :command (if (file-remote-p root)
                  (list "sh" "-c" (concat "stty raw >/dev/null 2>&1; exec "
                                          (mapconcat #'shell-quote-argument command " ")))
                command)
     :connection-type 'pipe :coding 'utf-8-emacs-unix :noquery t :file-handler t
     :stderr (get-buffer-create (format "*%s stderr*" name)))))

(defun vivo-server-start (root &optional old started)
  "Start a server for ROOT; an error if there is no program.
It knows what was shown of OLD, the connection before it; STARTED tells when
servers were started by themselves lately."
  (let* ((command (vivo-server-find-command root))
         (name (format "vivo %s" (abbreviate-file-name root)))
         (connection
          (apply #'make-instance
                 'vivo-connection
                 :name name :root root
                 :started started
                 :process (lambda () (vivo-server--process name command root))
                 :notification-dispatcher #'vivo-connection--notified
                 :request-dispatcher #'vivo-connection--asked
                 :on-shutdown #'vivo-server--ended
                 (append
                  (and old (list :seen (vivo-connection-seen old)
                                 :runs (vivo-connection-runs old)))
                  (if (fboundp 'jsonrpc-convert-to-endpoint)
                      (list :events-buffer-config (list :size vivo-log-size :format 'full))
                    (list :events-buffer-scrollback-size vivo-log-size))))))
    (puthash root connection vivo-server--all)
    (when-let ((process (get-buffer-process (jsonrpc-stderr-buffer connection))))
      (set-process-query-on-exit-flag process nil))
    (condition-case error
        (jsonrpc-async-request
         connection :initialize (vivo-server--hello connection)
         :timeout 60
         :success-fn (lambda (_)
                       (jsonrpc-notify connection :initialized (make-hash-table))
                       (setf (vivo-connection-ready connection) t)
                       (mapc #'funcall (nreverse (vivo-connection-waiting connection)))
                       (setf (vivo-connection-waiting connection) nil))
         :error-fn (lambda (error)
                     (unless (eql -1 (plist-get error :code)) ; its end is told by itself
                       (message "vivo: the server refused: %s" (plist-get error :message))))
         :timeout-fn (lambda () (message "vivo: the server does not answer.  M-x vivo-show-log")))
      (error
       ;; A program that has ended already is told of by its sentinel.
       (when (jsonrpc-running-p connection)
         (signal (car error) (cdr error)))))
    connection))

(defun vivo-server--hello (connection)
  "What CONNECTION says first."
  (let* ((root (vivo-connection-root connection))
         (uri (vivo-document-path-uri root))
         (seen (vivo-connection-seen connection)))
    (list :processId (unless (file-remote-p root) (emacs-pid))
          :clientInfo (list :name "Emacs vivo" :version emacs-version)
          :rootUri uri
          :workspaceFolders (vector (list :uri uri :name (abbreviate-file-name root)))
          :initializationOptions
          (append (vivo-settings-options root) (list :seen seen))
          :capabilities (vivo-server--capabilities))))

(defun vivo-server--capabilities ()
  "What this client can do."
  (list
   :workspace '(:inlayHint (:refreshSupport t) :workspaceFolders t)
   :textDocument
   '(:synchronization (:dynamicRegistration :json-false)
     :inlayHint (:resolveSupport (:properties ["tooltip"]))
     :completion (:completionItem (:documentationFormat ["markdown" "plaintext"]
                                   :resolveSupport (:properties ["documentation" "detail"])))
     :hover (:contentFormat ["markdown"])
     :definition (:dynamicRegistration :json-false)
     :references (:dynamicRegistration :json-false)
     :documentSymbol (:hierarchicalDocumentSymbolSupport t)
     :codeAction (:codeActionLiteralSupport
                  (:codeActionKind (:valueSet ["quickfix" "source"])) :isPreferredSupport t)
     :publishDiagnostics (:relatedInformation t :dataSupport t))
   :window '(:showDocument (:support t) :showMessage (:messageActionItem nil)
             :workDoneProgress t)
   :general '(:positionEncodings ["utf-16"])
   :experimental (list :vivo (list :input t :documents t
                                   :images (if (display-images-p) t :json-false)))))

(defun vivo-server--ended (connection)
  "The server of CONNECTION has ended: unasked, it is started again."
  (maphash (lambda (_ later) (vivo-connection--give-up later))
           (vivo-connection-later-ones connection))
  (unless (vivo-connection-closing connection)
    (let ((root (vivo-connection-root connection))
          (lately (cl-remove-if (lambda (time) (> (- (float-time) time) 60))
                                (vivo-connection-started connection))))
      (when (eq connection (gethash root vivo-server--all))
        (remhash root vivo-server--all))
      (if (and (vivo-connection-ready connection)
               (< (length lately) vivo-server--restarts))
          (vivo-server--restart connection (cons (float-time) lately))
        (setf (vivo-connection-status connection) '(:state "no server"))
        (force-mode-line-update t)
        (message "vivo: the language server ended%s; its sessions go on.  C-c C-v L starts it again%s"
                 (if (vivo-connection-ready connection) "" " at once")
                 (vivo-server--last-words connection))))))

(defun vivo-server--last-words (connection)
  "What the server of CONNECTION said last, for a message."
  (let ((buffer (jsonrpc-stderr-buffer connection)))
    (if (not (buffer-live-p buffer))
        ""
      (with-current-buffer buffer
        (let ((lines (split-string (buffer-string) "\n" t "[ \t]+")))
          (setq lines (cl-remove-if (lambda (line) (string-match-p "\\`Process " line)) lines))
          (if lines (format ": %s" (car (last lines))) ""))))))

(defun vivo-server--restart (old started)
  "Start a server in the place of OLD's, and open its buffers there.
STARTED tells when that was done lately."
  (condition-case error
      (let ((new (vivo-server-start (vivo-connection-root old) old started)))
        (message "vivo: the language server ended and was started again; its sessions went on")
        (funcall vivo-server-reopen-function old new))
    (vivo-not-installed (message "%s" (nth 1 error)))))

(defun vivo-server-shutdown (connection)
  "End the server of CONNECTION in order; its sessions go on."
  (setf (vivo-connection-closing connection) t)
  (when (eq connection (gethash (vivo-connection-root connection) vivo-server--all))
    (remhash (vivo-connection-root connection) vivo-server--all))
  (condition-case nil
      (progn
        (jsonrpc-request connection :shutdown nil :timeout 5)
        (jsonrpc-notify connection :exit nil))
    (error nil)) ; one that does not answer, or is gone, is ended below
  (let ((process (jsonrpc--process connection))
        (deadline (+ (float-time) 5)))
    (while (and (process-live-p process) (< (float-time) deadline))
      (accept-process-output process 0.05))
    (when (process-live-p process)
      (delete-process process)))
  (let ((events (jsonrpc--events-buffer connection)))
    (when (buffer-live-p events) (kill-buffer events)))
  (jsonrpc-shutdown connection t))

(defun vivo-server-shutdown-all ()
  "End every server; their sessions go on."
  (dolist (connection (hash-table-values vivo-server--all))
    (vivo-server-shutdown connection)))

(add-hook 'kill-emacs-hook #'vivo-server-shutdown-all)

(provide 'vivo-server)
;;; vivo-server.el ends here
