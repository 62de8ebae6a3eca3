;;; vivo-completion.el --- Completion from the live session  -*- lexical-binding: t; -*-

;; Copyright (c) 2026, the vivo developers
;; SPDX-License-Identifier: BSD-3-Clause

;;; Commentary:

;; A `completion-at-point' function.  Rules:
;;
;; 1. What the session knows comes first; what the functions behind this one
;;    in the list (eglot's, lsp-mode's) offer at the same place comes after
;;    it, each name once.  Neither hides the other.
;; 2. A candidate carries its item as a text property: annotation, kind and
;;    documentation come from there, or from the function that offered it.

;;; Code:

(require 'vivo-connection)
(require 'vivo-display)

(defcustom vivo-completion-merge t
  "Whether the candidates of other completion functions come after vivo's."
  :type 'boolean
  :group 'vivo)

(defconst vivo-completion--kinds
  [nil text method function constructor field variable class interface module property unit value
       enum keyword snippet color file reference folder enum-member constant struct event operator
       type-parameter]
  "LSP's kinds of completion items, as corfu and company call them.")

(defun vivo-completion-at-point ()
  "Complete at point from the session of the buffer, and from what stands behind."
  (when (vivo-connection-is-live)
    (let* ((items (vivo-completion--ask))
           (bounds (vivo-completion--bounds items))
           (names (mapcar #'vivo-completion--candidate items))
           (other (and vivo-completion-merge (vivo-completion--behind bounds))))
      (when (or names other)
        (append
         (list (car bounds) (cdr bounds) (vivo-completion--table names other bounds)
               :exclusive 'no
               :annotation-function (vivo-completion--or #'vivo-completion--annotation
                                                         other :annotation-function)
               :affixation-function #'vivo-completion--affixations
               :company-kind (vivo-completion--or #'vivo-completion--kind other :company-kind)
               :company-docsig (vivo-completion--or #'vivo-completion--detail
                                                    other :company-docsig)
               :company-doc-buffer (vivo-completion--or #'vivo-completion--doc-buffer
                                                        other :company-doc-buffer)
               :company-deprecated #'ignore
               :exit-function (vivo-completion--exit other))
         (list :company-prefix-length
               (if (memq (char-before (car bounds)) '(?. ?% ?\[)) t
                 (plist-get (nthcdr 3 other) :company-prefix-length))))))))

;;; Asking

(defun vivo-completion--ask ()
  "The items that the server has at point."
  (append (plist-get (vivo-connection-request-sync :textDocument/completion
                                                   (vivo-document-at-point))
                     :items)
          nil))

(defun vivo-completion--bounds (items)
  "The bounds of what ITEMS complete: as the server says, else the name at point."
  (let ((range (plist-get (plist-get (car items) :textEdit) :range)))
    (if range
        (let ((bounds (vivo-document-bounds range)))
          (cons (min (car bounds) (point)) (max (cdr bounds) (point))))
      (cons (save-excursion (skip-chars-backward "[:alnum:]_") (point)) (point)))))

(defun vivo-completion--candidate (item)
  "ITEM as a candidate."
  (propertize (or (plist-get (plist-get item :textEdit) :newText) (plist-get item :label))
              'vivo-item item))

(defun vivo-completion--item (candidate)
  "The item of CANDIDATE, if it is one of vivo's."
  (get-text-property 0 'vivo-item candidate))

;;; What stands behind

(defun vivo-completion--behind (bounds)
  "What the next completion function offers from where BOUNDS begin."
  (let ((functions (cdr (memq #'vivo-completion-at-point completion-at-point-functions)))
        found)
    (when (memq t functions)
      (setq functions (append (remq t functions)
                              (default-value 'completion-at-point-functions))))
    (while (and functions (not found))
      (let ((told (and (not (eq (car functions) 'vivo-completion-at-point))
                       ;; Another's fault must not take the session's candidates away.
                       (ignore-errors (funcall (car functions))))))
        (when (and (consp told) (integer-or-marker-p (car told)) (= (car told) (car bounds)))
          (setq found told)))
      (setq functions (cdr functions)))
    found))

(defun vivo-completion--table (names other bounds)
  "The completion table of NAMES and of what OTHER offers within BOUNDS."
  (let ((live (lambda (string predicate)
                (all-completions string names predicate)))
        (table (nth 2 other))
        (suits (plist-get (nthcdr 3 other) :predicate)))
    (ignore bounds)
    (lambda (string predicate action)
      (pcase action
        ('metadata `(metadata (category . vivo)
                              (display-sort-function . identity)
                              (cycle-sort-function . identity)))
        (`(boundaries . ,_) nil)
        (_
         (let* ((own (funcall live string predicate))
                (static (cl-remove-if-not #'vivo-completion--is-static own))
                (theirs (and table
                             (vivo-completion--plain
                              (all-completions string table (or predicate suits)))))
                ;; What both offer is told by whoever knows more of it: of what
                ;; has not run that is the other.
                (hidden (and theirs static
                             (cl-remove-if-not (lambda (name) (member name theirs)) static)))
                (own (if hidden (cl-set-difference own hidden :test #'eq) own)))
           (complete-with-action
            action
            (append own (cl-remove-if (lambda (name) (member name own)) theirs))
            string predicate)))))))

(defun vivo-completion--plain (list)
  "LIST as `all-completions' returns it, without the size at its end."
  (let ((last (last list)))
    (when (cdr last) (setcdr last nil))
    list))

