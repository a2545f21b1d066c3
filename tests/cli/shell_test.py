"""`assay completion` and `assay man`: read by real shells and a real formatter."""

import shutil
import subprocess
import unittest
from pathlib import Path

from assay_process import PROGRAM, ProcessTestCase


class Completion(ProcessTestCase):
    def script(self, shell):
        ended = self.assay("completion", shell)
        self.assertEqual((ended.exit_code, ended.err), (0, ""))
        return self.write(f"assay.{shell}", ended.out)

    def shell(self, *arguments):
        ended = subprocess.run(arguments, cwd=self.folder, capture_output=True, text=True,
                               timeout=60, env=self.environment({"HOME": str(self.folder)}))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def bash(self, *words):
        """What bash offers for the last of the words."""
        script = f"""source assay.bash
            COMP_WORDS=(assay "$@"); COMP_CWORD=$#
            _assay; printf '%s\\n' "${{COMPREPLY[@]}}" """
        return sorted(self.shell("bash", "-c", script, "bash", *words).split("\n")[:-1])

    def commands(self):
        """The commands, as the help lists them."""
        lines = self.assay("--help").out.partition("Subcommands:\n")[2].splitlines()
        names = [line.split()[0] for line in lines if line[:2] == "  " and line[2:3].isalpha()
                 and not line.startswith("  assay ")]
        self.assertIn("run", names)
        return names

    def test_an_unknown_shell_is_refused(self):
        ended = self.assay("completion", "tcsh")
        self.assertEqual(ended.exit_code, 2)
        self.assertIn("tcsh", ended.err)
        self.assertEqual(self.assay("completion").exit_code, 2)

    def test_bash_offers_commands_and_options(self):
        self.shell("bash", "-n", str(self.script("bash")))
        self.assertEqual(set(self.bash("")), {*self.commands(), "-h", "--help", "--version"})
        self.assertEqual(self.bash("ex"), ["export"])
        self.assertEqual(self.bash("run", "--filter"), ["--filter", "--filter-failing"])
        self.assertEqual(self.bash("run", "--progress", ""), ["auto", "json", "none", "plain"])
        self.assertEqual(self.bash("run", "--progress", "=", "pl"), ["plain"])
        self.assertEqual(self.bash("run", "--progress", "="), ["auto", "json", "none", "plain"])
        self.assertEqual(self.bash("run", "--limit", ""), [""])
        self.assertEqual(self.bash("schema", ""), ["experiment", "report"])
        self.assertEqual(self.bash("show", "la"), ["latest"])
        self.assertEqual(self.bash("evaluators", "exact"), ["exact_match"])
        self.assertEqual(self.bash("unheard-of", ""), [""])

    def test_bash_offers_files(self):
        self.script("bash")
        self.write("my spec.eval.yaml", "")
        (self.folder / "my store").mkdir()
        self.assertEqual(self.bash("run", "my"), ["my spec.eval.yaml", "my store"])
        self.assertEqual(self.bash("run", "--out", "my"), ["my spec.eval.yaml", "my store"])
        self.assertEqual(self.bash("run", "--store", "my"), ["my store"])

    def test_every_command_and_option_is_in_every_script(self):
        for shell in ("bash", "zsh", "fish"):
            text = self.script(shell).read_text()
            for command in self.commands():
                self.assertIn(command, text)
            for option in ("filter-failing", "out", "no-color", "concurrency", "fail-fast"):
                self.assertIn(option, text)

    @unittest.skipUnless(shutil.which("zsh"), "needs zsh")
    def test_zsh_reads_its_script(self):
        script = self.script("zsh")
        self.shell("zsh", "-n", str(script))
        loaded = self.shell("zsh", "-fc", "autoload -U compinit; compinit -D -u; "
                            f"source {script}; print $_comps[assay]")
        self.assertEqual(loaded, "_assay\n")

    @unittest.skipUnless(shutil.which("fish"), "needs fish")
    def test_fish_offers_what_fits(self):
        script = self.script("fish")
        self.shell("fish", "-n", str(script))
        self.write("some.eval.yaml", "")

        def offers(line):
            out = self.shell("fish", "--no-config", "-c", f"source {script}; complete -C'{line}'")
            return sorted(line.split("\t")[0] for line in out.splitlines())

        self.assertEqual(offers("assay "), sorted(self.commands()))
        self.assertEqual(offers("assay run --progress "), ["auto", "json", "none", "plain"])
        self.assertEqual(offers("assay run --filter"), ["--filter", "--filter-failing"])
        self.assertEqual(offers("assay run some"), ["some.eval.yaml"])
        self.assertEqual(offers("assay run --out some"), ["some.eval.yaml"])
        self.assertEqual(offers("assay run --limit s"), [])
        self.assertEqual(offers("assay schema "), ["experiment", "report"])


class Manual(ProcessTestCase):
    def test_it_explains_every_command(self):
        ended = self.assay("man")
        self.assertEqual(ended.exit_code, 0)
        for expected in (".TH ASSAY 1", ".SH NAME", ".SS assay run [\\fISPEC\\fR...]",
                         "\\-\\-filter\\-failing", ".SH EXIT STATUS"):
            self.assertIn(expected, ended.out)

    @unittest.skipUnless(shutil.which("groff"), "needs groff")
    def test_a_formatter_has_nothing_to_say_against_it(self):
        page = self.assay("man").out
        ended = subprocess.run(["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-P-cbou"], input=page,
                               capture_output=True, text=True, timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        for expected in ("ASSAY(1)", "assay run [SPEC...]", "--progress MODE",
                         "assay run tickets.eval.yaml --set task.parameters.temperature=0.2"):
            self.assertIn(expected, ended.stdout)


class Install(ProcessTestCase):
    def test_program_manual_and_completions_are_installed(self):
        build = Path(PROGRAM).parent
        ended = subprocess.run(["cmake", "--install", build, "--prefix", self.folder / "to"],
                               capture_output=True, text=True, timeout=300)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        installed = {str(path.relative_to(self.folder / "to"))
                     for path in (self.folder / "to").rglob("*") if path.is_file()}
        self.assertEqual(installed, {
            "bin/assay", "share/man/man1/assay.1", "share/bash-completion/completions/assay",
            "share/zsh/site-functions/_assay", "share/fish/vendor_completions.d/assay.fish"})
        page = (self.folder / "to/share/man/man1/assay.1").read_text()
        self.assertEqual(page, self.assay("man").out)


if __name__ == "__main__":
    unittest.main()
