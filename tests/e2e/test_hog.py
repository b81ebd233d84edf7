"""`millrace hog`: sources in, bytecode, errors and layouts out."""

import json

from millrace import run_cli

SOURCE = "let a:=1\nif(a=1){print('x')}\n"


def hog(*arguments, expected=0):
    done = run_cli("hog", *arguments, timeout=20, check=False)
    assert done.returncode == expected, done
    return done


def write(folder, text):
    path = folder / "program.hog"
    path.write_text(text, encoding="utf-8")
    return path


def test_compile_prints_the_bytecode(tmp_path):
    path = write(tmp_path, SOURCE)
    bytecode = json.loads(hog("compile", path).stdout)
    assert bytecode == ["_H", 1, 33, 1, 33, 1, 36, 0, 11, 40, 6, 32, "x", 2, "print", 1, 35, 35]
    compiled = tmp_path / "program.json"
    compiled.write_text(json.dumps(bytecode), encoding="utf-8")
    assert (hog("disassemble", compiled, "--as", "bytecode").stdout
            == hog("disassemble", path).stdout)


def test_other_forms_are_chosen_by_a_flag(tmp_path):
    path = write(tmp_path, "it's {a}")
    assert json.loads(hog("compile", path, "--as", "template").stdout) == [
        "_H", 1, 32, "it's ", 32, "a", 1, 1, 2, "concat", 2]
    hog("compile", path, "--as", "filter", expected=2)


def test_an_error_has_a_place_a_line_and_a_hint(tmp_path):
    path = write(tmp_path, "let total := 1\ntotal && 2")
    said = hog("compile", path, expected=2).stderr
    assert said == (f"{path}:2:7: error: `&&` is no operator\n  total && 2\n        ^~\n"
                    "  hint: say `and`\n")
    error = json.loads(hog("compile", path, "--json", expected=2).stdout)["compile_error"]
    assert error == {"kind": "syntax", "message": "`&&` is no operator", "line": 2, "column": 7,
                     "hint": "say `and`"}


def test_check_reports_oddities_of_several_files(tmp_path):
    path = write(tmp_path, "let a := 1; a = 2")
    assert "assignment is written `:=`" in hog("check", path, path).stdout
    found = json.loads(hog("check", path, "--json").stdout)
    assert found[0]["error"] is None and found[0]["warnings"][0]["line"] == 1
    assert "cannot read" in hog("check", tmp_path / "none", expected=1).stderr


def test_fmt_changes_files_only_when_asked(tmp_path):
    path = write(tmp_path, SOURCE)
    formatted = "let a := 1\nif (a = 1) {\n  print('x')\n}\n"
    assert hog("fmt", path).stdout == formatted
    assert hog("fmt", path, "--check", expected=1).stdout == f"{path}\n"
    assert path.read_text(encoding="utf-8") == SOURCE
    hog("fmt", path, "--write")
    assert path.read_text(encoding="utf-8") == formatted
    hog("fmt", path, "--check")
