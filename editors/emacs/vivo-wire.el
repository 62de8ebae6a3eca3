;;; vivo-wire.el --- What goes between Emacs and a server of vivo's  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A connection through jsonrpc.el, and who hears and answers there.  Rules:
;;
;; 1. What a server tells reaches everyone who said `vivo-connection-on'.
;; 2. What it asks is answered by who said `vivo-connection-answer' last, at
;;    once or later: nobody waits for the user inside of a process filter.
;; 3. What cells do on a cluster is heard under names of its own: who follows
;;    sessions never takes an engine for one.

;;; Code:

(require 'jsonrpc)
(require 'cl-lib)

(defclass vivo-connection (jsonrpc-process-connection)
  ((root :initarg :root :accessor vivo-connection-root)
   (status :initform nil :accessor vivo-connection-status
           :documentation "The latest `vivo/status'; of this end (:state TEXT).")
   (statuses :initform (make-hash-table :test #'equal) :reader vivo-connection-statuses
             :documentation "By session, its latest `vivo/status'.")
   (sessions :initform (make-hash-table :test #'equal) :reader vivo-connection-sessions
             :documentation "By document, the session that last ran it.")
   (seen :initform (make-hash-table :test #'equal) :initarg :seen :reader vivo-connection-seen
         :documentation "By session, the number of the last output that was shown.")
   (runs :initform (make-hash-table :test #'equal) :initarg :runs :reader vivo-connection-runs
         :documentation "By session and run, what was told of it last.")
   (clusters :initform (make-hash-table :test #'equal) :reader vivo-connection-clusters
             :documentation "By name, the latest `vivo/clusterStatus'.")
   (progress :initform nil :accessor vivo-connection-progress
             :documentation "By token, what lasts and how far it is, the latest first.")
   (started :initform nil :initarg :started :accessor vivo-connection-started
            :documentation "When its server was started by itself, latest first.")
   (ready :initform nil :accessor vivo-connection-ready)
   (closing :initform nil :accessor vivo-connection-closing)
   (waiting :initform nil :accessor vivo-connection-waiting)
   (later :initform (make-hash-table :test #'equal) :reader vivo-connection-later-ones))
  "A connection to the server of one project.")

;;; Who hears and who answers

(defvar vivo-connection--listeners nil
  "By method, the functions that hear a notification, first come first.")
(defvar vivo-connection--answers nil
  "By method, the function that answers a request.")

(defun vivo-connection-on (method function)
  "Let FUNCTION hear the notification METHOD: the connection, the parameters."
  (let ((known (assq method vivo-connection--listeners)))
    (if known
        (unless (memq function (cdr known)) (nconc known (list function)))
      (push (list method function) vivo-connection--listeners))))

(defun vivo-connection-answer (method function)
  "Let FUNCTION answer the request METHOD: the connection, the parameters.
What it returns is the answer, also a `vivo-connection-later'."
  (setf (alist-get method vivo-connection--answers) function))

(cl-defstruct (vivo-connection-later
               (:constructor vivo-connection-later (function)))
  "An answer that comes later: FUNCTION gets this object and a function to reply.
It may set `cancel', a function for when the server wants no answer any more."
  function cancel (is-open t))

(defun vivo-connection--is-new (connection method params)
  "Whether METHOD with PARAMS was not told before.
It was if an earlier server of CONNECTION did."
  (let ((session (plist-get params :sessionId)))
    (pcase method
      ('vivo/output
       (let ((number (plist-get params :sequence))
             (seen (vivo-connection-seen connection)))
         (when (> number (gethash session seen 0))
           (puthash session number seen))))
      ((or 'vivo/executionStarted 'vivo/executionFinished)
       (let ((key (concat session " " (plist-get params :executionId)))
             (runs (vivo-connection-runs connection)))
         (unless (memq (gethash key runs) (list method 'vivo/executionFinished))
           (puthash key method runs))))
      (_ t))))

(defconst vivo-connection--of-clusters
  '((vivo/executionStarted . vivo/clusterExecutionStarted) (vivo/output . vivo/clusterOutput)
    (vivo/executionFinished . vivo/clusterExecutionFinished))
  "What is heard of cells, and its name where they run on a cluster (rule 3).")

(defun vivo-connection--heard-as (connection method params)
  "The name under which METHOD with PARAMS of CONNECTION is heard."
  (or (and (or (plist-get params :engine)
               (gethash (plist-get params :sessionId) (vivo-connection-clusters connection)))
           (alist-get method vivo-connection--of-clusters))
      method))

(defun vivo-connection--notified (connection method params)
  "Let everyone hear the notification METHOD with PARAMS of CONNECTION.
A server that is started anew tells the end of what was told before: that is
passed over."
  (when (eq method 'vivo/clusterStatus)
    (puthash (plist-get params :name) params (vivo-connection-clusters connection)))
  (dolist (function (and (vivo-connection--is-new connection method params)
                         (alist-get (vivo-connection--heard-as connection method params)
                                    vivo-connection--listeners)))
    ;; One listener's fault is told, and leaves the others and jsonrpc as they are.
    (condition-case error
        (funcall function connection params)
      (error (message "vivo: %s failed: %s" method (error-message-string error))))))

(defun vivo-connection--asked (connection method params)
  "The answer to the request METHOD with PARAMS of CONNECTION."
  (let ((function (alist-get method vivo-connection--answers)))
    (if function
        (funcall function connection params)
      (jsonrpc-error :code -32601 :message (format "This client knows no %s." method)))))

(cl-defmethod jsonrpc-connection-send ((connection vivo-connection) &rest args)
  "Send ARGS through CONNECTION, an answer that comes later when it is there."
  (let ((answer (plist-get args :result))
        (id (plist-get args :id)))
    (if (not (vivo-connection-later-p answer))
        (cl-call-next-method)
      (puthash id answer (vivo-connection-later-ones connection))
      (run-at-time
       0 nil (vivo-connection-later-function answer) answer
       (lambda (result)
         (when (vivo-connection-later-is-open answer)
           (setf (vivo-connection-later-is-open answer) nil)
           (remhash id (vivo-connection-later-ones connection))
           (when (jsonrpc-running-p connection)
             (jsonrpc-connection-send connection :id id :result result))))))))

(defun vivo-connection--cancelled (connection params)
  "The server of CONNECTION wants no answer any more to the request of PARAMS."
  (let ((later (gethash (plist-get params :id) (vivo-connection-later-ones connection))))
    (when later
      (vivo-connection--give-up later)
      (remhash (plist-get params :id) (vivo-connection-later-ones connection)))))

(defun vivo-connection--give-up (later)
  "Nobody waits for LATER any more."
  (setf (vivo-connection-later-is-open later) nil)
  (when (vivo-connection-later-cancel later)
    (funcall (vivo-connection-later-cancel later))))

(vivo-connection-on '$/cancelRequest #'vivo-connection--cancelled)

;;; Asking

(defun vivo-connection-when-ready (connection function)
  "Call FUNCTION once CONNECTION has shaken hands."
  (if (vivo-connection-ready connection)
      (funcall function)
    (push function (vivo-connection-waiting connection))))

(defun vivo-connection-ask (connection method params done &optional failed)
  "Ask METHOD with PARAMS of CONNECTION; call DONE with the result.
An error's text goes to FAILED, or is told."
  (vivo-connection-when-ready
   connection
   (lambda ()
     (jsonrpc-async-request
      connection method params
      :timeout 60
      :success-fn done
      :error-fn (lambda (error)
                  (unless (eql -1 (plist-get error :code)) ; the server's end is told elsewhere
                    (if failed
                        (funcall failed (plist-get error :message))
                      (message "vivo: %s" (plist-get error :message)))))
      :timeout-fn (lambda () (message "vivo: the server does not answer to %s" method))))))

(defun vivo-connection-run-in (connection name argument &optional done failed)
  "Run command NAME with ARGUMENT through CONNECTION, as `vivo-connection-run'."
  (vivo-connection-ask
   connection :workspace/executeCommand
   (list :command (concat "vivo.server." name) :arguments (vector argument))
   (or done #'ignore) failed))

(provide 'vivo-wire)
;;; vivo-wire.el ends here
