;;; vivo-org-values.el --- Values between org and Python  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Tables and texts of org as Python, and what a block gives as tables, texts
;; and files of org's.

;;; Code:

(require 'ob)
(require 'json)
(require 'ansi-color)
(require 'cl-lib)

(defcustom vivo-org-figures "figures"
  "The folder, beside the org file, of figures that have no name of their own."
  :type 'string
  :group 'vivo)

(defconst vivo-org-values--most 10000
  "The most rows of a table that a block gives.")

;;; To Python

(defun vivo-org-values-python (value)
  "VALUE, of org's, as Python is written."
  (cond ((eq value 'hline) "None")
        ((eq value t) "True")
        ((listp value) (concat "[" (mapconcat #'vivo-org-values-python value ", ") "]"))
        ((numberp value) (number-to-string value))
        (t (json-encode-string (substring-no-properties (format "%s" value))))))

;;; From Python

(defun vivo-org-values-scalar (text)
  "TEXT of a value, as Python shows it: a number, a string, a list, else text."
  (org-babel-script-escape (or text "")))

(defun vivo-org-values-text (text)
  "TEXT of a value; of a string what it holds."
  (let ((value (if (and text (string-match-p "\\`['\"]" text)) (vivo-org-values-scalar text) text)))
    (if (stringp value) value text)))

(defun vivo-org-values--cell (text)
  "TEXT of a cell as a number or a string."
  (let ((value (vivo-org-values-scalar text)))
    (if (listp value) text value)))

(defun vivo-org-values--pages (ask method count field)
  "What ASK gives for METHOD, page by page, the list in FIELD put together.
COUNT makes the parameters of a page of its first row."
  (let* ((page (funcall ask method (funcall count 0)))
         (rows (append (plist-get page field) nil))
         (row (length rows))
         (first page))
    (while (and page (> (length (plist-get page field)) 0) (< row vivo-org-values--most)
                (< row (or (plist-get page :total) (plist-get page :rows) 0)))
      (setq page (funcall ask method (funcall count row))
            rows (append rows (append (plist-get page field) nil))
            row (length rows)))
    (and first (cons first rows))))

(defun vivo-org-values-table (type ask)
  "A value of TYPE as a table of org's; nil if it is none.
ASK is called with a query and its parameters, and asks it about the value."
  (setq type (car (last (split-string (or type "") "\\."))))
  (cond ((member type '("DataFrame" "LazyFrame" "Table" "Series" "DataArray"))
         (vivo-org-values--frame ask t))
        ((equal type "ndarray") (vivo-org-values--frame ask nil))
        ((member type '("list" "tuple"))
         (or (vivo-org-values--frame ask nil) (vivo-org-values--row ask)))
        ((equal type "dict") (vivo-org-values--dict ask))))

(defun vivo-org-values--frame (ask with-names)
  "The table that ASK asks about, or nil.
WITH-NAMES of its columns, and labels of its rows; of a list of dicts the
columns have names anyhow."
  (let* ((labels nil)
         (found (vivo-org-values--pages
                 (lambda (method params)
                   (let ((page (funcall ask method params)))
                     (setq labels (append labels (append (plist-get page :labels) nil)))
                     page))
                 :vivo/table
                 (lambda (row) (list :row row :rows 1000 :columns 200)) :cells))
         (names (append (plist-get (car found) :names) nil))
         (has-names (or with-names
                        (cl-notevery (lambda (name) (string-match-p "\\`[0-9]+\\'" name)) names)))
         (rows (mapcar (lambda (cells) (mapcar #'vivo-org-values--cell cells)) (cdr found))))
    (when (cdr found)
      (append
       (when has-names
         (list (mapcar #'vivo-org-values--name (if with-names (cons "" names) names)) 'hline))
       (if with-names
           (cl-mapcar (lambda (label row) (cons (vivo-org-values--cell label) row)) labels rows)
         rows)))))

(defun vivo-org-values--name (text)
  "TEXT of a column's name, without the quotes of a key."
  (let ((value (vivo-org-values-scalar text)))
    (if (stringp value) value text)))

(defun vivo-org-values--children (ask)
  "What the value holds that ASK asks about, in order."
  (cdr (vivo-org-values--pages
        ask :vivo/variables (lambda (start) (list :start start :count 1000)) :variables)))

(defun vivo-org-values--row (ask)
  "The list that ASK asks about, as org has it: a row."
  (mapcar (lambda (child) (vivo-org-values-scalar (plist-get child :text)))
          (vivo-org-values--children ask)))

(defun vivo-org-values--dict (ask)
  "The dict that ASK asks about: a row for each key."
  (mapcar (lambda (child)
            (list (vivo-org-values--cell
                   (replace-regexp-in-string "\\`\\[\\(\\(.\\|\n\\)*\\)\\]\\'" "\\1"
                                             (plist-get child :name)))
                  (vivo-org-values--cell (plist-get child :text))))
          (vivo-org-values--children ask)))

;;; Output

(defun vivo-org-values-output (outputs)
  "The text of OUTPUTS: what was printed, and what was displayed as text.
What went to stderr is in the inferior buffer alone."
  (mapconcat
   (lambda (output)
     (pcase (plist-get output :kind)
       ("stream" (if (equal "stdout" (plist-get output :name))
                     (ansi-color-filter-apply (plist-get output :text))
                   ""))
       ((or "display" "page")
        (concat (ansi-color-filter-apply (or (plist-get (plist-get output :data) :text/plain) ""))
                "\n"))
       (_ "")))
   outputs ""))

;;; Files

(defconst vivo-org-values--types
  '(("png" . :image/png) ("jpg" . :image/jpeg) ("jpeg" . :image/jpeg) ("svg" . :image/svg+xml)
    ("pdf" . :application/pdf) ("gif" . :image/gif) ("html" . :text/html) ("tex" . :text/latex)
    ("md" . :text/markdown) ("json" . :application/json))
  "By a file's extension, what of a value is written into it.")

(defun vivo-org-values-file-data (bundles file)
  "What of the MIME BUNDLES is written into FILE, by its extension; the last one."
  (let ((type (cdr (assoc (downcase (or (file-name-extension file) "")) vivo-org-values--types))))
    (and type (cl-some (lambda (bundle) (plist-get bundle type)) (reverse bundles)))))

(defun vivo-org-values-picture (bundles)
  "The extension and the data of the last picture of BUNDLES."
  (cl-some (lambda (extension)
             (let ((data (vivo-org-values-file-data bundles (concat "x." extension))))
               (and data (cons extension data))))
           '("svg" "png" "jpg" "gif" "pdf")))

(defun vivo-org-values--save (extension data file)
  "Write DATA, as it came for EXTENSION, into FILE."
  (let ((type (cdr (assoc extension vivo-org-values--types)))
        (coding-system-for-write 'utf-8))
    (make-directory (file-name-directory file) t)
    (if (memq type '(:image/png :image/jpeg :image/gif :application/pdf))
        (let ((coding-system-for-write 'binary))
          (write-region (base64-decode-string data) nil file nil 'silent))
      (write-region (if (stringp data) data (json-encode data)) nil file nil 'silent))))

(defun vivo-org-values-write (bundles file)
  "Write what the last of BUNDLES has for it into FILE."
  (let ((data (vivo-org-values-file-data bundles file))
        (picture (vivo-org-values-picture bundles)))
    (cond (data (vivo-org-values--save (downcase (file-name-extension file)) data file))
          (picture
           (user-error "The block showed no .%s: name the :file .%s"
                       (file-name-extension file) (car picture)))
          ((not (file-exists-p file)) ; or the block has written it itself
           (user-error "The block showed no figure for %s" (file-name-nondirectory file))))))

(defun vivo-org-values-write-named (bundles folder)
  "Write the picture of BUNDLES under a name of its own below FOLDER; that name."
  (let* ((picture (vivo-org-values-picture bundles))
         (name (concat (file-name-as-directory vivo-org-figures)
                       (substring (secure-hash 'sha256 (cdr picture)) 0 16) "." (car picture))))
    (vivo-org-values--save (car picture) (cdr picture) (expand-file-name name folder))
    name))

(provide 'vivo-org-values)
;;; vivo-org-values.el ends here
