;;; completion-tests.el --- Completion in a real Emacs: default, corfu, company  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)

(dolist (name '("company" "corfu" "compat"))
  (add-to-list 'load-path (expand-file-name (concat "fetched/lisp/" name)
                                            (file-name-directory (or load-file-name
                                                                     buffer-file-name)))))
(require 'company)
(require 'company-capf)
(require 'corfu)

(defmacro completion-tests--with-live-names (&rest body)
  "Run BODY behind `radi', where the session knows `radius' and `radial'."
  `(vivo-tests--with-file
       "# %%\nimport math\nradius = [1, 2]\ndef radial(x: int) -> int: return x\nradius\n# %%\nradi\n"
     (vivo-run-cell)
     (vivo-tests--wait "the value" (vivo-tests--labels))
     (vivo-tests--go "\nradi\n" 1)
     ,@body))

(defun completion-tests--all (capf prefix)
  "What CAPF, as a completion function returns it, has for PREFIX."
  (let ((list (all-completions prefix (nth 2 capf))))
    (when (consp (last list)) (setcdr (last list) nil))
    list))

(ert-deftest completion-tells-of-each-candidate ()
  "Annotation, affixes, kind and documentation come from the session."
  (completion-tests--with-live-names
   (let* ((found (vivo-completion-at-point))
          (properties (nthcdr 3 found))
          (names (completion-tests--all found "radi"))
          (radius (car (member "radius" names)))
          (radial (car (member "radial" names))))
     (should (equal "radi" (buffer-substring (nth 0 found) (nth 1 found))))
     (should (equal " list · live"
                    (funcall (plist-get properties :annotation-function) radius)))
     (should (eq 'function (funcall (plist-get properties :company-kind) radial)))
     (should (equal "function · live" (funcall (plist-get properties :company-docsig) radial)))
     (let ((rows (funcall (plist-get properties :affixation-function) (list radius radial))))
       (should (equal '("radius" "radial") (mapcar #'car rows)))
       (should (equal '("v " "ƒ ") (mapcar (lambda (row) (substring-no-properties (nth 1 row)))
                                           rows))))
     (with-current-buffer (funcall (plist-get properties :company-doc-buffer) radius)
       (should (string-search "[1, 2]" (buffer-string))))
     (with-current-buffer (funcall (plist-get properties :company-doc-buffer) radial)
       (should (string-search "radial(x: int) -> int" (buffer-string)))))))

(ert-deftest completion-inserts-by-the-keys-of-emacs ()
  "`completion-at-point' completes attributes of live objects."
  (completion-tests--with-live-names
   (insert "us.appe")
   (completion-at-point)
   (should (looking-back "radius\\.append" (line-beginning-position)))))

(ert-deftest completion-company-shows-and-inserts ()
  "company has the candidates with their annotation and kind, and inserts one."
  (completion-tests--with-live-names
   (switch-to-buffer (current-buffer))
   (setq-local company-backends '(company-capf))
   (company-mode 1)
   (company-manual-begin)
   (should company-candidates)
   (should (member "radius" company-candidates))
   (let ((radius (car (member "radius" company-candidates))))
     (should (string-search "list · live" (company-call-backend 'annotation radius)))
     (should (eq 'variable (company-call-backend 'kind radius)))
     (company-finish radius))
   (should (looking-back "^radius" (line-beginning-position)))))

(ert-deftest completion-corfu-has-the-candidates ()
  "corfu computes the candidates of the session with their annotation."
  (completion-tests--with-live-names
   (switch-to-buffer (current-buffer))
   (let ((found (vivo-completion-at-point)))
     (cl-letf (((symbol-function 'corfu--candidates-popup) #'ignore))
       (setq-local completion-in-region-function #'corfu--in-region)
       (let* ((completion-extra-properties (nthcdr 3 found))
              (metadata (completion-metadata "radi" (nth 2 found) nil))
              (state (corfu--recompute "radi" 4 (nth 2 found) nil)))
         (ignore metadata)
         (should (member "radius" (alist-get 'corfu--candidates state))))))))

(ert-deftest completion-lets-what-stands-behind-have-its-say ()
  "Another function's candidates come after the live ones, each once, with their own annotations."
  (completion-tests--with-live-names
   (let ((exits nil))
     (add-hook 'completion-at-point-functions
               (lambda () (list (- (point) 4) (point) '("radius" "radiator")
                                :annotation-function (lambda (_) " theirs")
                                :exit-function (lambda (name _) (push name exits))))
               nil t)
     (let* ((found (vivo-completion-at-point))
            (properties (nthcdr 3 found))
            (names (completion-tests--all found "radi"))
            (annotate (plist-get properties :annotation-function)))
       (should (= 1 (cl-count "radius" names :test #'equal)))
       (should (equal " list · live" (funcall annotate (car (member "radius" names)))))
       (should (equal " theirs" (funcall annotate (car (member "radiator" names)))))
       (funcall (plist-get properties :exit-function) (car (member "radius" names)) 'finished)
       (funcall (plist-get properties :exit-function) (car (member "radiator" names)) 'finished)
       (should (equal '("radiator") exits))))))

;;; completion-tests.el ends here
