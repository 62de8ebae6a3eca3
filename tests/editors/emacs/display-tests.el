;;; display-tests.el --- Values and errors beside the code  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)
(require 'image) ; a terminal's Emacs loads it late, over what stands in for it below

(defun display-tests--hint (line label &rest more)
  "A hint of the server's: LABEL on LINE, with MORE fields."
  (append (list :position (list :line line :character 0) :label label) more))

(defmacro display-tests--with-text (text &rest body)
  "Run BODY in a buffer that holds TEXT, as `vivo-mode' has it but for a server."
  (declare (indent 1))
  `(with-temp-buffer
     (insert ,text)
     (add-hook 'after-change-functions #'vivo-display-after-change nil t)
     ,@body))

(defun display-tests--lines ()
  "What the screen would show: each line with what stands behind it."
  (let (lines)
    (save-excursion
      (goto-char (point-min))
      (while (not (eobp))
        (push (concat (buffer-substring-no-properties (line-beginning-position)
                                                      (line-end-position))
                      (mapconcat
                       (lambda (overlay)
                         (substring-no-properties (or (overlay-get overlay 'after-string) "")))
                       (sort (cl-remove-if-not
                              (lambda (overlay) (= (overlay-end overlay) (line-end-position)))
                              (overlays-in (line-beginning-position)
                                           (min (point-max) (1+ (line-end-position)))))
                             (lambda (a b) (> (or (overlay-get a 'priority) 0)
                                              (or (overlay-get b 'priority) 0))))
                       ""))
              lines)
        (forward-line)))
    (nreverse lines)))

(ert-deftest display-values-stay-behind-their-line ()
  "What is typed behind, before or within a line comes before its value."
  (display-tests--with-text "x = 1\nx + 1\n"
    (vivo-display-values (list (display-tests--hint 1 "⟶ 2")))
    (should (equal '("x = 1" "x + 1  ⟶ 2") (display-tests--lines)))
    (goto-char (1- (point-max)))
    (insert "0")
    (should (equal '("x = 1" "x + 10  ⟶ 2") (display-tests--lines)))
    (goto-char 7)
    (insert "3 * ")
    (should (equal '("x = 1" "3 * x + 10  ⟶ 2") (display-tests--lines)))
    (goto-char (point-max))
    (backward-char)
    (insert "\ny")
    (should (equal '("x = 1" "3 * x + 10  ⟶ 2" "y") (display-tests--lines)))
    (goto-char 1)
    (insert "# above\n")
    (should (equal '("# above" "x = 1" "3 * x + 10  ⟶ 2" "y") (display-tests--lines)))))

(ert-deftest display-a-deleted-line-takes-its-value-along ()
  "No value is left where its line was."
  (display-tests--with-text "x = 1\nx + 1\ny\n"
    (vivo-display-values (list (display-tests--hint 1 "⟶ 2")))
    (goto-char 7)
    (delete-region 7 13)
    (should (equal '("x = 1" "y") (display-tests--lines)))))

(ert-deftest display-several-on-a-line-come-in-their-order ()
  "An error first, then what the server placed, as it placed it."
  (display-tests--with-text "f(0)\n"
    (vivo-display-values (list (display-tests--hint 0 "⟶ 1") (display-tests--hint 0 "⟶ figure")))
    (setq vivo-errors--diagnostics
          '((:range (:start (:line 0 :character 0) :end (:line 0 :character 4))
             :severity 1 :message "ZeroDivisionError: no")))
    (vivo-errors--draw)
    (should (equal '("f(0)  ✗ ZeroDivisionError: no  ⟶ 1  ⟶ figure") (display-tests--lines)))
    (should (= 10 (overlay-get (car (vivo-display-overlays 'error)) 'priority)))))

(ert-deftest display-values-are-cut-to-the-room-of-the-window ()
  "All of a line fits into its window, wide characters and several values too."
  (display-tests--with-text "table = [1, 2, 3]\n\n"
    (vivo-display-values (list (display-tests--hint 0 (concat "⟶ " (make-string 90 ?a)))
                               (display-tests--hint 1 (concat "⟶ " (make-string 90 ?漢)))))
    (dolist (columns '(80 50 30))
      (vivo-display-fit columns)
      (dolist (line (display-tests--lines))
        (should (<= (string-width line) (max columns (+ 2 17 vivo-display--least))))
        (should (string-suffix-p "…" line))))
    (let ((vivo-value-width 20))
      (vivo-display-fit 200)
      (should (= (+ 17 20) (string-width (car (display-tests--lines))))))))

(ert-deftest display-stale-values-have-a-face-of-their-own ()
  "What the server calls stale is shown as such."
  (display-tests--with-text "x\ny\n"
    (vivo-display-values (list (display-tests--hint 0 "⟶ (stale) 2") (display-tests--hint 1 "⟶ 3")))
    (should (equal '(vivo-stale vivo-value)
                   (mapcar (lambda (overlay)
                             (get-text-property 3 'face (overlay-get overlay 'after-string)))
                           (vivo-display-overlays 'value))))))

(defmacro display-tests--with-images (&rest body)
  "Run BODY as if images could be shown, also in an Emacs that has none."
  `(cl-letf (((symbol-function 'display-images-p) #'always)
             ((symbol-function 'create-image)
              (lambda (data type is-data &rest properties)
                (should is-data)
                (append (list 'image :type type :data data) properties))))
     ,@body))

(ert-deftest display-pictures-of-markdown-become-images ()
  "Each picture of a tooltip is an image no higher than wanted."
  (let ((images (display-tests--with-images
                 (vivo-display-images (concat "![a](data:image/png;base64,iVBORw0KGgo=)\n\n"
                                              "![b](data:image/png;base64,iVBORw0KGgo=)")))))
    (should (= 2 (length images)))
    (should (eq 'png (plist-get (cdar images) :type)))
    (should (= vivo-image-height (plist-get (cdar images) :max-height)))
    (should (string-prefix-p "\211PNG" (plist-get (cdar images) :data)))))

(ert-deftest display-figures-stand-below-their-cell ()
  "Where images can be shown, a cell's figure is one; what is typed goes on."
  (display-tests--with-images
    (vivo-tests--with-file
        "# %%\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()\n"
      (vivo-run-cell)
      (vivo-tests--wait "the figure"
        (cl-some (lambda (overlay)
                   (let ((image (overlay-get overlay 'vivo-image)))
                     (and image (eq 'png (plist-get (cdr (get-text-property 0 'display image))
                                                    :type))
                          (string-search "\n" (overlay-get overlay 'after-string)))))
                 (vivo-display-overlays 'value))))))

(ert-deftest display-the-whole-of-a-value-can-be-seen-and-copied ()
  "What was cut is told by a command, by eldoc, by the mouse, and copied."
  (vivo-tests--with-file "# %%\nlist(range(200))\n"
    (vivo-run-cell)
    (vivo-tests--wait "the value" (vivo-tests--labels))
    (should (string-suffix-p "…" (car (vivo-tests--labels))))
    (forward-line 1)
    (vivo-show-value)
    (with-current-buffer "*vivo value*"
      (should (string-search "199" (buffer-string))))
    (kill-buffer "*vivo value*")
    (let ((overlay (vivo-display-value-at-point)) told)
      (should (string-search "199]" (funcall (overlay-get overlay 'help-echo) nil overlay nil)))
      (vivo-eldoc-value (lambda (text &rest _) (setq told text)))
      (vivo-tests--wait "eldoc" told)
      (should (string-search "199]" told)))
    (vivo-copy-value)
    (vivo-tests--wait "the copy" (and kill-ring (string-search "199]" (car kill-ring))))
    (vivo-pin-value)
    (vivo-tests--wait "the pin" (string-prefix-p "⟶ (pinned)" (car (vivo-tests--labels))))
    (vivo-clear)
    (should (string-prefix-p "⟶ (pinned)" (car (vivo-tests--labels))))
    (vivo-pin-value t)
    (vivo-tests--wait "nothing" (null (vivo-tests--labels)))))

;;; display-tests.el ends here
