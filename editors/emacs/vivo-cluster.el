;;; vivo-cluster.el --- Cells sent to the engines of a cluster  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Send the region, a cell or the whole buffer to the engines of a cluster:
;; all, some, or the one with the least to do.  Their values stand beside the
;; code as any others do, by engine; what they print is in a buffer of the
;; cluster's (vivo-engines.el).  Which cluster that is, whether it is to be
;; started, and what came of a cell, the server says.

;;; Code:

(require 'vivo-connection)
(require 'vivo-document)

(declare-function vivo--flash "vivo" (buffer range))

(defvar-local vivo-cluster-name nil
  "The cluster that the buffer's cells are sent to; nil for the workspace's own.")
(defvar-local vivo-cluster--sent nil
  "What was sent from the buffer, latest first: its id, and where its text is.")

;;; Which engines

(defconst vivo-cluster--all "all" "The entry for all engines.")
(defconst vivo-cluster--free "balanced" "The entry for the engine with the least to do.")

(defun vivo-cluster--params (&rest more)
  "What the server's commands about the buffer's cluster want, with MORE."
  (append (list :uri (vivo-document-uri) :name vivo-cluster-name) more))

(defun vivo-cluster--engine-told (engine)
  "What is told of ENGINE where one is chosen."
  (let ((tasks (or (plist-get engine :tasks) 0)))
    (concat "  " (or (plist-get engine :host) "")
            (if (> tasks 0) (format ", %d tasks" tasks) ", idle"))))

(defun vivo-cluster--up (status)
  "The engines of STATUS that are up, by their numbers as text."
  (cl-loop for engine across (vconcat (plist-get status :engines))
           when (equal "up" (plist-get engine :state))
           collect (cons (number-to-string (plist-get engine :number)) engine)))

(defun vivo-cluster--table (entries)
  "ENTRIES, names with what is told of each, as a completion table."
  (lambda (text predicate action)
    (if (eq action 'metadata)
        `(metadata (display-sort-function . identity)
                   (annotation-function . ,(lambda (name) (cdr (assoc name entries)))))
      (complete-with-action action (mapcar #'car entries) text predicate))))

(defun vivo-cluster-with-status (done)
  "Call DONE with the status of the buffer's cluster, in this buffer."
  (let ((buffer (current-buffer)))
    (vivo-connection-run
     "cluster.status" (vivo-cluster--params)
     (lambda (status)
       ;; Not inside of the process filter: DONE may read from the minibuffer.
       (run-at-time 0 nil (lambda ()
                            (when (buffer-live-p buffer)
                              (with-current-buffer buffer (funcall done status)))))))))

(defun vivo-cluster--read-target (prompt status &optional without-balanced)
  "Read with PROMPT engines of the cluster of STATUS, as the server wants them.
With WITHOUT-BALANCED, not the one with the least to do."
  (let* ((up (vivo-cluster--up status))
         (entries (append
                   (list (cons vivo-cluster--all
                               (if up (format "  %d engines" (length up))
                                 "  of the cluster, which is started")))
                   (unless without-balanced
                     (list (cons vivo-cluster--free "  the one with the least to do")))
                   (mapcar (lambda (each) (cons (car each) (vivo-cluster--engine-told (cdr each))))
                           up)))
         (chosen (completing-read-multiple prompt (vivo-cluster--table entries) nil t
                                           nil nil vivo-cluster--all)))
    (cond ((member vivo-cluster--all chosen) "all")
          ((member vivo-cluster--free chosen) "balanced")
          (t (vconcat (mapcar #'string-to-number chosen))))))

;;; Sending

(defun vivo-cluster--send (what place target)
  "Send WHAT, at PLACE, to TARGET; nil for the engine of the cell, else all."
  (let ((buffer (current-buffer)))
    (vivo-connection-run
     "sendToCluster"
     (append (vivo-cluster--params :what what) place (and target (list :target target)))
     (lambda (started)
       (vivo-cluster--note buffer (plist-get started :executionId) (plist-get started :range))
       (vivo--flash buffer (plist-get started :range))))))

(defun vivo-cluster--here ()
  "What is to be sent and where: the region if it is active, else the cell."
  (if (use-region-p)
      (list "selection" (list :range (vivo-document-range (region-beginning) (region-end))))
    (list "cell" (list :position (vivo-document-position (point))))))

(defun vivo-cluster-send (&optional choose)
  "Send the region, if it is active, else the cell at point to the cluster.
It goes to the engine that was chosen for the cell, else to all; with a prefix
argument CHOOSE, ask to which.  Where no cluster runs, one is started."
  (interactive "P")
  (pcase-let ((`(,what ,place) (vivo-cluster--here)))
    (if choose
        (vivo-cluster-with-status
         (lambda (status)
           (vivo-cluster--send what place (vivo-cluster--read-target "Send to engines: " status))))
      (vivo-cluster--send what place nil))))

(defun vivo-cluster-send-to-engines ()
  "Send the region or the cell at point to engines that are asked for."
  (interactive)
  (vivo-cluster-send t))

(defun vivo-cluster-send-file (&optional choose)
  "Send the whole buffer to the cluster, as one cell.
With a prefix argument CHOOSE, ask to which engines."
  (interactive "P")
  (if choose
      (vivo-cluster-with-status
       (lambda (status)
         (vivo-cluster--send "file" nil (vivo-cluster--read-target "Send to engines: " status))))
    (vivo-cluster--send "file" nil nil)))

(defun vivo-cluster--note (buffer id range)
  "Note that the execution ID is of the text at RANGE of BUFFER."
  (when (and range (buffer-live-p buffer))
    (with-current-buffer buffer
      (unless (assoc id vivo-cluster--sent)
        (let ((bounds (vivo-document-bounds range)))
          (push (list id (copy-marker (car bounds)) (copy-marker (cdr bounds) t))
                vivo-cluster--sent))))))

(defun vivo-cluster--started (connection params)
  "Note the execution of PARAMS, told by CONNECTION, also of another editor's."
  (when-let ((uri (plist-get params :uri)))
    (vivo-cluster--note (vivo-connection-buffer uri connection)
                        (plist-get params :executionId) (plist-get params :range))))

(vivo-connection-on 'vivo/clusterExecutionStarted #'vivo-cluster--started)

(defun vivo-cluster-sent-here ()
  "The latest execution on a cluster of the text at point, else of the buffer."
  (car (or (cl-find-if (lambda (each) (<= (nth 1 each) (point) (nth 2 each))) vivo-cluster--sent)
           (car vivo-cluster--sent)
           (user-error "Nothing here was sent to a cluster: C-c C-v c c sends the cell"))))

;;; While it starts and runs

(defvar vivo-cluster--states (make-hash-table :test #'equal)
  "By name of a cluster, the state that was told in the echo area last.")

(defun vivo-cluster--status-told (_connection status)
  "Tell in the echo area that the cluster of STATUS starts, or is there."
  (let* ((name (plist-get status :name))
         (state (plist-get status :state))
         (before (gethash name vivo-cluster--states))
         (problem (car (append (plist-get status :problems) nil))))
    (puthash name state vivo-cluster--states)
    (unless (equal state before)
      (pcase state
        ("starting" (message "vivo: the cluster %s starts" name))
        ("running" (message "vivo: the cluster %s has %d engines" name
                            (length (vivo-cluster--up status))))
        ("killed" (message "vivo: the cluster %s lost its controller: what is sent next brings it back"
                           name))
        ("none" (message "vivo: the cluster %s does not run any more%s" name
                         (if problem (concat ": " problem) "")))))))

(vivo-connection-on 'vivo/clusterStatus #'vivo-cluster--status-told)

(defun vivo-cluster-interrupt ()
  "Interrupt on all engines what was sent to the cluster and has not ended.
A cluster that is only starting is given up, after asking."
  (interactive)
  (vivo-cluster-with-status #'vivo-cluster-interrupt-status))

(defun vivo-cluster-interrupt-status (status)
  "Interrupt what runs on the cluster of STATUS, or give its start up."
  (let ((executions (append (plist-get status :executions) nil))
        (name (plist-get status :name)))
    (cond ((equal "starting" (plist-get status :state))
           (when (y-or-n-p (format "Give up starting the cluster %s? " name))
             (vivo-connection-run "cluster.stop" (list :uri (vivo-document-uri) :name name))))
          ((null executions) (message "vivo: nothing that was sent to the cluster runs"))
          (t (dolist (id executions)
               (vivo-connection-run "interrupt" (list :executionId id)))
             (message "vivo: interrupting what was sent to the cluster %s" name)))))

;;; The engine that answers for a cell

(defun vivo-cluster-choose-engine ()
  "Choose the engine that completes and tells of values in the cell at point.
The cell is sent to it, too, unless others are asked for.  The session answers
again if that is chosen."
  (interactive)
  (vivo-cluster-with-status
   (lambda (status)
     (let* ((up (vivo-cluster--up status))
            (entries (cons (cons "session" "  the buffer's own answers")
                           (mapcar (lambda (each)
                                     (cons (car each) (vivo-cluster--engine-told (cdr each))))
                                   up)))
            (chosen (completing-read "Who answers for this cell: " (vivo-cluster--table entries)
                                     nil t nil nil (or (caar up) "session"))))
       (vivo-connection-run
        "cluster.target"
        (append (vivo-document-here)
                (list :name vivo-cluster-name
                      :engine (unless (equal chosen "session") (string-to-number chosen))))
        (lambda (result)
          (message "vivo: %s answers for this cell"
                   (if (plist-get result :engine) (format "engine %d" (plist-get result :engine))
                     "the session"))))))))

;;; Variables

(defvar vivo-cluster--moves (make-hash-table :test #'equal)
  "By execution, what is told when the move of a variable has ended.")

(defun vivo-cluster--move (command params told)
  "Have variables moved by COMMAND with PARAMS; TOLD once that is done."
  (vivo-connection-run command (append (vivo-cluster--params) params)
                       (lambda (started)
                         (puthash (plist-get started :executionId) told vivo-cluster--moves))))

(defun vivo-cluster--moved (_connection params)
  "Tell what came of a move of variables, if the execution of PARAMS was one."
  (when-let ((told (gethash (plist-get params :executionId) vivo-cluster--moves)))
    (remhash (plist-get params :executionId) vivo-cluster--moves)
    (let ((error (plist-get params :error)))
      (if error
          (message "vivo: %s: %s" (plist-get error :name) (plist-get error :message))
        (message "vivo: %s" told)))))

(vivo-connection-on 'vivo/executionFinished #'vivo-cluster--moved)

(defun vivo-cluster--variables ()
  "The names of the variables of the buffer's session, as far as they come in time."
  (mapcar (lambda (variable) (plist-get variable :name))
          (plist-get (vivo-connection-request-sync
                      :vivo/variables (list :uri (vivo-document-uri) :count 1000))
                     :variables)))

(defun vivo-cluster-push (&optional choose)
  "Give engines variables of this buffer's session; they are asked for.
They go to all; with a prefix argument CHOOSE, ask to which."
  (interactive "P")
  (vivo-cluster-with-status
   (lambda (status)
     (let* ((names (completing-read-multiple "Push variables: " (vivo-cluster--variables)
                                             nil nil (thing-at-point 'symbol t)))
            (engines (if choose (vivo-cluster--read-target "To engines: " status t) "all")))
       (vivo-cluster--move "cluster.push" (list :names (vconcat names) :engines engines)
                           (format "the engines have %s" (string-join names ", ")))))))

(defun vivo-cluster-pull ()
  "Give this buffer's session a variable of an engine; both are asked for."
  (interactive)
  (vivo-cluster-with-status
   (lambda (status)
     (let* ((up (or (vivo-cluster--up status)
                    (user-error "No engine is up: C-c C-v c c sends the cell and starts some")))
            (variable (read-string "Pull variable: " (thing-at-point 'symbol t)))
            (engine (if (cdr up)
                        (completing-read
                         "From engine: "
                         (vivo-cluster--table
                          (mapcar (lambda (each)
                                    (cons (car each) (vivo-cluster--engine-told (cdr each))))
                                  up))
                         nil t nil nil (caar up))
                      (caar up)))
            (to (read-string (format "Call it (empty: %s): " variable) nil nil variable)))
       (vivo-cluster--move "cluster.pull"
                           (list :variable variable :engine (string-to-number engine) :to to)
                           (format "the session has %s, from engine %s" to engine))))))

(provide 'vivo-cluster)
;;; vivo-cluster.el ends here
