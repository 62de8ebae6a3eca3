;;; clusters-tests.el --- Clusters in Emacs, with real engines  -*- lexical-binding: t; -*-

;;; Commentary:

;; Run by run.sh, in a home of its own.  Each test waits for events.

;;; Code:

(require 'helpers)
(require 'vivo-clusters)

(defmacro clusters-tests--with (text &rest body)
  "Run BODY in a file that holds TEXT, with a setting for two engines.
Its clusters end with it, and their buffers are killed."
  (declare (indent 1))
  `(let ((vivo-cluster '(:engines 2)))
     (unwind-protect
         (vivo-tests--with-file ,text
           (unwind-protect (save-current-buffer ,@body)
             (clusters-tests--stop-all)))
       (dolist (buffer (buffer-list))
         (when (string-match-p "\\`\\*vivo \\(cluster\\|results\\)" (buffer-name buffer))
           (kill-buffer buffer))))))

(defun clusters-tests--stop-all ()
  "Stop every cluster of this home."
  (dolist (line (split-string (vivo-tests--vivo "cluster" "list") "\n" t))
    (unless (string-prefix-p "There are no" line)
      (vivo-tests--vivo "cluster" "stop" (car (split-string line))))))

(defun clusters-tests--text (pattern)
  "The text of the buffer whose name PATTERN matches."
  (let ((buffer (cl-find-if (lambda (each) (string-match-p pattern (buffer-name each)))
                            (buffer-list))))
    (if buffer (with-current-buffer buffer (substring-no-properties (buffer-string))) "")))

(defun clusters-tests--output ()
  "The text of the buffer of what engines print."
  (clusters-tests--text "\\`\\*vivo cluster: "))

(defun clusters-tests--states ()
  "The rows of the list of clusters: what stands first, and the state."
  (with-current-buffer "*vivo clusters*"
    (mapcar (lambda (entry)
              (list (string-trim (substring-no-properties (aref (cadr entry) 0)))
                    (substring-no-properties (aref (cadr entry) 1))))
            tabulated-list-entries)))

