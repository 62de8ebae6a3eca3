;;; vivo-org.el --- Source blocks of org that run in vivo's sessions  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The language `vivo' of org-babel:
;;
;;     #+begin_src vivo :session work :results table
;;
;; A block runs in the session of the name, whoever started it: source buffers
;; and other editors share it.  `:session' without a name is the session of the
;; folder; without `:session' a block has one of its own, which ends with it.
;; The value of the last expression is the result, as a table where it is one;
;; with `:results output' what was printed.  Figures go to `:file', or to a
;; name of their own with `:results file'.  \\[keyboard-quit] interrupts.
;;
;; Load it with (with-eval-after-load 'org (require 'vivo-org)).
;;
;; A block is asked for through a buffer that nobody sees, which the server
;; knows as a document: so which session serves it is the server's decision.

;;; Code:

(require 'ob)
(require 'ob-tangle)
(require 'org-src)
(require 'ansi-color)
(require 'vivo)
(require 'vivo-org-values)

(add-to-list 'org-src-lang-modes '("vivo" . python))
(add-to-list 'org-babel-tangle-lang-exts '("vivo" . "py"))

(defvar org-babel-default-header-args:vivo nil
  "What holds for blocks of vivo where they say nothing.")
(defvar org-babel-header-args:vivo
  '((python . :any) (return . :any))
  "Header arguments of blocks of vivo, beside those of all languages.")

;;; Documents that blocks are asked for by

(defun vivo-org--uri (name)
  "The URI by which the session NAME is asked for from the current buffer."
  (let ((file (buffer-file-name (buffer-base-buffer))))
    (if file
        (vivo-document-path-uri (if (equal name "") file (concat file "#" name)))
      (concat "untitled:" (url-hexify-string (format "%s#%s" (buffer-name) name))))))

(defun vivo-org--agent (name)
  "The buffer by which the session NAME is asked for from this one.
An empty NAME is the session of the folder."
  (let* ((uri (vivo-org--uri name))
         (folder default-directory)
         (agent (get-buffer-create (format " *vivo org %s*" uri))))
    (with-current-buffer agent
      (unless (vivo-connection-is-live)
        (setq default-directory folder
              vivo-document--uri uri)
        (add-hook 'kill-buffer-hook #'vivo-connection-close-buffer nil t)
        (unless (vivo-connection-open-buffer)
          (user-error "%s" vivo-connection--problem))))
    agent))

(defun vivo-org--wait (predicate)
  "Wait until PREDICATE holds."
  (let (value)
    (while (not (setq value (funcall predicate)))
      (unless (vivo-connection-is-live)
        (user-error "The language server has ended; its sessions go on: run the block again"))
      (accept-process-output nil 0.05))
    value))

(defun vivo-org--ask (send)
  "Wait for what SEND gets, which is called with functions for result and error."
  (let (answer)
    (funcall send
             (lambda (result) (setq answer (list t result)))
             (lambda (text) (setq answer (list nil text))))
    (vivo-org--wait (lambda () answer))
    (if (car answer) (cadr answer)
      (user-error "%s" (cadr answer)))))

(defun vivo-org--command (name argument)
  "The result of the server's command NAME with ARGUMENT."
  (vivo-org--ask (lambda (done failed) (vivo-connection-run name argument done failed))))

(defun vivo-org--query (method params)
  "The result of METHOD with PARAMS, or nil after an error."
  (condition-case nil
      (vivo-org--ask (lambda (done failed) (vivo-connection-request method params done failed)))
    (user-error nil)))

(defun vivo-org--choose-session (name python)
  "Let the session NAME serve this agent, started if none runs, with PYTHON.
Without a NAME, a session of its own; that one's id is returned."
  (let* ((uri (vivo-document-uri))
         (running (and name
                       (cl-find-if
                        (lambda (session)
                          (and (equal name (plist-get session :name))
                               (member (plist-get session :state) '("starting" "idle" "busy"))))
                        (append (plist-get (vivo-org--command "sessions" (make-hash-table))
                                           :sessions)
                                nil)))))
    (unless (and running (equal (plist-get running :sessionId) (vivo-connection-session)))
      (let ((session (plist-get (vivo-org--command
                                 "useSession"
                                 (append (list :uri uri)
                                         (if running
                                             (list :sessionId (plist-get running :sessionId))
                                           (list :new t :name name :python python))))
                                :session)))
        (puthash uri (plist-get session :sessionId)
                 (vivo-connection-sessions vivo-connection--mine))
        (unless name (plist-get session :sessionId))))))

;;; Running

(defvar vivo-org--heard nil
  "While a block runs, what is told: by execution, its outputs, latest first.
The end is told as an output, too.")

(defun vivo-org--hear (_connection params)
  "Keep PARAMS, an output or an end, for the block that waits."
  (when vivo-org--heard
    (push params (gethash (plist-get params :executionId) vivo-org--heard))))

(vivo-connection-on 'vivo/output #'vivo-org--hear)
(vivo-connection-on 'vivo/executionFinished #'vivo-org--hear)

(defun vivo-org--run (text)
  "Run TEXT in this agent's session; its end, and its outputs in order.
A quit interrupts it."
  (let* ((vivo-org--heard (make-hash-table :test #'equal))
         (id (plist-get (vivo-org--command
                         "runText" (list :uri (vivo-document-uri) :text text))
                        :executionId))
         (heard vivo-org--heard)
         (end (lambda () (cl-find-if (lambda (each) (plist-get each :status)) (gethash id heard)))))
    (condition-case nil
        (vivo-org--wait end)
      (quit
       (vivo-connection-run "interrupt" (list :uri (vivo-document-uri) :executionId id))
       (message "vivo: the block is interrupted")
       (signal 'quit nil)))
    (cons (funcall end) (reverse (delq (funcall end) (gethash id heard))))))

(defun vivo-org--notify (error)
  "Show ERROR of a block where org shows errors."
  (let ((text (mapconcat #'ansi-color-filter-apply (plist-get error :traceback) "\n")))
    (org-babel-eval-error-notify 1 (concat text "\n"))
    (message "vivo: %s: %s" (plist-get error :name) (plist-get error :message))))

;;; What org calls

(defun org-babel-variable-assignments:vivo (params)
  "The assignments of the variables of PARAMS, as lines of Python."
  (mapcar (lambda (pair) (format "%s = %s" (car pair) (vivo-org-values-python (cdr pair))))
          (org-babel--get-vars params)))

(defun org-babel-expand-body:vivo (body params)
  "BODY of a block with what PARAMS put before and behind it."
  (let ((return (cdr (assq :return params))))
    (concat (org-babel-expand-body:generic body params
                                           (org-babel-variable-assignments:vivo params))
            (if return (format "\n%s" return) ""))))

(defun org-babel-execute:vivo (body params)
  "Run BODY of a block as its header arguments PARAMS say; org calls this."
  (let* ((session (cdr (assq :session params)))
         (name (cond ((equal session "none") nil)
                     ((or (null session) (equal session "yes")) "")
                     (t (format "%s" session))))
         (text (org-babel-expand-body:vivo body params))
         (folder default-directory)
         (result
          (with-current-buffer (vivo-org--agent (or name "none"))
            (let ((own (unless (equal name "")
                         (vivo-org--choose-session name (cdr (assq :python params))))))
              (unwind-protect (vivo-org--result (vivo-org--run text) params folder)
                (when own
                  (vivo-connection-run "endSession" (list :sessionId own))))))))
    (org-babel-reassemble-table
     result
     (org-babel-pick-name (cdr (assq :colname-names params)) (cdr (assq :colnames params)))
     (org-babel-pick-name (cdr (assq :rowname-names params)) (cdr (assq :rownames params))))))

(defun vivo-org--result (run params folder)
  "What RUN came to, as PARAMS want it; files are written below FOLDER."
  (let* ((end (car run))
         (outputs (cdr run))
         (wanted (cdr (assq :result-params params)))
         (bundles (append (mapcar (lambda (output) (plist-get output :data)) outputs)
                          (list (plist-get end :value))))
         (file (and (member "file" wanted) (cdr (assq :file params)))))
    (if (plist-get end :error)
        (progn (vivo-org--notify (plist-get end :error))
               (vivo-org-values-output outputs))
      (cond ((and file (not (equal (cdr (assq :result-type params)) 'output))
                  (not (vivo-org-values-file-data bundles file))
                  (not (member "graphics" wanted)))
             (vivo-org--value end wanted)) ; org writes it into the file
            (file (vivo-org-values-write bundles (expand-file-name file folder))
                  nil) ; org links to what is there
            ((and (member "file" wanted) (vivo-org-values-picture bundles))
             (vivo-org-values-write-named bundles folder))
            ((equal (cdr (assq :result-type params)) 'output)
             (vivo-org-values-output outputs))
            (t (vivo-org--value end wanted))))))

(defun vivo-org--value (end wanted)
  "The value of the run that END tells of, as the result parameters WANTED say."
  (let ((data (plist-get end :value))
        (name (format "_%s" (plist-get end :executionCount))))
    (when data
      (or (and (member "html" wanted) (plist-get data :text/html))
          (and (member "latex" wanted) (plist-get data :text/latex))
          (if (cl-intersection '("verbatim" "scalar" "raw" "org" "code" "pp" "html" "latex" "drawer")
                               wanted :test #'equal)
              (vivo-org-values-text (plist-get data :text/plain))
            (or (vivo-org-values-table
                 (plist-get (vivo-org--query :vivo/inspect (list :uri (vivo-document-uri)
                                                                 :expression name :count 0))
                            :type)
                 (lambda (method params)
                   (vivo-org--query method (append (list :uri (vivo-document-uri)
                                                         :path (vector name))
                                                   params))))
                (vivo-org-values-scalar (plist-get data :text/plain))))))))

(defun org-babel-prep-session:vivo (session params)
  "The inferior buffer of SESSION, with the variables of PARAMS assigned there."
  (let* ((name (if (member session '(nil "yes")) "" (format "%s" session)))
         (assignments (org-babel-variable-assignments:vivo params)))
    (when (equal name "none")
      (user-error "This block names no :session"))
    (with-current-buffer (vivo-org--agent name)
      (unless (equal name "")
        (vivo-org--choose-session name (cdr (assq :python params))))
      (when assignments
        (vivo-org--run (string-join assignments "\n")))
      (vivo-inferior-buffer (vivo-connection-current) (vivo-document-uri)))))

(provide 'vivo-org)
;;; vivo-org.el ends here