(defun vivo-completion--is-static (candidate)
  "Whether CANDIDATE comes from the text alone."
  (string-suffix-p "static" (or (plist-get (vivo-completion--item candidate) :detail) "")))

(defun vivo-completion--or (function other key)
  "FUNCTION for vivo's candidates, what OTHER has under KEY for the others."
  (let ((theirs (plist-get (nthcdr 3 other) key)))
    (lambda (candidate &rest rest)
      (cond ((vivo-completion--item candidate) (apply function candidate rest))
            (theirs (apply theirs candidate rest))))))

(defun vivo-completion--exit (other)
  "What happens after a completion; of OTHER's candidates, what that says."
  (let ((theirs (plist-get (nthcdr 3 other) :exit-function)))
    (lambda (candidate status)
      (unless (or (vivo-completion--item candidate) (null theirs))
        (funcall theirs candidate status)))))

;;; What is told of a candidate

(defun vivo-completion--detail (candidate)
  "What kind of thing CANDIDATE is, and where it comes from."
  (plist-get (vivo-completion--item candidate) :detail))

(defun vivo-completion--annotation (candidate)
  "What stands behind CANDIDATE."
  (when-let ((detail (vivo-completion--detail candidate)))
    (concat " " detail)))

(defun vivo-completion--affixations (candidates)
  "CANDIDATES with a mark of their kind before and their annotation behind."
  (let ((widest (apply #'max 0 (mapcar #'string-width candidates))))
    (mapcar
     (lambda (candidate)
       (list candidate
             (propertize (format "%s " (vivo-completion--letter candidate))
                         'face 'completions-annotations)
             (propertize (concat (make-string (max 1 (- (+ 2 widest) (string-width candidate)))
                                              ?\s)
                                 (or (vivo-completion--detail candidate) ""))
                         'face 'completions-annotations)))
     candidates)))

(defun vivo-completion--kind (candidate)
  "The kind of CANDIDATE, as corfu and company call it."
  (let ((kind (plist-get (vivo-completion--item candidate) :kind)))
    (and kind (< kind (length vivo-completion--kinds)) (aref vivo-completion--kinds kind))))

(defun vivo-completion--letter (candidate)
  "A letter for the kind of CANDIDATE."
  (pcase (vivo-completion--kind candidate)
    ((or 'method 'function 'constructor) "ƒ")
    ('class "c") ('module "m") ('field "·") ('property "p") ('keyword "k") ('file "/")
    ('event "%") ('nil " ") (_ "v")))

(defun vivo-completion--doc-buffer (candidate)
  "A buffer with the documentation of CANDIDATE."
  (when-let* ((item (vivo-completion--item candidate))
              (resolved (vivo-connection-request-sync :completionItem/resolve item))
              (documentation (plist-get resolved :documentation)))
    (with-current-buffer (get-buffer-create " *vivo documentation*")
      (erase-buffer)
      (insert (vivo-display-plain (if (stringp documentation) documentation
                                    (plist-get documentation :value))))
      (goto-char (point-min))
      (current-buffer))))

(provide 'vivo-completion)
;;; vivo-completion.el ends here
