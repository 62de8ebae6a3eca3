;;; vivo-engines.el --- What the engines of a cluster print and give  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A buffer for each cluster: what was sent to it, and below that what each
;; engine prints, shows and raises, under its name.  And the results of one
;; cell by engine, in full.

;;; Code:

(require 'ansi-color)
(require 'comint)
(require 'vivo-connection)
(require 'vivo-cluster)

(defconst vivo-engines--most 1000000
  "The most characters that a buffer of outputs keeps.")

(defvar-local vivo-engines--last nil
  "The execution and the engine that were written of last.")
(defvar-local vivo-engines--errors nil
  "The errors that are told already, of the executions that run.")

(define-derived-mode vivo-engines-mode special-mode "vivo-cluster"
  "What the engines of a cluster print and give.")

(defun vivo-engines-buffer (name)
  "The buffer of the outputs of the cluster NAME."
  (let ((buffer (get-buffer-create (format "*vivo cluster: %s*" name))))
    (with-current-buffer buffer
      (unless (derived-mode-p 'vivo-engines-mode) (vivo-engines-mode)))
    buffer))

(defun vivo-cluster-show-output ()
  "Show what the engines of this buffer's cluster have printed."
  (interactive)
  (vivo-cluster-with-status
   (lambda (status)
     (pop-to-buffer (vivo-engines-buffer (plist-get status :name))))))

;;; Writing

(defun vivo-engines--write (buffer text)
  "Write TEXT at the end of BUFFER; who reads at its end goes on to."
  (with-current-buffer buffer
    (let* ((inhibit-read-only t)
           (end (point-max))
           (follows (= (point) end))
           (windows (cl-remove-if-not (lambda (window) (= (window-point window) end))
                                      (get-buffer-window-list buffer nil t))))
      (save-excursion
        (goto-char end)
        (insert (ansi-color-apply text))
        (comint-carriage-motion (save-excursion (goto-char end) (line-beginning-position))
                                (point-max))
        (when (> (point-max) vivo-engines--most)
          (goto-char (- (point-max) (/ vivo-engines--most 2)))
          (delete-region (point-min) (line-beginning-position))))
      (when follows (goto-char (point-max)))
      (dolist (window windows) (set-window-point window (point-max))))))

(defun vivo-engines--fresh-line (buffer)
  "Let what comes next in BUFFER begin a line."
  (unless (with-current-buffer buffer
            (save-excursion (goto-char (point-max)) (bolp)))
    (vivo-engines--write buffer "\n")))

(defun vivo-engines--under (buffer execution engine)
  "Let what comes next in BUFFER stand under the name of ENGINE, for EXECUTION."
  (with-current-buffer buffer
    (unless (equal vivo-engines--last (cons execution engine))
      (setq vivo-engines--last (cons execution engine))
      (vivo-engines--fresh-line buffer)
      (vivo-engines--write buffer (propertize (format "[engine %d]\n" engine) 'face 'bold)))))

;;; What the server tells

(defun vivo-engines--cluster (connection params)
  "The name of the cluster of CONNECTION that PARAMS are about.
An output names the engine's own session."
  (let ((session (plist-get params :sessionId)) found)
    (if (gethash session (vivo-connection-clusters connection))
        session
      (maphash (lambda (name status)
                 (when (or (cl-find session (plist-get status :engines) :test #'equal
                                    :key (lambda (engine) (plist-get engine :sessionId)))
                           (and (null found)
                                (cl-find (plist-get params :executionId)
                                         (plist-get status :executions) :test #'equal)))
                   (setq found name)))
               (vivo-connection-clusters connection))
      (or found "engines"))))

(defun vivo-engines--started (connection params)
  "Write what runs on a cluster now, from PARAMS of CONNECTION."
  (let ((buffer (vivo-engines-buffer (vivo-engines--cluster connection params))))
    (vivo-engines--fresh-line buffer)
    (vivo-engines--write
     buffer (propertize (format "In [%s]: %s\n" (or (plist-get params :executionCount) " ")
                                (replace-regexp-in-string "\n" "\n   ...: "
                                                          (plist-get params :code)))
                        'face 'shadow))
    (with-current-buffer buffer (setq vivo-engines--last nil))))

(defun vivo-engines--output (connection params)
  "Write an output of an engine, from PARAMS of CONNECTION, under its name."
  (let ((buffer (vivo-engines-buffer (vivo-engines--cluster connection params)))
        (data (plist-get params :data)))
    (unless (equal "clear" (plist-get params :kind))
      (vivo-engines--under buffer (plist-get params :executionId) (plist-get params :engine)))
    (pcase (plist-get params :kind)
      ("stream" (vivo-engines--write buffer (plist-get params :text)))
      ("result"
       (vivo-engines--fresh-line buffer)
       (vivo-engines--write buffer (format "Out[%s]: " (plist-get params :executionCount)))
       (vivo-engines--show buffer data))
      ((or "display" "update" "page")
       (vivo-engines--fresh-line buffer)
       (vivo-engines--show buffer data))
      ("error" (vivo-engines--error buffer params)))))

(defun vivo-engines--show (buffer data)
  "Show the MIME bundle DATA in BUFFER: a picture where there can be one."
  (let ((png (plist-get data :image/png))
        (text (or (plist-get data :text/plain) "")))
    (if (and png (display-images-p))
        (let ((image (create-image (base64-decode-string png) 'png t)))
          (vivo-engines--write buffer (concat (propertize text 'display image) "\n")))
      (vivo-engines--write buffer (concat text "\n")))))

(defun vivo-engines--error (buffer params)
  "Write the error of PARAMS in BUFFER: the traceback of those that are alike once."
  (let* ((error (plist-get params :error))
         (last-line (format "%s: %s" (plist-get error :name) (plist-get error :message)))
         (key (cons (plist-get params :executionId) last-line)))
    (vivo-engines--fresh-line buffer)
    (with-current-buffer buffer
      (if (member key vivo-engines--errors)
          (vivo-engines--write buffer (concat last-line "\n"))
        (push key vivo-engines--errors)
        (vivo-engines--write
         buffer (concat (mapconcat #'identity (plist-get error :traceback) "\n") "\n"))))))

(defun vivo-engines--finished (connection params)
  "Write how the execution of PARAMS, told by CONNECTION, has ended."
  (let ((buffer (vivo-engines-buffer (vivo-engines--cluster connection params)))
        (error (plist-get params :error)))
    (vivo-engines--fresh-line buffer)
    (when error
      (vivo-engines--write buffer (propertize (format "%s: %s\n" (plist-get error :name)
                                                      (plist-get error :message))
                                              'face 'error)))
    (with-current-buffer buffer
      (setq vivo-engines--last nil
            vivo-engines--errors
            (cl-remove (plist-get params :executionId) vivo-engines--errors
                       :key #'car :test #'equal)))))

(vivo-connection-on 'vivo/clusterExecutionStarted #'vivo-engines--started)
(vivo-connection-on 'vivo/clusterOutput #'vivo-engines--output)
(vivo-connection-on 'vivo/clusterExecutionFinished #'vivo-engines--finished)

;;; The results of a cell

(defun vivo-cluster-results ()
  "Show what each engine made of the cell at point, the last time it was sent."
  (interactive)
  (vivo-connection-run
   "cluster.results" (list :executionId (vivo-cluster-sent-here))
   (lambda (results)
     (with-help-window "*vivo results by engine*"
       (mapc (lambda (result) (princ (vivo-engines--result result)))
             (plist-get results :engines))))))

(defun vivo-engines--result (result)
  "RESULT of an engine as text."
  (let ((duration (plist-get result :duration)))
    (concat (format "engine %d  %s%s\n" (plist-get result :engine) (plist-get result :status)
                    (if duration (format ", %.3g s" duration) ""))
            (mapconcat (lambda (bundle) (concat (plist-get bundle :text/plain) "\n"))
                       (plist-get result :values) "")
            (if (plist-get result :error) (concat (plist-get result :error) "\n") "")
            "\n")))

(provide 'vivo-engines)
;;; vivo-engines.el ends here
