;;; document-tests.el --- URIs, positions and changes, without a server  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)

(ert-deftest document-positions-count-utf-16-units ()
  "Astral characters are two units for the server and one place here."
  (with-temp-buffer
    (insert "a😀b = 1\n")
    (goto-char 4)
    (should (equal '(:line 0 :character 4) (vivo-document-position (point))))
    (should (= 4 (vivo-document-point '(:line 0 :character 4))))
    (should (equal '(:line 1 :character 0) (vivo-document-position (point-max))))))

(ert-deftest document-positions-are-of-the-whole-buffer ()
  "Narrowing changes no position."
  (with-temp-buffer
    (insert "one\ntwo\nthree\n")
    (narrow-to-region 5 8)
    (should (equal '(:line 1 :character 1) (vivo-document-position 6)))
    (should (= 10 (vivo-document-point '(:line 2 :character 1))))))

(ert-deftest document-uris-and-paths-are-each-others-inverse ()
  "Spaces, signs and letters of any script, here and on another host."
  (dolist (path '("/home/me/a b.py" "/tmp/ü #%?.py" "/x/[1].py"))
    (let ((uri (vivo-document-path-uri path)))
      (should (string-match-p "\\`file:///[^ #?]*\\'" uri))
      (should (equal path (vivo-document-uri-path uri nil)))
      (should (equal (concat "/ssh:host:" path) (vivo-document-uri-path uri "/ssh:host:")))))
  (should (equal "file:///srv/a.py" (vivo-document-path-uri "/ssh:me@host:/srv/a.py")))
  (should-not (vivo-document-uri-path "vivo-page:/1/2/3" nil)))

(defun document-tests--play (text changes)
  "TEXT after CHANGES, as a server plays them."
  (with-temp-buffer
    (insert text)
    (mapc (lambda (change)
            (let ((range (plist-get change :range)))
              (if (null range)
                  (erase-buffer)
                (let ((bounds (vivo-document-bounds range)))
                  (delete-region (car bounds) (cdr bounds))
                  (goto-char (car bounds))))
              (insert (plist-get change :text))))
          changes)
    (buffer-string)))

(defun document-tests--edit ()
  "Some edit of the current buffer."
  (goto-char (1+ (random (max 1 (buffer-size)))))
  (let ((other (1+ (random (max 1 (buffer-size))))))
    (pcase (random 9)
      (0 (insert "x = 😀\n")) (1 (delete-region (point) other))
      (2 (upcase-region (point) other)) (3 (ignore-errors (transpose-lines 1)))
      (4 (undo-boundary) (ignore-errors (undo))) (5 (ignore-errors (kill-line)))
      (6 (let ((case-fold-search t))
           (while (search-forward "e" nil t) (replace-match "éé" t t))))
      (7 (indent-rigidly (point) other 2))
      (8 (insert (make-string 3 ?a)) (combine-after-change-calls (delete-char -1) (insert "b"))))))

(ert-deftest document-changes-lead-to-the-buffers-text ()
  "Whatever is edited, the changes that are told make the server's text the buffer's."
  (random "vivo")
  (dotimes (_ 40)
    (with-temp-buffer
      (buffer-enable-undo)
      (insert "one = 1\ntwo = 2\nthree = one + two\nprint(three)\n")
      (let ((known (buffer-string)))
        (vivo-document-opened)
        (add-hook 'before-change-functions #'vivo-document-before-change nil t)
        (add-hook 'after-change-functions #'vivo-document-after-change nil t)
        (dotimes (_ 12)
          (when (< (buffer-size) 5) (insert "four = 4\nfive = 5\n"))
          (dotimes (_ (1+ (random 3))) (document-tests--edit))
          (setq known (document-tests--play
                       known (plist-get (vivo-document-take-changes) :contentChanges)))
          (should (equal known (buffer-string))))))))

(ert-deftest document-single-edits-are-told-as-such ()
  "A typed letter is a change of a letter, not of the whole text."
  (with-temp-buffer
    (insert "a = 1\nb = 2\n")
    (vivo-document-opened)
    (add-hook 'before-change-functions #'vivo-document-before-change nil t)
    (add-hook 'after-change-functions #'vivo-document-after-change nil t)
    (goto-char 6)
    (insert "0")
    (should (equal [(:range (:start (:line 0 :character 5) :end (:line 0 :character 5)) :text "0")]
                   (plist-get (vivo-document-take-changes) :contentChanges)))
    (should-not (vivo-document-take-changes))))

(ert-deftest document-changes-that-nobody-takes-are-bounded ()
  "While no server takes them, changes become the whole text; while it is not open, nothing is kept."
  (with-temp-buffer
    (add-hook 'before-change-functions #'vivo-document-before-change nil t)
    (add-hook 'after-change-functions #'vivo-document-after-change nil t)
    (insert "a")
    (should-not vivo-document--changes)
    (vivo-document-opened)
    (dotimes (_ 2000) (insert "b"))
    (should (eq 'whole vivo-document--changes))
    (should (equal (vector (list :text (buffer-string)))
                   (plist-get (vivo-document-take-changes) :contentChanges)))))

(ert-deftest settings-are-all-of-the-servers ()
  "Each setting of the server is a customization, told under its name."
  (let* ((python (expand-file-name ".venv/bin/python" vivo-tests--root))
         (code (concat "import attrs; from vivo.server.settings import Settings; "
                       "from vivo.server.protocol.declaring import camel; "
                       "print(*(camel(f.name) for f in attrs.fields(Settings)))"))
         (names (split-string (with-temp-buffer
                                (call-process python nil t nil "-c" code)
                                (buffer-string)))))
    (should (> (length names) 10))
    (should (equal (sort (remove "seen" names) #'string<)
                   (sort (mapcar (lambda (each) (substring (symbol-name (car each)) 1))
                                 vivo-settings-all)
                         #'string<)))
    (dolist (each vivo-settings-all)
      (should (custom-variable-p (cdr each))))))

(ert-deftest settings-of-programs-are-the-users-alone ()
  "A file cannot set what names a program without being asked about."
  (dolist (variable '(vivo-python vivo-server-command vivo-install-folder vivo-install-package
                                  vivo-install-python vivo-cluster vivo-trusted))
    (require 'vivo-install)
    (should (risky-local-variable-p variable))))

(ert-deftest settings-are-told-as-the-server-wants-them ()
  "Nothing chosen is null, no is false, folders decide on trust."
  (let ((vivo-python nil) (vivo-warnings nil) (vivo-values 'all) (vivo-trusted '("/home/me/")))
    (let ((told (vivo-settings-options "/home/me/project/")))
      (should (null (plist-get told :python)))
      (should (eq :json-false (plist-get told :warnings)))
      (should (equal "all" (plist-get told :values)))
      (should (eq t (plist-get told :trusted))))
    (should (eq :json-false (plist-get (vivo-settings-options "/tmp/") :trusted)))))

;;; document-tests.el ends here
