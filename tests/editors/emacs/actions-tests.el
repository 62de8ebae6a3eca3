;;; actions-tests.el --- What leads on from an error  -*- lexical-binding: t; -*-

;;; Code:

(require 'helpers)

(defconst actions-tests--wheel "
import sys, zipfile
made = 'numpy-9.9.9.dist-info'
with zipfile.ZipFile(f'{sys.argv[1]}/numpy-9.9.9-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('numpy/__init__.py', \"__version__ = '9.9.9'\\n\")
    wheel.writestr(f'{made}/METADATA', 'Metadata-Version: 2.1\\nName: numpy\\nVersion: 9.9.9\\n')
    wheel.writestr(f'{made}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{made}/RECORD', 'numpy/__init__.py,,\\n')
" "Makes a wheel of numpy's name in a folder.")

(defun actions-tests--choose (beginning)
  "Call `vivo-act' by its key and take the offer that begins with BEGINNING.
Returns all that was offered."
  (let (titles)
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt table &rest _)
                 (setq titles (all-completions "" table))
                 (or (cl-find-if (lambda (title) (string-prefix-p beginning title)) titles)
                     (error "Not offered: %s in %S" beginning titles)))))
      (call-interactively (key-binding (kbd "C-c C-v ."))))
    titles))

(ert-deftest actions-change-a-name-to-what-was-meant ()
  "The name that comes near is offered first, and put in its place; a traceback is copied."
  (vivo-tests--with-file "# %%\nnumber = 3\n# %%\nnumbr + 1\n"
    (vivo-run-all)
    (vivo-tests--wait "the error" (vivo-errors-places))
    (vivo-tests--go "numbr")
    (let ((titles (actions-tests--choose "Copy traceback")))
      (should (equal "Change to 'number'" (car titles)))
      (should (member "Debug post-mortem here" titles)))
    (vivo-tests--wait "the traceback"
      (and kill-ring (string-search "NameError" (current-kill 0 t))))
    (vivo-tests--go "numbr")
    (actions-tests--choose "Change to")
    (should (string-search "\nnumber + 1\n" (buffer-string)))
    (vivo-run-cell)
    (vivo-tests--wait "the value" (member "⟶ 4" (vivo-tests--labels)))))

(ert-deftest actions-install-what-is-missing ()
  "An interpreter without numpy leads on by one key: installed where the session runs."
  (let* ((environment (file-name-as-directory (make-temp-file "va" t)))
         (process-environment
          (append (list "PIP_NO_INDEX=1" (concat "PIP_FIND_LINKS=" environment))
                  process-environment))
         (python (expand-file-name ".venv/bin/python" vivo-tests--root))
         (told nil))
    (unwind-protect
        (progn
          (should (eql 0 (call-process python nil nil nil "-m" "venv"
                                       (concat environment "env"))))
          (should (eql 0 (call-process python nil nil nil "-c" actions-tests--wheel environment)))
          (vivo-tests--with-file "# %%\nimport numpy\nnumpy.__version__\n"
            (vivo-mode -1)
            (setq vivo-python (concat environment "env/bin/python"))
            (vivo-mode 1)
            (vivo-run-cell)
            (vivo-tests--wait "the error" (vivo-errors-places))
            (goto-char (car (vivo-errors-places)))
            (cl-letf (((symbol-function 'message)
                       (lambda (text &rest more) (when text (push (apply #'format text more) told)))))
              (let ((titles (actions-tests--choose "Install numpy into")))
                (should (cl-some (lambda (title) (string-prefix-p "Choose another interpreter" title))
                                 titles)))
              (vivo-tests--wait "the end of pip"
                (cl-some (lambda (text)
                           (string-match-p "numpy is installed in .*run the cell again" text))
                         told)))
            (vivo-run-cell)
            (vivo-tests--wait "the value" (member "⟶ '9.9.9'" (vivo-tests--labels)))))
      (delete-directory environment t))))

(provide 'actions-tests)
;;; actions-tests.el ends here
