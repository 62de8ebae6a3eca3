;;; vivo-cells.el --- Cells: from one to the next, and their list  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; Where cells begin and what they are called, the server says; imenu lists
;; them with what they define.  In a file without marks the definitions and
;; assignments take their place.

;;; Code:

(require 'imenu)
(require 'vivo-connection)

(defvar-local vivo-cells--known nil
  "The version of the text and the symbols that the server told of it.")
(defvar-local vivo-cells--imenu-before nil
  "What `imenu-create-index-function' was before.")

(defun vivo-cells-symbols ()
  "The cells of the buffer, with what they define, as LSP's symbols."
  (vivo-connection-flush)
  (unless (and vivo-cells--known (equal (car vivo-cells--known) vivo-document--version))
    (let ((told (vivo-connection-request-sync :textDocument/documentSymbol
                                              (list :textDocument (vivo-document-identifier)))))
      (setq vivo-cells--known (and told (cons vivo-document--version (append told nil))))))
  (cdr vivo-cells--known))

(defun vivo-cells--start (symbol)
  "Where SYMBOL begins."
  (vivo-document-point (plist-get (plist-get symbol :range) :start)))

(defun vivo-cells--end (symbol)
  "Where SYMBOL ends."
  (vivo-document-point (plist-get (plist-get symbol :range) :end)))

(defun vivo-next-cell (&optional count)
  "Go to the next cell, or COUNT cells on."
  (interactive "p")
  (vivo-connection-current)
  (let* ((count (or count 1))
         (here (point))
         (starts (mapcar #'vivo-cells--start (vivo-cells-symbols)))
         (places (if (> count 0)
                     (cl-remove-if-not (lambda (place) (> place here)) starts)
                   (nreverse (cl-remove-if-not (lambda (place) (< place here)) starts))))
         (place (nth (1- (abs count)) places)))
    (unless place
      (user-error (if (> count 0) "There is no further cell" "There is no earlier cell")))
    (push-mark nil t)
    (goto-char place)))

(defun vivo-previous-cell (&optional count)
  "Go to the beginning of this cell or of the one before, or COUNT cells back."
  (interactive "p")
  (vivo-next-cell (- (or count 1))))

(defun vivo-mark-cell ()
  "Make the cell at point the region."
  (interactive)
  (vivo-connection-current)
  (let ((cell (cl-find-if (lambda (symbol)
                            (<= (vivo-cells--start symbol) (point) (vivo-cells--end symbol)))
                          (vivo-cells-symbols))))
    (unless cell (user-error "Point is in no cell"))
    (push-mark (vivo-cells--end cell) nil t)
    (goto-char (vivo-cells--start cell))))

(defvar vivo-cells-repeat-map
  (let ((map (make-sparse-keymap)))
    (define-key map "n" #'vivo-next-cell)
    (define-key map "p" #'vivo-previous-cell)
    map)
  "Keys that go on after one of these commands, with `repeat-mode'.")
(put 'vivo-next-cell 'repeat-map 'vivo-cells-repeat-map)
(put 'vivo-previous-cell 'repeat-map 'vivo-cells-repeat-map)

;;; Imenu

(defun vivo-cells-index ()
  "The index of the buffer for imenu: cells, with what they define.
Where the server has none, what imenu showed before."
  (let ((symbols (and (vivo-connection-is-live) (vivo-cells-symbols))))
    (if symbols
        (mapcar #'vivo-cells--entry symbols)
      (funcall (or vivo-cells--imenu-before #'imenu-default-create-index-function)))))

(defun vivo-cells--entry (symbol)
  "SYMBOL as imenu has its entries."
  (let ((name (plist-get symbol :name))
        (place (copy-marker (vivo-document-point
                             (plist-get (plist-get symbol :selectionRange) :start))))
        (inside (append (plist-get symbol :children) nil)))
    (if inside
        (cons name (cons (cons "*cell*" place) (mapcar #'vivo-cells--entry inside)))
      (cons name place))))

(defun vivo-cells-join-imenu ()
  "Let imenu list the cells of the buffer."
  (unless (eq imenu-create-index-function #'vivo-cells-index)
    (setq vivo-cells--imenu-before imenu-create-index-function)
    (setq-local imenu-create-index-function #'vivo-cells-index)))

(defun vivo-cells-leave-imenu ()
  "Let imenu list what it listed before."
  (when (and vivo-cells--imenu-before (eq imenu-create-index-function #'vivo-cells-index))
    (setq-local imenu-create-index-function vivo-cells--imenu-before))
  (setq vivo-cells--imenu-before nil))

(provide 'vivo-cells)
;;; vivo-cells.el ends here