(defmacro clusters-tests--answering (answers &rest body)
  "Run BODY while prompts of the minibuffer are answered from ANSWERS.
These are pairs of a part of the prompt and what is chosen there."
  (declare (indent 1))
  `(cl-flet ((answer (prompt)
               (cdr (or (cl-find-if (lambda (each) (string-match-p (car each) prompt)) ,answers)
                        (error "No answer to %s" prompt)))))
     (cl-letf (((symbol-function 'completing-read) (lambda (prompt &rest _) (answer prompt)))
               ((symbol-function 'completing-read-multiple) (lambda (prompt &rest _) (answer prompt)))
               ((symbol-function 'read-string) (lambda (prompt &rest _) (answer prompt)))
               ((symbol-function 'y-or-n-p) #'always))
       ,@body)))

(ert-deftest vivo-cell-is-sent-to-engines-with-results-by-engine ()
  "Values by engine beside the code, output under each engine's name, errors once."
  (clusters-tests--with "# %%\nimport os\nprint('here')\nos.getpid()\n# %%\n6 * 7\n# %%\n1 / 0\n"
    (vivo-tests--go "import")
    (vivo-cluster-send)
    (vivo-tests--wait "the progress of the start"
      (not (string-empty-p (vivo-connection-progress-text))))
    (vivo-tests--go "6 *")
    (vivo-cluster-send)
    (vivo-tests--go "1 /")
    (vivo-cluster-send)
    (vivo-tests--wait "the values" (= 2 (length (vivo-tests--labels))))
    (should (string-match-p "\\`⟶ \\[0\\] [0-9]+ · \\[1\\] [0-9]+\\'" (car (vivo-tests--labels))))
    (should (equal "⟶ [all] 42" (cadr (vivo-tests--labels))))
    (vivo-tests--wait "the error" (vivo-errors-places))
    (should (= 1 (length (vivo-errors-places))))
    (should (string-match-p "ZeroDivisionError on engines 0, 1"
                            (get-char-property (car (vivo-errors-places)) 'help-echo)))
    (vivo-tests--wait "the end of the output"
      (string-match-p "ZeroDivisionError on engines 0, 1: division by zero"
                      (clusters-tests--output)))
    (dolist (engine '(0 1))
      (should (string-match-p (format "\\[engine %d\\]\nhere\n" engine) (clusters-tests--output))))
    (with-temp-buffer
      (insert (clusters-tests--output))
      (should (= 1 (how-many "most recent call last" (point-min) (point-max)))))
    (should-not (string-match-p "here" (vivo-tests--inferior)))
    (vivo-tests--go "os.getpid")
    (vivo-cluster-results)
    (vivo-tests--wait "the results"
      (string-match-p "engine 0  ok.*\n[0-9]+\n\nengine 1  ok.*\n[0-9]+\n"
                      (clusters-tests--text "results by engine")))
    (clusters-tests--answering '(("engines" . ("1")))
      (vivo-cluster-send-to-engines)
      (vivo-tests--wait "the value of one engine"
        (string-match-p "\\`⟶ \\[1\\] [0-9]+\\'" (car (vivo-tests--labels)))))))

(ert-deftest vivo-engine-answers-for-a-cell-and-variables-go-both-ways ()
  "Push, pull, the engine that completes; what runs on engines is interrupted by a key."
  (clusters-tests--with "# %%\nnear = [1, 2]\n# %%\nnear.append(3)\nonly_there = near\n# %%\nonly_t\n# %%\nwhile True: pass\n# %%\nfar\n"
    (vivo-tests--go "near")
    (vivo-run-cell)
    (vivo-tests--wait "the session" (vivo-tests--state "idle"))
    (vivo-connection-run "cluster.start" (list :uri (vivo-document-uri)))
    (let ((told nil))
      (cl-letf (((symbol-function 'message)
                 (lambda (format &rest words) (push (apply #'format format words) told))))
        (vivo-tests--wait "the cluster"
          (cl-find-if (lambda (text) (string-match-p "has 2 engines" text)) told))
        (clusters-tests--answering '(("Push" . ("near")) ("Pull" . "only_there") ("From" . "1")
                                     ("Call it" . "far") ("answers" . "1") ("engines" . ("0" "1")))
          (vivo-cluster-push)
          (vivo-tests--wait "the push" (member "vivo: the engines have near" told))
          (vivo-tests--go "near.append")
          (vivo-cluster-send-to-engines)
          (vivo-tests--go "only_t\n" 1)
          (vivo-cluster-choose-engine)
          (vivo-tests--wait "the engine" (member "vivo: engine 1 answers for this cell" told))
          (vivo-tests--wait "the completion of the engine"
            (let ((found (vivo-completion-at-point)))
              (member "only_there" (all-completions "only_t" (nth 2 found)))))
          (vivo-cluster-pull)
          (vivo-tests--wait "the pull" (member "vivo: the session has far, from engine 1" told)))))
    (vivo-tests--go "\nfar" 1)
    (vivo-run-cell)
    (vivo-tests--wait "the value" (member "⟶ [1, 2, 3]" (vivo-tests--labels)))
    (vivo-tests--go "while")
    (vivo-cluster-send)
    (vivo-tests--wait "the cell's beginning" (string-match-p "while True" (clusters-tests--output)))
    (vivo-cluster-interrupt)
    (vivo-tests--wait "the interrupt"
      (string-match-p "KeyboardInterrupt on engines 0, 1" (clusters-tests--output)))))

(ert-deftest vivo-clusters-are-listed-scaled-and-stopped ()
  "The list follows what the cluster does; keys start, scale, interrupt and stop it."
  (clusters-tests--with "# %%\nwhile True: pass\n"
    (let ((source (current-buffer)))
      (vivo-clusters)
      (with-current-buffer "*vivo clusters*"
        (vivo-tests--wait "the empty list" (string-match-p "No cluster runs" (buffer-string)))
        (vivo-clusters-start 2)
        (vivo-tests--wait "the engines"
          (equal '("running" "up" "up") (mapcar #'cadr (clusters-tests--states))))
        (should (equal '("engine 0" "engine 1") (mapcar #'car (cdr (clusters-tests--states)))))
        (vivo-tests--go "engine 1")
        (clusters-tests--answering nil (vivo-clusters-remove))
        (vivo-tests--wait "one engine less"
          (not (member '("engine 1" "up") (clusters-tests--states))))
        (with-current-buffer source
          (vivo-tests--go "while")
          (vivo-cluster-send))
        (vivo-tests--wait "the cell" (string-match-p "1 cell sent" (buffer-string)))
        (vivo-tests--go "engine 0")
        (vivo-clusters-interrupt)
        (vivo-tests--wait "the interrupt"
          (string-match-p "KeyboardInterrupt" (clusters-tests--output)))
        (vivo-tests--go "engine 0")
        (clusters-tests--answering nil (vivo-clusters-stop))
        (vivo-tests--wait "its end" (null tabulated-list-entries))))))

(provide 'clusters-tests)
;;; clusters-tests.el ends here
