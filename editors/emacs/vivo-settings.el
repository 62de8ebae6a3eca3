;;; vivo-settings.el --- What the server is told of the user's wishes  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Each setting of the server is a customization here.  Those that name
;; programs are the user's: a file or folder cannot set them as local
;; variables without being asked about.  A change reaches every server that
;; runs.

;;; Code:

(require 'cl-lib)

(defvar vivo-settings-changed-hook nil
  "Run when a setting of the server has been customized.")

(defgroup vivo nil
  "Live Python sessions beside the code."
  :group 'languages
  :prefix "vivo-"
  :link '(emacs-commentary-link "vivo"))

(defgroup vivo-server nil
  "What vivo's language server is told."
  :group 'vivo
  :prefix "vivo-")

(defun vivo-settings--set (symbol value)
  "Set SYMBOL to VALUE and let the servers know."
  (set-default symbol value)
  (run-hooks 'vivo-settings-changed-hook))

(defmacro vivo-settings--define (name default doc type)
  "Define the setting NAME of the server with DEFAULT, DOC and TYPE."
  (declare (indent 1))
  `(defcustom ,name ,default
     ,doc
     :type ,type
     :group 'vivo-server
     :initialize #'custom-initialize-default
     :set #'vivo-settings--set))

(vivo-settings--define vivo-python nil
  "The interpreter that runs your code; nil lets the server choose.
It chooses an activated environment, else the nearest .venv above the file."
  '(choice (const :tag "Let the server choose" nil) file))

(vivo-settings--define vivo-profile nil
  "The profile of new sessions; nil for the default one."
  '(choice (const :tag "The default one" nil) string))

(vivo-settings--define vivo-session-per 'folder
  "Whether the files of a folder share a session, or each has its own."
  '(choice (const :tag "One for the files of a folder" folder)
           (const :tag "One for each file" file)))

(vivo-settings--define vivo-deadline 0.15
  "Seconds that completion and documentation wait for the session."
  'number)

(vivo-settings--define vivo-trusted t
  "Whether the folders that you open are trusted, or which ones are.
Nothing that belongs to another folder is run unasked."
  '(choice (const :tag "All" t) (const :tag "None" nil)
           (repeat :tag "These, and what is below them" directory)))

(vivo-settings--define vivo-stop-on-error t
  "Whether cells that wait are taken out of the queue when one before them fails."
  'boolean)

(vivo-settings--define vivo-values 'last
  "Which values of a cell stand beside the code."
  '(choice (const :tag "That of its last expression" last)
           (const :tag "That of each expression" all)
           (const :tag "Those of assignments too" assignments)))

(vivo-settings--define vivo-value-width 120
  "The most characters of a value beside the code.
A narrow window shows less."
  'natnum)

(vivo-settings--define vivo-frame-values t
  "Whether an error shows the variables of its frames beside the code."
  'boolean)

(vivo-settings--define vivo-warnings t
  "Whether the warnings of a cell stand beside the code."
  'boolean)

(vivo-settings--define vivo-static 'auto
  "Whether what has not run is completed and told of, by analysis of the text."
  '(choice (const :tag "Let the server choose" auto)
           (const :tag "Yes" on) (const :tag "No" off)))

(vivo-settings--define vivo-cluster nil
  "What a cluster is started with, as a property list.
For instance (:launcher \"local\" :engines 4)."
  'plist)

(dolist (variable '(vivo-python vivo-trusted vivo-cluster))
  (put variable 'risky-local-variable t))

(defconst vivo-settings-all
  '((:python . vivo-python) (:profile . vivo-profile) (:sessionPer . vivo-session-per)
    (:deadline . vivo-deadline) (:trusted . vivo-trusted) (:stopOnError . vivo-stop-on-error)
    (:values . vivo-values) (:valueWidth . vivo-value-width)
    (:frameValues . vivo-frame-values) (:warnings . vivo-warnings) (:static . vivo-static)
    (:cluster . vivo-cluster))
  "The server's settings and the variables that hold them.")

(defun vivo-settings-options (root)
  "The settings as the server of ROOT is told them."
  (cl-loop for (key . variable) in vivo-settings-all
           for value = (symbol-value variable)
           append (list key (vivo-settings--told key value root))))

(defun vivo-settings--told (key value root)
  "VALUE of the setting KEY, as the server of ROOT is told it."
  (pcase key
    (:python (and value (if (file-name-directory value)
                            (file-local-name (expand-file-name value root))
                          value)))
    (:trusted (if (or (eq value t)
                      (cl-some (lambda (folder) (vivo-settings--is-below root folder))
                               (ensure-list value)))
                  t
                :json-false))
    (:cluster (or value (make-hash-table)))
    ((guard (booleanp value))
     (cond (value t) ((eq key :profile) nil) (t :json-false)))
    ((guard (symbolp value)) (symbol-name value))
    (_ value)))

(defun vivo-settings--is-below (root folder)
  "Whether ROOT is FOLDER or below it."
  (string-prefix-p (file-name-as-directory (file-truename folder))
                   (file-name-as-directory (file-truename root))))

(provide 'vivo-settings)
;;; vivo-settings.el ends here
