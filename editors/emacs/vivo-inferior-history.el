;;; vivo-inferior-history.el --- The session's history in its buffer  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; M-p, M-n and M-r go through the inputs of the session: whoever sent them,
;; also in earlier ones.  The newest are here; older ones are searched for
;; where they are.

;;; Code:

(require 'comint)
(require 'ring)
(require 'vivo-connection)
(require 'vivo-transcript)

(defcustom vivo-inferior-history-size 1000
  "How many of the newest inputs an inferior buffer has at hand."
  :type 'natnum
  :group 'vivo)

(defvar-local vivo-inferior-history--since nil
  "What ran since the history was asked for, latest first.")

(defun vivo-inferior-history-ask (wanted done)
  "Call DONE with the inputs of the buffer's session that are WANTED, oldest first.
It is called in the buffer."
  (let ((buffer (current-buffer)))
    (vivo-connection-request
     :vivo/history (append (list :uri (vivo-document-uri)) wanted)
     (lambda (told)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer
           (funcall done (append (plist-get told :inputs) nil)))))
     #'ignore)))

(defun vivo-inferior-load-history ()
  "Fill the ring of inputs with the newest of the session."
  (setq vivo-inferior-history--since nil)
  (vivo-inferior-history-ask
   (list :count vivo-inferior-history-size)
   (lambda (inputs)
     (setq-local comint-input-ring-size vivo-inferior-history-size
                 comint-input-ring (make-ring vivo-inferior-history-size)
                 comint-input-ring-index nil)
     (let ((since (nreverse vivo-inferior-history--since)))
       (mapc #'vivo-inferior-remember inputs)
       (dolist (input since)
         (unless (member input (last inputs (length since)))
           (vivo-inferior-remember input)))))))

(defun vivo-inferior-remember (input)
  "Put INPUT, which runs or ran, into the ring."
  (push input vivo-inferior-history--since)
  (let ((ring comint-input-ring))
    (unless (or (null ring) (string-blank-p input)
                (and (not (ring-empty-p ring)) (equal input (ring-ref ring 0))))
      ;; Whoever goes through the ring stays where they are.
      (when comint-input-ring-index (cl-incf comint-input-ring-index))
      (ring-insert ring input))))

(defun vivo-inferior-search-history (text)
  "Choose among all inputs in which TEXT stands, and type the one chosen."
  (interactive "sInputs with: ")
  (let ((buffer (current-buffer)))
    (vivo-inferior-history-ask
     (list :text text :count 500)
     (lambda (inputs)
       ;; Not inside of the process filter: this reads from the minibuffer.
       (run-at-time 0 nil #'vivo-inferior-history--choose buffer (nreverse inputs))))))

(defun vivo-inferior-history--choose (buffer inputs)
  "Let the user choose one of INPUTS, the newest first, and type it in BUFFER."
  (if (null inputs)
      (message "vivo: no such input")
    (let ((chosen (completing-read
                   "Input: "
                   (lambda (string predicate action)
                     (if (eq action 'metadata)
                         '(metadata (display-sort-function . identity)
                                    (cycle-sort-function . identity))
                       (complete-with-action action inputs string predicate)))
                   nil t nil nil (car inputs))))
      (with-current-buffer buffer
        (goto-char (point-max))
        (delete-region (vivo-transcript-input-start) (point-max))
        (insert chosen)))))

(provide 'vivo-inferior-history)
;;; vivo-inferior-history.el ends here
