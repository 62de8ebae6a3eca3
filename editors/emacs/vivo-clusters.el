;;; vivo-clusters.el --- The clusters of this machine  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A list of the clusters of this machine, each with its engines, to be
;; started, scaled, interrupted and stopped.  The server tells what they do,
;; whenever it changes, as long as the list is there.

;;; Code:

(require 'vivo-sessions)
(require 'vivo-cluster)
(require 'vivo-engines)

(defvar-local vivo-clusters--known nil
  "The clusters that were listed, by name: their folders, and what they do.")

(defvar vivo-clusters-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'vivo-clusters-output)
    (define-key map "s" #'vivo-clusters-start)
    (define-key map "+" #'vivo-clusters-add)
    (define-key map "-" #'vivo-clusters-remove)
    (define-key map "i" #'vivo-clusters-interrupt)
    (define-key map "k" #'vivo-clusters-stop)
    (define-key map "u" #'vivo-clusters-use)
    map)
  "Keys of the list of clusters.")

(define-derived-mode vivo-clusters-mode tabulated-list-mode "vivo-clusters"
  "The clusters of this machine, with their engines."
  (setq tabulated-list-format [("Cluster" 22 nil) ("State" 9 nil) ("Host" 12 nil) ("Python" 8 nil)
                               ("Memory" 9 nil :right-align t) ("Tasks" 14 nil) ("" 0 nil)]
        tabulated-list-padding 1
        mode-line-process
        "  s start  + more  - fewer  i interrupt  k stop  u use  RET output  g again")
  (setq-local revert-buffer-function (lambda (&rest _) (vivo-clusters-refresh)))
  (add-hook 'kill-buffer-hook #'vivo-clusters--unwatch nil t)
  (tabulated-list-init-header))

;;;###autoload
(defun vivo-clusters ()
  "List the clusters of this machine, with their engines."
  (interactive)
  (vivo-sessions--open "*vivo clusters*" 'vivo-clusters-mode))

;;; What is shown

(defun vivo-clusters--tasks (waiting running done failed)
  "How many tasks are WAITING, RUNNING, DONE, FAILED, in words."
  (string-join (cl-loop for (count word) in `((,waiting "wait") (,running "run") (,done "done")
                                              (,failed "failed"))
                        when (and count (> count 0)) collect (format "%d %s" count word))
               ", "))

(defun vivo-clusters--note (status)
  "What else there is to tell of a cluster of STATUS, on a line."
  (string-join
   (delq nil
         (list (let ((awaited (or (plist-get status :awaited) 0)))
                 (and (> awaited 0) (format "%d engines on their way" awaited)))
               (let ((cells (length (plist-get status :executions))))
                 (and (> cells 0) (format "%d cell%s sent" cells (if (= cells 1) "" "s"))))
               (let ((launching (plist-get status :launching)))
                 (and launching (not (string-empty-p launching)) launching))
               (car (append (plist-get status :problems) nil))))
   "; "))

(defun vivo-clusters--cluster (known)
  "The row of a cluster that is KNOWN."
  (let* ((name (plist-get known :name))
         (status (plist-get known :status))
         (queue (plist-get status :queue))
         (note (vivo-clusters--note status)))
    (list name
          (vector (propertize name 'face 'bold)
                  (vivo-sessions--state (or (plist-get status :state) (plist-get known :state)))
                  "" "" ""
                  (vivo-clusters--tasks (plist-get queue :waiting) (plist-get queue :running)
                                        (plist-get queue :done) (plist-get queue :failed))
                  (concat (or (plist-get status :launcher) (plist-get known :launcher)) "  "
                          (abbreviate-file-name (or (plist-get known :cwd) ""))
                          (if (string-empty-p note) "" (concat "  " note)))))))

(defun vivo-clusters--engine (name engine)
  "The row of ENGINE of the cluster NAME."
  (list (cons name (plist-get engine :number))
        (vector (format "  engine %d" (plist-get engine :number))
                (vivo-sessions--state (plist-get engine :state))
                (or (plist-get engine :host) "")
                (or (plist-get engine :pythonVersion) "")
                (vivo-sessions--size (plist-get engine :memory))
                (vivo-clusters--tasks nil (plist-get engine :tasks) (plist-get engine :done)
                                      (plist-get engine :failed))
                (concat (if (plist-get engine :pid) (format "process %d" (plist-get engine :pid)) "")
                        (if (member (plist-get engine :reason) '(nil "")) ""
                          (concat "  " (plist-get engine :reason)))))))

(defun vivo-clusters--draw ()
  "Draw what is known."
  (setq tabulated-list-entries
        (cl-loop for known in vivo-clusters--known
                 append (cons (vivo-clusters--cluster known)
                              (mapcar (lambda (engine)
                                        (vivo-clusters--engine (plist-get known :name) engine))
                                      (plist-get (plist-get known :status) :engines)))))
  (tabulated-list-print t)
  (when (and (null tabulated-list-entries) (zerop (buffer-size)))
    (let ((inhibit-read-only t))
      (insert " No cluster runs: s starts one, as does C-c C-v c c in a cell.\n"))))

(defun vivo-clusters-refresh ()
  "Ask which clusters there are, and what each does."
  (vivo-sessions--ask
   "cluster.list" (make-hash-table)
   (lambda (result)
     (setq vivo-clusters--known
           (mapcar (lambda (cluster)
                     (append cluster
                             (list :watched nil
                                   :status (plist-get
                                            (vivo-clusters--find (plist-get cluster :name))
                                            :status))))
                   (plist-get result :clusters)))
     (vivo-clusters--draw)
     (dolist (cluster vivo-clusters--known)
       ;; One whose controller was killed is only named: to ask it would take it up again.
       (unless (equal "killed" (plist-get cluster :state))
         (vivo-clusters--watch cluster))))))

(defun vivo-clusters--watch (known)
  "Ask what the cluster that is KNOWN does, and to be told of its changes."
  (plist-put known :watched t)
  (vivo-clusters--run "cluster.status"
                      (vivo-clusters--params (plist-get known :name) :watch t)))

(defun vivo-clusters--find (name)
  "What is known of the cluster NAME."
  (cl-find name vivo-clusters--known :test #'equal
           :key (lambda (known) (plist-get known :name))))

(defun vivo-clusters--take (status)
  "Show STATUS of a cluster in this list; one that does not run any more goes."
  (let* ((name (plist-get status :name))
         (state (plist-get status :state))
         (known (vivo-clusters--find name)))
    (if (equal "none" state)
        (setq vivo-clusters--known (delq known vivo-clusters--known))
      (unless known
        (setq known (list :name name :status nil :watched nil))
        (push known vivo-clusters--known))
      (plist-put known :status status)
      (when (and (equal "running" state) (not (plist-get known :watched)))
        (vivo-clusters--watch known)))
    (vivo-clusters--draw)))

(defun vivo-clusters--told (connection status)
  "Show STATUS in the list that was opened through CONNECTION."
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (and (derived-mode-p 'vivo-clusters-mode)
                 (buffer-live-p vivo-sessions--source)
                 (eq connection (buffer-local-value 'vivo-connection--mine vivo-sessions--source)))
        (vivo-clusters--take status)))))

(vivo-connection-on 'vivo/clusterStatus #'vivo-clusters--told)

(defun vivo-clusters--unwatch ()
  "The list goes: let the changes of its clusters be told no longer."
  (when (and (buffer-live-p vivo-sessions--source)
             (with-current-buffer vivo-sessions--source (vivo-connection-is-live)))
    (dolist (known vivo-clusters--known)
      (when (equal "running" (plist-get (plist-get known :status) :state))
        (vivo-sessions--ask "cluster.status"
                            (vivo-clusters--params (plist-get known :name) :watch :json-false)
                            #'ignore)))))

;;; What is done

(defun vivo-clusters--params (name &rest more)
  "What the server's commands about the cluster NAME want, with MORE."
  (append (list :uri (with-current-buffer vivo-sessions--source (vivo-document-uri)) :name name)
          more))

(defun vivo-clusters--name ()
  "The cluster at point."
  (let ((id (or (tabulated-list-get-id)
                (user-error "There is no cluster on this line: s starts one"))))
    (if (consp id) (car id) id)))

(defun vivo-clusters--run (command params)
  "Run the server's COMMAND with PARAMS and show the status that it gives."
  (vivo-sessions--ask command params #'vivo-clusters--take))

(defun vivo-clusters-start (engines)
  "Start the workspace's cluster, with ENGINES of them; 0 as `vivo-cluster' says.
At point a cluster whose controller was killed is taken up again."
  (interactive (list (if (vivo-clusters--killed-here) 0
                       (read-number "How many engines (0: as vivo-cluster says): " 0))))
  (vivo-clusters--run
   "cluster.start" (vivo-clusters--params (vivo-clusters--killed-here)
                                          :engines (and (> engines 0) engines))))

(defun vivo-clusters--killed-here ()
  "The name of the cluster at point if its controller was killed."
  (let* ((id (tabulated-list-get-id))
         (known (vivo-clusters--find (if (consp id) (car id) id))))
    (and (equal "killed" (or (plist-get (plist-get known :status) :state)
                             (plist-get known :state)))
         (plist-get known :name))))

(defun vivo-clusters-add (count)
  "Start COUNT more engines of the cluster at point; a prefix argument tells it."
  (interactive "p")
  (vivo-clusters--run "cluster.scale" (vivo-clusters--params (vivo-clusters--name) :add count)))

(defun vivo-clusters-remove ()
  "End the engine at point, after asking."
  (interactive)
  (let ((id (tabulated-list-get-id)))
    (unless (consp id) (user-error "There is no engine on this line"))
    (when (y-or-n-p (format "End engine %d and lose its variables? " (cdr id)))
      (vivo-clusters--run "cluster.scale"
                          (vivo-clusters--params (car id) :remove (vector (cdr id)))))))

(defun vivo-clusters-interrupt ()
  "Interrupt the cells that run on the cluster at point."
  (interactive)
  (vivo-sessions--ask
   "cluster.status" (vivo-clusters--params (vivo-clusters--name))
   (let ((source vivo-sessions--source))
     (lambda (status)
       (vivo-clusters--take status)
       (run-at-time 0 nil (lambda ()
                            (with-current-buffer source
                              (vivo-cluster-interrupt-status status))))))))

(defun vivo-clusters-stop ()
  "End the engines of the cluster at point and its controller, after asking."
  (interactive)
  (let ((name (vivo-clusters--name)))
    (when (y-or-n-p (format "Stop the cluster %s and lose the variables of its engines? " name))
      (vivo-clusters--run "cluster.stop" (vivo-clusters--params name)))))

(defun vivo-clusters-use ()
  "Let the cluster at point get what is sent from the buffer of this list."
  (interactive)
  (let ((name (vivo-clusters--name)))
    (with-current-buffer vivo-sessions--source
      (setq vivo-cluster-name name)
      (message "vivo: the cells of %s are sent to %s" (buffer-name) name))))

(defun vivo-clusters-output ()
  "Show what the engines of the cluster at point have printed."
  (interactive)
  (pop-to-buffer (vivo-engines-buffer (vivo-clusters--name))))

(provide 'vivo-clusters)
;;; vivo-clusters.el ends here
