;;; vivo-inferior.el --- The inferior buffer: In and Out  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; What runs in a session, from whichever buffer or client, is echoed here
;; with its output; what is typed here runs there.  Rules:
;;
;; 1. A buffer knows its session by its id.  Several may be of one session.
;; 2. There is no process behind it but a pipe, for comint: the session is
;;    elsewhere, and goes on when the buffer is killed.
;; 3. A buffer that is looked at is open in the connection as a document of
;;    its own, whose text is what is being typed: what is asked at point is
;;    asked as in any other buffer.  One that echoes alone is not.
;; 4. Each event is shown once, whichever server tells it.

;;; Code:

(require 'vivo-connection)
(require 'vivo-transcript)
(require 'vivo-asking)
(require 'vivo-completion)
(require 'vivo-eldoc)
(require 'vivo-choose)
(require 'vivo-inferior-history)

(defcustom vivo-inferior-echo-lines 30
  "The most lines that are echoed of what another buffer or client runs."
  :type 'natnum
  :group 'vivo)

(defvar-local vivo-inferior--root nil "The root of the project whose server tells this buffer.")
(defvar-local vivo-inferior--session nil "The id of the session, nil while it is not known.")
(defvar-local vivo-inferior--of nil "The URI of the document that the buffer was opened from.")
(defvar-local vivo-inferior--source nil "The buffer that `vivo-switch-to-source' goes to.")
(defvar-local vivo-inferior--state nil "The state of the session, as it was told last.")
(defvar-local vivo-inferior--next nil "The number of the next cell.")
(defvar-local vivo-inferior--waiting nil "What was typed here and waits, oldest first: (ID . CODE).")
(defvar-local vivo-inferior--typed nil "The ids of what was typed here.")
(defvar-local vivo-inferior--known nil "The ids of what was echoed.")
(defvar-local vivo-inferior--running nil "The id of what runs, and where its output begins.")
(defvar-local vivo-inferior--clears nil "Whether the next output takes the place of those before.")
(defvar-local vivo-inferior--seen 0 "The number of the last output that was shown.")
(defvar-local vivo-inferior--opening nil "What is done once the buffer is open, latest first.")
(defvar-local vivo-inferior--question nil "What the session asks: prompt, and where the answer goes.")

(declare-function vivo-interrupt "vivo")
(declare-function vivo-inspector-show "vivo-inspector")
(declare-function vivo-inspector-here "vivo-inspector")
(declare-function vivo-inferior--answer "vivo-inferior-events")

;;; The mode

(defvar vivo-inferior-session-map
  (let ((map (make-sparse-keymap)))
    (define-key map "r" 'vivo-restart)
    (define-key map "k" 'vivo-cancel-all)
    (define-key map "v" 'vivo-variables)
    (define-key map "S" 'vivo-sessions)
    (define-key map "N" 'vivo-rename-session)
    (define-key map "e" 'vivo-end-session)
    (define-key map "l" 'vivo-show-log)
    (define-key map "z" 'vivo-open-inferior)
    map)
  "Keys of an inferior buffer below its prefix.")

(defvar vivo-inferior-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "RET") #'vivo-inferior-return)
    (define-key map (kbd "C-j") #'vivo-inferior-newline)
    (define-key map (kbd "M-RET") #'vivo-inferior-newline)
    (define-key map (kbd "TAB") #'vivo-inferior-tab)
    (define-key map (kbd "C-d") #'vivo-inferior-delete)
    (define-key map [mouse-2] #'vivo-inferior-press)
    (define-key map (kbd "C-c C-c") #'vivo-inferior-interrupt)
    (define-key map (kbd "C-c C-d") #'vivo-inferior-inspect)
    (define-key map (kbd "C-c C-z") #'vivo-switch-to-source)
    (define-key map (kbd "C-c M-o") #'vivo-inferior-clear)
    (define-key map (kbd "C-c M-r") #'vivo-inferior-search-history)
    (define-key map (kbd "C-c C-v") vivo-inferior-session-map)
    map)
  "Keys of an inferior buffer.")

(define-derived-mode vivo-inferior-mode comint-mode "vivo"
  "In and Out of a vivo session.
\\<vivo-inferior-mode-map>\\[vivo-inferior-return] runs what was typed, or goes on with the next line."
  (set-syntax-table python-mode-syntax-table)
  (setq-local comint-prompt-regexp "^In \\[[0-9* ]*\\]: "
              comint-process-echoes nil
              comint-input-sender #'vivo-inferior--sent
              comint-input-autoexpand nil
              comint-input-ignoredups t
              comint-input-filter #'ignore
              comint-output-filter-functions nil
              comint-highlight-input nil
              scroll-conservatively 1000
              mode-line-process '(:eval (vivo-inferior--mode-line))
              completion-at-point-functions '(vivo-inferior-completion)
              vivo-inferior--known (make-hash-table :test #'equal)
              vivo-inferior--typed (make-hash-table :test #'equal))
  (add-hook 'eldoc-documentation-functions #'vivo-inferior-eldoc nil t)
  (add-hook 'kill-buffer-hook #'vivo-connection-close-buffer nil t)
  (add-hook 'vivo-connection-reopen-functions #'vivo-inferior--reopen nil t)
  (add-hook 'after-change-functions #'vivo-inferior--changed nil t)
  (add-hook 'window-buffer-change-functions #'vivo-inferior--looked-at nil t)
  (eldoc-mode 1))

(defun vivo-inferior--mode-line ()
  "What the mode line says of the session."
  (format ":%s%s" (or vivo-inferior--state "off")
          (if vivo-inferior--waiting (format "+%d" (length vivo-inferior--waiting)) "")))

(defun vivo-inferior--changed (&rest _)
  "What is being typed may have changed."
  (when vivo-document--uri (vivo-document-changed)))

(defun vivo-inferior--looked-at (window)
  "Open the buffer that WINDOW shows: somebody looks at it."
  (when (windowp window)
    (with-current-buffer (window-buffer window)
      (when (and (derived-mode-p 'vivo-inferior-mode) vivo-inferior--session
                 (not (vivo-connection-is-live)))
        ;; Not inside of the redisplay.
        (run-at-time 0 nil #'vivo-inferior-open (current-buffer))))))

;;; Buffers

(defun vivo-inferior--make (root name)
  "A new inferior buffer of ROOT, named after NAME."
  (with-current-buffer (generate-new-buffer (vivo-inferior--name name))
    (vivo-inferior-mode)
    (setq default-directory root
          vivo-inferior--root root)
    (make-pipe-process :name (buffer-name) :buffer (current-buffer) :noquery t
                       :filter #'ignore :sentinel #'ignore)
    (vivo-transcript-begin)
    (setq vivo-document-start (vivo-transcript-input-start))
    (vivo-inferior--draw)
    (current-buffer)))

(defun vivo-inferior--name (session)
  "What buffers of SESSION are called."
  (format "*vivo: %s*" session))

(defun vivo-inferior--folder (root)
  "What a session in ROOT is called as long as nobody has said."
  (file-name-nondirectory (directory-file-name root)))

(defun vivo-inferior-buffers (root &optional session)
  "The inferior buffers of ROOT, of SESSION if given; the one used last first."
  (cl-remove-if-not
   (lambda (buffer)
     (with-current-buffer buffer
       (and (derived-mode-p 'vivo-inferior-mode)
            (get-buffer-process buffer)
            (equal root vivo-inferior--root)
            (or (null session) (equal session vivo-inferior--session)))))
   (buffer-list)))

(defun vivo-inferior-buffer (connection &optional uri)
  "The inferior buffer of CONNECTION for the session of URI, made if need be."
  (let* ((root (vivo-connection-root connection))
         (session (and uri (gethash uri (vivo-connection-sessions connection))))
         (buffer (or (and (or session (null uri)) (car (vivo-inferior-buffers root session)))
                     (cl-find-if #'vivo-inferior--is-free (vivo-inferior-buffers root))
                     (vivo-inferior--make root (vivo-inferior--session-name connection session)))))
    (with-current-buffer buffer
      (when uri (setq vivo-inferior--of uri))
      (when session (vivo-inferior--belong connection session)))
    buffer))

(defun vivo-inferior--is-free (buffer)
  "Whether BUFFER has no session that goes on."
  (with-current-buffer buffer
    (and (null vivo-inferior--opening)
         (or (null vivo-inferior--session) (equal "ended" vivo-inferior--state)))))

(defun vivo-inferior--session-name (connection session)
  "What SESSION is called, as far as CONNECTION was told."
  (let ((name (plist-get (gethash session (vivo-connection-statuses connection)) :name)))
    (if (member name '(nil "")) (vivo-inferior--folder (vivo-connection-root connection)) name)))

(defun vivo-inferior--told (status)
  "Keep the STATUS of the buffer's session."
  (when status
    (setq vivo-inferior--state (plist-get status :state)
          vivo-inferior--next (or (plist-get status :nextCount) vivo-inferior--next))))

(defun vivo-inferior--belong (connection session)
  "Let the current buffer be of SESSION, as CONNECTION knows it."
  (unless (equal session vivo-inferior--session)
    (setq vivo-inferior--session session
          vivo-inferior--seen 0))
  (vivo-inferior--told (gethash session (vivo-connection-statuses connection)))
  (when vivo-document--uri
    (puthash vivo-document--uri session (vivo-connection-sessions connection))))

(defun vivo-switch-to-inferior (&optional another)
  "Show the inferior buffer of this buffer's session, which is started if need be.
With a prefix argument ANOTHER, a further one of the same session."
  (interactive "P")
  (let* ((connection (vivo-connection-current))
         (uri (vivo-document-uri))
         (root (vivo-connection-root connection))
         (source (current-buffer))
         (session (vivo-connection-session)))
    (if (and (null session) (vivo-inferior-buffers root)
             (cl-notany #'vivo-inferior--is-free (vivo-inferior-buffers root)))
        ;; Which of them it is, the server says.
        (vivo-connection-run
         "openConsole" (list :uri uri)
         (lambda (console)
           (let ((id (plist-get (plist-get console :session) :sessionId)))
             (puthash uri id (vivo-connection-sessions connection))
             (vivo-inferior--show-buffer (vivo-inferior-buffer connection uri) source))))
      (vivo-inferior--show-buffer
       (if (and another session)
           (with-current-buffer
               (vivo-inferior--make root (vivo-inferior--session-name connection session))
             (setq vivo-inferior--of uri)
             (vivo-inferior--belong connection session)
             (current-buffer))
         (vivo-inferior-buffer connection uri))
       source))))

(defun vivo-inferior--show-buffer (buffer source)
  "Show BUFFER, from which the way back leads to SOURCE, and open it."
  (with-current-buffer buffer
    (setq vivo-inferior--source source))
  (pop-to-buffer buffer)
  (vivo-inferior-open buffer))

(defun vivo-open-inferior ()
  "Choose a session, or start another, and show a new inferior buffer of it."
  (interactive)
  (let ((source (current-buffer)))
    (vivo-choose-with-sessions
     (lambda (sessions)
       (with-current-buffer source
         (let* ((serving (cl-remove-if-not
                          (lambda (each) (member (plist-get (cdr each) :state)
                                                 '("starting" "idle" "busy")))
                          sessions))
                (chosen (vivo-choose--read "Inferior buffer of session: " serving
                                           (list vivo-choose--new)))
                (session (cdr (assoc chosen serving)))
                (name (or (plist-get session :name)
                          (read-string "Name of the session: " nil nil
                                       (vivo-inferior--folder default-directory)))))
           (vivo-inferior--open-another
            source name (if session (list :sessionId (plist-get session :sessionId))
                          (list :new t :name name)))))))))

(defun vivo-inferior--open-another (source name wanted)
  "Show a new inferior buffer of the session NAME that is WANTED from SOURCE."
  (let* ((root (with-current-buffer source (vivo-connection-root (vivo-connection-current))))
         (buffer (vivo-inferior--make root name)))
    (let ((uri (with-current-buffer source
                 (if (derived-mode-p 'vivo-inferior-mode) vivo-inferior--of (vivo-document-uri)))))
      (with-current-buffer buffer
        (setq vivo-inferior--of uri
              vivo-inferior--source (if (derived-mode-p 'vivo-inferior-mode)
                                        (buffer-local-value 'vivo-inferior--source source)
                                      source))))
    (pop-to-buffer buffer)
    (vivo-inferior-open buffer wanted)
    buffer))

(defun vivo-switch-to-source ()
  "Go back to the source buffer."
  (interactive)
  (let ((root vivo-inferior--root)
        (source vivo-inferior--source))
    (pop-to-buffer
     (if (buffer-live-p source) source
       (or (cl-find-if (lambda (buffer)
                         (with-current-buffer buffer
                           (and (bound-and-true-p vivo-mode) vivo-connection--mine
                                (equal root (vivo-connection-root vivo-connection--mine)))))
                       (buffer-list))
           (user-error "No source buffer of this session is open"))))))

;;; Opening

(defun vivo-inferior--connection ()
  "The connection of the current buffer's project, started if need be."
  (let ((known (gethash vivo-inferior--root vivo-server--all)))
    (if (and known (jsonrpc-running-p known)) known (vivo-server-start vivo-inferior--root))))

(defun vivo-inferior-open (buffer &optional wanted)
  "Open BUFFER in its project's connection, on its session or the one WANTED."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (unless (vivo-connection-is-live)
        (unless vivo-inferior--opening (setq vivo-inferior--opening (list #'ignore)))
        (let ((connection (vivo-inferior--connection)))
          (setq vivo-connection--mine connection)
          (vivo-inferior--draw)
          (vivo-connection-run-in
           connection "openConsole"
           (append (list :uri (or vivo-inferior--of
                                  (vivo-document-path-uri
                                   (expand-file-name "console" vivo-inferior--root))))
                   (or wanted
                       (and vivo-inferior--session (not (equal "ended" vivo-inferior--state))
                            (list :sessionId vivo-inferior--session))))
           (lambda (console) (vivo-inferior--opened buffer connection console))
           (lambda (text) (vivo-inferior--not-opened buffer text))))))))

(defun vivo-inferior--opened (buffer connection console)
  "BUFFER was opened in CONNECTION as CONSOLE."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (let* ((session (plist-get console :session))
             (then vivo-inferior--opening)
             (is-new (= (point-min) vivo-transcript--end)))
        (setq vivo-inferior--opening nil
              vivo-document-name (plist-get console :uri)
              vivo-inferior--next (plist-get console :nextCount)
              vivo-inferior--state (plist-get session :state))
        (vivo-connection--open connection)
        (vivo-inferior--belong connection (plist-get session :sessionId))
        (puthash vivo-document-name vivo-inferior--session (vivo-connection-sessions connection))
        (vivo-inferior--called (plist-get session :name))
        (when is-new
          (vivo-transcript-notice
           (format "Session %s: Python %s in %s" (plist-get session :name)
                   (plist-get session :pythonVersion)
                   (abbreviate-file-name (plist-get session :cwd)))))
        (vivo-inferior-load-history)
        (vivo-inferior--draw)
        (mapc #'funcall (nreverse then))))))

(defun vivo-inferior--reopen (connection)
  "Go on in CONNECTION, which took the place of one that was lost.
What was sent and not heard of is sent again: it runs once."
  (setq vivo-inferior--question nil)
  (vivo-document-closed)
  (if (null vivo-document-name)
      (progn (setq vivo-connection--mine nil)
             (vivo-inferior-open (current-buffer)))
    (vivo-connection--open connection)
    (puthash vivo-document-name vivo-inferior--session (vivo-connection-sessions connection))
    (pcase-dolist (`(,id . ,code) vivo-inferior--waiting)
      (vivo-inferior--ask-to-run id code (lambda (_) (vivo-inferior--wait-no-more id))))
    (vivo-inferior-load-history))
  t)

(defun vivo-inferior--wait-no-more (id)
  "What has the ID is in the session already, which tells of it."
  (setq vivo-inferior--waiting (assoc-delete-all id vivo-inferior--waiting))
  (vivo-inferior--draw))

(defun vivo-inferior--not-opened (buffer text)
  "BUFFER could not be opened, as TEXT says."
  (when (buffer-live-p buffer)
    (with-current-buffer buffer
      (setq vivo-inferior--opening nil
            vivo-inferior--waiting nil
            vivo-inferior--state "ended")
      (vivo-connection-close-buffer)
      (vivo-transcript-notice text)
      (vivo-inferior--draw))))

(defun vivo-inferior--when-open (function)
  "Call FUNCTION in the current buffer once it is open."
  (vivo-inferior-open (current-buffer))
  (if vivo-inferior--opening
      (push function vivo-inferior--opening)
    (funcall function)))

(defun vivo-inferior--called (name)
  "The session of the current buffer is called NAME now."
  (unless (or (member name '(nil ""))
              (string-prefix-p (vivo-inferior--name name) (buffer-name)))
    (rename-buffer (vivo-inferior--name name) t)))

;;; Drawing

(defun vivo-inferior--draw ()
  "Show what waits, and the prompt: of a question, else of the next input."
  (let* ((is-idle (equal "idle" vivo-inferior--state))
         (waiting (cl-loop for (_ . code) in vivo-inferior--waiting
                           for is-first = t then nil
                           collect (cons code (vivo-transcript-prompt-text
                                               (if (and is-first is-idle) vivo-inferior--next "*"))))))
    (cond (vivo-inferior--question
           (vivo-transcript-draw nil (car vivo-inferior--question) t))
          ((or waiting (equal "busy" vivo-inferior--state))
           (vivo-transcript-draw waiting ""))
          (t (vivo-transcript-draw nil (vivo-transcript-prompt-text
                                        (and is-idle vivo-inferior--next)))))))

;;; Typing

(defun vivo-inferior--is-typing ()
  "Whether point is in what is being typed."
  (>= (point) (vivo-transcript-input-start)))

(defun vivo-inferior-return ()
  "Run what is being typed if it is complete, else begin its next line.
On an earlier input, type that again; on what can be pressed, press it."
  (interactive)
  (cond ((not (vivo-inferior--is-typing))
         (unless (vivo-transcript-press (point))
           (vivo-inferior--type-again)))
        (vivo-inferior--question (vivo-inferior--send))
        (t (let ((text (vivo-transcript-typed)))
             (unless (string-blank-p text)
               (let ((told (vivo-inferior--judged text)))
                 (if (equal "incomplete" (plist-get told :status))
                     (vivo-inferior--go-on told)
                   (vivo-inferior--send))))))))

(defun vivo-inferior--judged (text)
  "Whether TEXT is complete, as the session or its server says."
  (or (vivo-connection-request-sync
       :vivo/isComplete (list :uri (or vivo-document--uri vivo-inferior--of "") :text text))
      (list :status (if (string-search "\n" text) "incomplete" "complete") :indent "")))

(defun vivo-inferior--go-on (told)
  "Begin the next line, indented as TOLD."
  (unless (= (point) (point-max))
    (setq told (vivo-inferior--judged
                (buffer-substring-no-properties (vivo-transcript-input-start) (point)))))
  (delete-horizontal-space t)
  (insert "\n" (or (plist-get told :indent) "")))

(defun vivo-inferior--send ()
  "Send what is being typed, whole."
  (goto-char (point-max))
  (comint-send-input))

(defun vivo-inferior-newline ()
  "Begin the next line of what is being typed, indented as this one."
  (interactive)
  (let ((indent (save-excursion
                  (goto-char (line-beginning-position))
                  (buffer-substring-no-properties
                   (point) (progn (skip-chars-forward " \t") (point))))))
    (insert "\n" indent)))

(defun vivo-inferior-tab ()
  "Complete what is before point; at the beginning of a line, indent it."
  (interactive)
  (if (and (vivo-inferior--is-typing)
           (string-blank-p (buffer-substring-no-properties
                            (max (line-beginning-position) (vivo-transcript-input-start)) (point))))
      (insert (make-string (- 4 (mod (- (point) (max (line-beginning-position)
                                                     (vivo-transcript-input-start)))
                                     4))
                           ?\s))
    (completion-at-point)))

(defun vivo-inferior--type-again ()
  "Type the input at point again."
  (if (not (get-text-property (point) 'vivo-input))
      (goto-char (point-max))
    (let* ((end (next-single-property-change (point) 'vivo-input nil (point-max)))
           (start (previous-single-property-change end 'vivo-input nil (point-min)))
           (text (buffer-substring-no-properties start end)))
      (goto-char (point-max))
      (delete-region (vivo-transcript-input-start) (point-max))
      (insert text))))

(defun vivo-inferior-press (event)
  "Do what was clicked on with EVENT, or insert the selection."
  (interactive "e")
  (unless (vivo-transcript-press (posn-point (event-end event)))
    (mouse-yank-primary event)))

(defun vivo-inferior-delete (count)
  "Delete COUNT characters.
Where there are none, answer a question by the end of input."
  (interactive "p")
  (cond ((or (< (point) (point-max)) (not (string-empty-p (vivo-transcript-typed))))
         (delete-char count))
        (vivo-inferior--question (vivo-inferior--answer nil))
        (t (message "The session goes on without this buffer: C-x k kills it"))))

(defun vivo-inferior--sent (_process input)
  "INPUT was sent by comint: run it, or answer with it."
  (let ((inhibit-read-only t))
    (delete-region comint-last-input-start (vivo-transcript-input-start)))
  (vivo-transcript-redraw)
  (if vivo-inferior--question
      (vivo-inferior--answer input)
    (vivo-inferior--run input)))

(defun vivo-inferior--run (input)
  "Run INPUT in the session."
  (let ((code (string-trim input "\\(?:[ \t]*\n\\)+" "[ \t\n]+"))
        (id (md5 (format "%s %s %s %s" (random) (float-time) (emacs-pid) input))))
    (unless (string-empty-p code)
      (puthash id t vivo-inferior--typed)
      (setq vivo-inferior--waiting (append vivo-inferior--waiting (list (cons id code))))
      (vivo-inferior-remember code)
      (vivo-inferior--when-open
       (lambda ()
         (vivo-inferior--ask-to-run id code (lambda (text) (vivo-inferior--not-run id text))))))
    (vivo-inferior--draw)))

(defun vivo-inferior--ask-to-run (id code failed)
  "Ask the server to run CODE as ID.
Call FAILED in this buffer with its reason not to."
  (let ((buffer (current-buffer)))
    (vivo-connection-run-in
     vivo-connection--mine "runText"
     (list :uri vivo-document-name :text code :executionId id)
     #'ignore
     (lambda (text)
       (when (buffer-live-p buffer)
         (with-current-buffer buffer (funcall failed text)))))))

(defun vivo-inferior--not-run (id text)
  "What has the ID will not run, as TEXT says."
  (when-let ((waiting (assoc id vivo-inferior--waiting)))
    (setq vivo-inferior--waiting (delq waiting vivo-inferior--waiting))
    (vivo-transcript-echo (cdr waiting) nil)
    (vivo-transcript-notice text))
  (vivo-inferior--draw))

(defun vivo-inferior-interrupt ()
  "Interrupt what the session runs; if nothing does, give up what is being typed."
  (interactive)
  (if (or (equal "busy" vivo-inferior--state) vivo-inferior--waiting vivo-inferior--question)
      (vivo-interrupt)
    (delete-region (vivo-transcript-input-start) (point-max))
    (message "vivo: nothing runs")))

(defun vivo-inferior-clear ()
  "Take away all that was shown."
  (interactive)
  (vivo-transcript-clear (point-min))
  (vivo-inferior--draw))

;;; What is asked at point

(defun vivo-inferior-completion ()
  "Complete what is being typed, from the session."
  (when (and (vivo-inferior--is-typing) (not vivo-inferior--question))
    (vivo-completion-at-point)))

(defun vivo-inferior-eldoc (callback &rest _)
  "Tell eldoc's CALLBACK of the object at point, in what is being typed."
  (when (and (vivo-inferior--is-typing) (not vivo-inferior--question))
    (vivo-eldoc callback)))

(defun vivo-inferior-inspect ()
  "Inspect the object at point, in what is being typed or was."
  (interactive)
  (require 'vivo-inspector)
  (if (vivo-inferior--is-typing)
      (vivo-inspector-here)
    (vivo-inspector-show
     (current-buffer)
     (list :expression (with-syntax-table python-dotty-syntax-table
                         (or (thing-at-point 'symbol t)
                             (user-error "There is no name at point")))))))

(provide 'vivo-inferior)
;;; vivo-inferior.el ends here
