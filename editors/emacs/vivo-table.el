;;; vivo-table.el --- Pages of arrays and data frames  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; The corner of a table that fits: rows and columns, asked of the session as
;; they are turned to, however large the table is.  The inspector shows it.

;;; Code:

(require 'button)
(require 'cl-lib)

(defcustom vivo-table-rows 20
  "How many rows of a table a page shows; the server gives at most 1,000."
  :type 'natnum
  :group 'vivo)

(defcustom vivo-table-columns 8
  "How many columns of a table a page shows; the server gives at most 200."
  :type 'natnum
  :group 'vivo)

(defconst vivo-table--widest 24 "The most characters of a cell.")

(defun vivo-table--shown (text)
  "TEXT of a cell, on a line, as much as a cell shows."
  (truncate-string-to-width (replace-regexp-in-string "[\n\t]" " " text)
                            vivo-table--widest nil nil "…"))

(defun vivo-table--row (cells widths right)
  "CELLS as a line of WIDTHS; those that RIGHT says stand to the right."
  (string-trim-right
   (cl-loop for cell in cells for width in widths for is-right in right
            for room = (make-string (max 0 (- width (string-width cell))) ?\s)
            concat (if is-right (concat room cell "  ") (concat cell room "  ")))))

(defun vivo-table-text (page)
  "PAGE of a table, as the server tells of it, as lines of text."
  (let* ((is-number (lambda (dtype)
                      (and dtype (string-match-p "\\`\\(u?int\\|float\\|complex\\|f\\|i\\|u\\)[0-9]*"
                                                 (downcase dtype)))))
         (right (cons nil (mapcar is-number (plist-get page :dtypes))))
         (names (cons "" (mapcar #'vivo-table--shown (plist-get page :names))))
         (rows (cl-loop for label across (vconcat (plist-get page :labels))
                        for cells across (vconcat (plist-get page :cells))
                        collect (cons (vivo-table--shown label)
                                      (mapcar #'vivo-table--shown cells))))
         (widths (apply #'cl-mapcar (lambda (&rest column) (apply #'max (mapcar #'string-width column)))
                        names rows)))
    (concat (propertize (vivo-table--row names widths right) 'face 'underline) "\n"
            (mapconcat (lambda (row)
                         (concat (vivo-table--row (cons (propertize (car row) 'face 'shadow)
                                                        (cdr row))
                                                  widths right)
                                 "\n"))
                       rows ""))))

(defun vivo-table--part (first count total what)
  "Which of TOTAL a page shows that begins with FIRST: COUNT of WHAT."
  (if (= count total)
      (format "%d %s" total what)
    (format "%s %d–%d of %d" what (1+ first) (+ first count) total)))

(defun vivo-table-insert (page row column turn)
  "Insert PAGE of a table, that begins with ROW and COLUMN.
Its buttons call TURN with the row and the column to begin with."
  (let ((rows (length (plist-get page :cells)))
        (columns (length (plist-get page :names))))
    (insert "\n" (propertize "Table" 'face 'bold) "  "
            (vivo-table--part row rows (plist-get page :rows) "rows") ", "
            (vivo-table--part column columns (plist-get page :columns) "columns")
            (if (eq t (plist-get page :busy)) "  (as last known)" "") "\n")
    (insert (vivo-table-text page))
    (pcase-dolist (`(,label ,is-there ,new-row ,new-column)
                   `(("[ rows before" ,(> row 0) ,(max 0 (- row vivo-table-rows)) ,column)
                     ("] next rows" ,(< (+ row rows) (plist-get page :rows))
                      ,(+ row vivo-table-rows) ,column)
                     ("< columns before" ,(> column 0) ,row ,(max 0 (- column vivo-table-columns)))
                     ("> next columns" ,(< (+ column columns) (plist-get page :columns))
                      ,row ,(+ column vivo-table-columns))))
      (when is-there
        (insert-text-button label
                            'action (lambda (_) (funcall turn new-row new-column))
                            'vivo-turn (substring label 0 1)
                            'follow-link t)
        (insert "   ")))
    (insert "\n")))

(provide 'vivo-table)
;;; vivo-table.el ends here
