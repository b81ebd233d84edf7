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
    path = write(tmp_path, "print(arrayMpa(x -> toString(x), [fetch('u'), now()]))")
    said = hog("check", path).stdout
    assert "unknown function `arrayMpa`" in said and "did you mean `arrayMap`?" in said
    assert said.count("warning") == 1, said
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


def test_run_prints_result_and_lines(tmp_path):
    path = write(tmp_path, "print('hi', a.b); return [a.b + 1, 0 / 0]")
    globals_file = tmp_path / "globals.json"
    globals_file.write_text('{"a": {"b": 2}}', encoding="utf-8")
    assert hog("run", path, "--globals", globals_file).stdout == 'hi 2\n[3,{"$float":"NaN"}]\n'


def test_run_goes_on_from_the_stored_state_with_each_reply(tmp_path):
    path = write(tmp_path, "return arrayMap(x -> fetch(x).status, ['a', 'b'])")
    replies = tmp_path / "replies.json"
    replies.write_text('[{"status": 200}, {"status": 404}]', encoding="utf-8")
    ran = json.loads(hog("run", path, "--replies", replies, "--json").stdout)
    assert ran["result"] == [200, 404] and ran["error"] is None
    assert ran["async_calls"] == [{"name": "fetch", "arguments": ["a"]},
                                  {"name": "fetch", "arguments": ["b"]}]
    assert [frame["chunk"] for frame in ran["suspended_state"]["callStack"]] == [
        "root", "stl/arrayMap", "root"]
    ran = json.loads(hog("run", path, "--json", expected=1).stdout)
    assert ran["error"]["message"] == "Unsupported function call: fetch"


def test_run_keeps_its_limits(tmp_path):
    path = write(tmp_path, "let s := 'a'; while (true) { s := s || s }")
    said = hog("run", path, "--memory", "1000000", expected=1).stderr
    assert said.startswith("HogVMException: Memory limit of 1000000 bytes exceeded.")
    path = write(tmp_path, "while (true) {}")
    assert "timed out after 0.05 seconds" in hog("run", path, "--timeout", "50", expected=1).stderr


def test_run_tells_errors_that_programs_throw_from_others(tmp_path):
    path = write(tmp_path, "throw HogError('Mine', 'why', [1])")
    assert json.loads(hog("run", path, "--json", expected=1).stdout)["error"] == {
        "name": "UncaughtHogVMException", "type": "Mine", "message": "why", "payload": [1],
        "native": False}
    path = write(tmp_path, '["_H", 1, 31, 2, "upper", 1]')
    error = json.loads(hog("run", path, "--as", "bytecode", "--json", expected=1).stdout)["error"]
    assert error["native"] and error["call"] == "upper(null)"
